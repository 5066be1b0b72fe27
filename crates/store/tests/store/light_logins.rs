//! Light logins on the disk: restarts, torn and damaged segments, expiry by segment, and databases of earlier versions.

use crate::folder::{Home, Mac, tree};
use postlude_model::login::LoginRecord;
use postlude_model::names::{Timestamp, UserId};
use postlude_store::conformance::records::{
    HOUR, NOW, continued, login_id, record, status, suspended, sweep, tenant, write_login,
};
use postlude_store::{
    Commits as _, LightLogin, LightLoginOutcome, LoginClaim, Logins as _, Observer, SledOptions, SledStore, Store as _,
    StoreError, open_sled,
};
use proptest::prelude::*;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

fn append(store: &SledStore, record: &LoginRecord, now: Timestamp) {
    let claim = match store.try_claim_login(&tenant(), &record.id).unwrap() {
        Some(LoginClaim::New(claim)) => claim,
        other => panic!("{other:?}"),
    };
    let login = LightLogin {
        tenant: &tenant(),
        record: &mut record.clone(),
        claim: &claim,
        check_session: None,
        orders_seen: None,
        bytes_of_tenant: u64::MAX,
        now,
    };
    assert_eq!(store.append_login(login).unwrap(), LightLoginOutcome::Done);
}

/// A login of a user that begins after so many milliseconds, and lives for a day.
fn login(id: &str, user: &str, after: u64) -> (LoginRecord, Timestamp) {
    let now = NOW.plus(Duration::from_millis(after));
    let mut record = record(id, user, continued());
    (record.created_at, record.expires_at) = (now, now.plus(24 * HOUR));
    (record, now)
}

fn add(store: &SledStore, id: &str, user: &str, after: u64) {
    let (record, now) = login(id, user, after);
    append(store, &record, now);
}

/// Adds a login, and waits until it is in its segment, where the lists find it.
async fn add_and_wait(store: &SledStore, id: &str, user: &str, after: u64) {
    add(store, id, user, after);
    let user = UserId::new(user).unwrap();
    let began = Instant::now();
    while !store.logins_of(&tenant(), &user, None, 1).await.unwrap().items.iter().any(|login| login.id.as_str() == id) {
        assert!(began.elapsed() < Duration::from_secs(10), "{id} is not written");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// The files of the log with this ending, ascending.
fn files(home: &Home, ending: &str) -> Vec<PathBuf> {
    let all = std::fs::read_dir(home.data().join("logins")).unwrap().map(|file| file.unwrap().path());
    let mut found: Vec<_> = all.filter(|path| path.extension().is_some_and(|found| found == ending)).collect();
    found.sort();
    found
}

async fn of_user(store: &SledStore, user: &str) -> Vec<String> {
    let page = store.logins_of(&tenant(), &UserId::new(user).unwrap(), None, 1000).await.unwrap();
    assert!(!page.more);
    page.items.iter().map(|login| login.id.to_string()).collect()
}

async fn all(store: &SledStore) -> usize {
    store.logins(&tenant(), None, 1000).await.unwrap().items.len()
}

const HOUR_MS: u64 = 3_600_000;

/// Hears of records that cannot be read.
#[derive(Debug, Default)]
struct Unreadable(Mutex<Vec<&'static str>>);

impl Observer for Unreadable {
    fn unreadable(&self, kind: &'static str) {
        self.0.lock().unwrap().push(kind);
    }
}

fn open_observed(home: &Home) -> (SledStore, Arc<Unreadable>) {
    let heard = Arc::new(Unreadable::default());
    let observer: Arc<dyn Observer> = Arc::<Unreadable>::clone(&heard);
    (open_sled(SledOptions { observer, ..home.options() }).unwrap(), heard)
}

/// Segments of a day's logins are sealed, and everything is found in each of them, before and after a restart.
#[tokio::test]
async fn logins_are_found_in_every_segment_and_after_restarts() {
    let home = Home::new();
    let mut expected = Vec::new();
    for round in 0..3 {
        let store = home.open();
        for hour in 0..8 {
            for number in 0..3 {
                let id = format!("l{round}-{hour}-{number}");
                let user = if number == 0 { "bob" } else { "ann" };
                add_and_wait(&store, &id, user, (round * 8 + hour) * HOUR_MS + number).await;
                expected.push((id, number));
            }
        }
        store.shutdown().await.unwrap();
    }
    let (logs, indexes) = (files(&home, "log").len(), files(&home, "index").len());
    assert!(indexes >= 8 && logs == indexes + 1, "{logs} segments, {indexes} of them sealed");
    let store = home.open();
    for (id, _) in &expected {
        assert_eq!(status(&store, id).await, Some(continued()), "{id}");
    }
    assert_eq!(status(&store, "l0-0-7").await, None);
    let of_ann: Vec<_> = expected.iter().rev().filter(|(_, number)| *number > 0).map(|(id, _)| id.clone()).collect();
    assert_eq!(of_user(&store, "ann").await, of_ann);
    assert_eq!((of_user(&store, "bob").await.len(), all(&store).await), (24, 72));
    assert_eq!(store.last_commit_time(), NOW.plus(23 * HOUR + Duration::from_millis(2)), "the clock of commits stays");
}

/// Whoever was answered finds the login from then on, at whatever moment it moves from memory to a segment and that is sealed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_reader_misses_a_login_while_it_moves() {
    let home = Home::new();
    let store = Arc::new(home.open());
    let found = |store: &SledStore, id: &str| {
        let claim = store.try_claim_login(&tenant(), &login_id(id)).unwrap();
        matches!(claim, Some(LoginClaim::Existing(_)))
    };
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let store = Arc::clone(&store);
            std::thread::spawn(move || {
                for number in 0..400_u64 {
                    // Every twenty of them an hour later, so that a segment is sealed now and then.
                    add(&store, &format!("l{thread}-{number}"), "ann", number / 20 * HOUR_MS + number);
                    for back in [0, 1, 7, 50, 200] {
                        let id = format!("l{thread}-{}", number.saturating_sub(back));
                        assert!(found(&store, &id), "{id} after {number}");
                    }
                    std::thread::sleep(Duration::from_micros(500));
                }
            })
        })
        .collect();
    for thread in threads {
        tokio::task::spawn_blocking(move || thread.join().unwrap()).await.unwrap();
    }
    assert!(files(&home, "index").len() >= 5, "segments were sealed meanwhile");
    store.shutdown().await.unwrap();
    let store = home.open();
    assert!((0..400).all(|number| found(&store, &format!("l2-{number}"))));
}

/// A segment goes as a whole, with its files; the sweep hides what has expired in one that stays.
#[tokio::test]
async fn segments_go_when_their_last_login_expires() {
    let home = Home::new();
    let store = home.open();
    for hour in 0..12 {
        add_and_wait(&store, &format!("l{hour}"), "ann", hour * HOUR_MS).await;
    }
    let before = files(&home, "log").len();
    assert!(before > 4, "{before}");
    sweep(&store, NOW.plus(30 * HOUR)).await;
    assert_eq!(of_user(&store, "ann").await, ["l11", "l10", "l9", "l8", "l7"]);
    assert_eq!((status(&store, "l6").await, all(&store).await), (None, 5));
    let began = Instant::now();
    while files(&home, "log").len() > before - 2 {
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", files(&home, "log"));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // An identifier may come again once its login has expired.
    add(&store, "l6", "ann", 31 * HOUR_MS);
    assert_eq!(status(&store, "l6").await, Some(continued()));
    sweep(&store, NOW.plus(60 * HOUR)).await;
    store.shutdown().await.unwrap();
    assert!(files(&home, "log").is_empty() && files(&home, "index").is_empty());
    let store = home.open();
    assert!(store.last_commit_time() >= NOW.plus(31 * HOUR), "the clock of commits outlives its logins");
}

/// Logins that live longer are not held by those that live shorter, nor the other way round.
#[tokio::test]
async fn each_lifetime_has_segments_of_its_own() {
    let home = Home::new();
    let store = home.open();
    let (short, now) = login("short", "ann", 0);
    append(&store, &short, now);
    let mut long = record("long", "ann", continued());
    long.expires_at = NOW.plus(240 * HOUR);
    append(&store, &long, NOW);
    sweep(&store, NOW.plus(25 * HOUR)).await;
    store.shutdown().await.unwrap();
    assert_eq!(files(&home, "log").len(), 1);
    let store = home.open();
    assert_eq!((status(&store, "short").await, status(&store, "long").await), (None, Some(continued())));
}

/// What a crash in the middle of a write leaves is cut off, and writing goes on behind what is whole.
#[tokio::test]
async fn a_torn_end_is_cut_off_and_written_over() {
    let home = Home::new();
    let store = home.open();
    (0..20).for_each(|number| add(&store, &format!("l{number}"), "ann", number));
    store.shutdown().await.unwrap();
    let [log] = files(&home, "log").try_into().unwrap();
    let whole = std::fs::read(&log).unwrap();
    for cut in [whole.len() - 1, whole.len() - 60, whole.len() - 300] {
        std::fs::write(&log, &whole[..cut]).unwrap();
        let (store, heard) = open_observed(&home);
        assert_eq!(status(&store, "l0").await, Some(continued()));
        assert_eq!(status(&store, "l19").await, None, "{cut} of {} bytes", whole.len());
        assert_eq!(*heard.0.lock().unwrap(), Vec::<&str>::new(), "it is a crash, no damage");
        add(&store, "after", "ann", 100);
        store.shutdown().await.unwrap();
        let store = home.open();
        assert_eq!(status(&store, "after").await, Some(continued()));
        store.shutdown().await.unwrap();
    }
}

/// One that is damaged is passed over and reported; the others are there.
#[tokio::test]
async fn a_damaged_login_is_set_aside() {
    let home = Home::new();
    let store = home.open();
    (0..10).for_each(|number| add(&store, &format!("l{number}"), "ann", number));
    store.shutdown().await.unwrap();
    let [log] = files(&home, "log").try_into().unwrap();
    let mut bytes = std::fs::read(&log).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&log, &bytes).unwrap();
    let (store, heard) = open_observed(&home);
    assert_eq!((of_user(&store, "ann").await.len(), all(&store).await), (9, 9));
    assert_eq!(*heard.0.lock().unwrap(), ["login record"]);
    store.shutdown().await.unwrap();

    // The same in a segment that is sealed: its index leads to what cannot be read, which the call that asks for it is told.
    let home = Home::new();
    let store = home.open();
    for number in 0..10 {
        add_and_wait(&store, &format!("l{number}"), "ann", number).await;
    }
    add(&store, "next", "ann", 3 * HOUR_MS);
    store.shutdown().await.unwrap();
    let sealed = files(&home, "log").remove(0);
    let mut bytes = std::fs::read(&sealed).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&sealed, &bytes).unwrap();
    let (store, heard) = open_observed(&home);
    assert_eq!((of_user(&store, "ann").await.len(), all(&store).await), (10, 10));
    let mut refused = 0;
    for number in 0..10 {
        let id = login_id(&format!("l{number}"));
        if store.login(&tenant(), &id).await.unwrap().is_none() {
            refused += 1;
            let claimed = store.try_claim_login(&tenant(), &id);
            assert_eq!(claimed.unwrap_err(), StoreError::Corrupt("login record"), "it does not begin anew");
        }
    }
    assert_eq!((refused, heard.0.lock().unwrap().len()), (1, 4));
}

/// A record that was made under another root key is none: it counts as absent.
#[tokio::test]
async fn a_login_of_another_root_key_is_absent() {
    let (ours, theirs) = (Home::new(), Home::new());
    let store = open_sled(SledOptions { mac: Arc::new(Mac("another key")), ..theirs.options() }).unwrap();
    add(&store, "one", "ann", 0);
    store.shutdown().await.unwrap();
    ours.open().shutdown().await.unwrap();
    std::fs::copy(files(&theirs, "log").remove(0), ours.data().join("logins/0000000000000000.log")).unwrap();
    let store = ours.open();
    let read = store.login(&tenant(), &login_id("one")).await;
    assert_eq!(read, Ok(None));
    assert!(of_user(&store, "ann").await.is_empty());
}

/// An index that is missing, cut or changed is made anew from its segment.
#[tokio::test]
async fn an_index_can_be_made_anew() {
    let home = Home::new();
    let store = home.open();
    for number in 0..40 {
        add_and_wait(&store, &format!("l{number}"), "ann", number).await;
    }
    add(&store, "next", "ann", 3 * HOUR_MS);
    store.shutdown().await.unwrap();
    let [index] = files(&home, "index").try_into().unwrap();
    let whole = std::fs::read(&index).unwrap();
    let bent = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    // The head, the filter, a fence, the cut end.
    for damaged in [bent(20), bent(70), bent(whole.len() - 8192 - 10), whole[..whole.len() - 1].to_vec(), Vec::new()] {
        std::fs::write(&index, damaged).unwrap();
        let store = home.open();
        assert_eq!((status(&store, "l7").await, of_user(&store, "ann").await.len()), (Some(continued()), 41));
        store.shutdown().await.unwrap();
        assert_eq!(std::fs::read(&index).unwrap(), whole);
    }
    std::fs::remove_file(&index).unwrap();
    let store = home.open();
    assert_eq!((status(&store, "l7").await, of_user(&store, "ann").await.len()), (Some(continued()), 41));
    store.shutdown().await.unwrap();

    // A page is only looked at when it is needed: the call fails, and the next sweep mends it.
    let [index] = files(&home, "index").try_into().unwrap();
    let mut bytes = std::fs::read(&index).unwrap();
    let in_ids = bytes.len() - 8192 + 100;
    bytes[in_ids] ^= 1;
    std::fs::write(&index, bytes).unwrap();
    let (store, heard) = open_observed(&home);
    let read = store.login(&tenant(), &login_id("l7")).await;
    assert!(matches!(read, Err(StoreError::Unreadable("index of logins", _))), "{read:?}");
    assert_eq!(*heard.0.lock().unwrap(), ["index of logins"]);
    sweep(&store, NOW).await;
    let began = Instant::now();
    while store.login(&tenant(), &login_id("l7")).await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(status(&store, "l7").await, Some(continued()));
}

/// The bytes of a segment and of its index are contracts: what was published stays readable.
#[tokio::test]
async fn bytes() {
    let home = Home::new();
    let store = home.open();
    add_and_wait(&store, "one", "ann", 0).await;
    add_and_wait(&store, "two", "bob", 1).await;
    add_and_wait(&store, "next", "ann", 3 * HOUR_MS).await;
    store.shutdown().await.unwrap();
    let hex = |path: PathBuf| {
        let bytes = std::fs::read(path).unwrap();
        let lines = bytes.chunks(32).map(|line| line.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        // Most of a page is zero.
        let mut lines: Vec<_> = lines.collect();
        lines.dedup();
        lines.join("\n")
    };
    let [segment, _] = files(&home, "log").try_into().unwrap();
    let [index] = files(&home, "index").try_into().unwrap();
    insta::assert_snapshot!("segment", hex(segment));
    insta::assert_snapshot!("index", hex(index));
}

/// What a newer version wrote is refused, not passed over.
#[tokio::test]
async fn a_newer_segment_is_refused() {
    let home = Home::new();
    let store = home.open();
    add(&store, "one", "ann", 0);
    store.shutdown().await.unwrap();
    let [log] = files(&home, "log").try_into().unwrap();
    let mut bytes = std::fs::read(&log).unwrap();
    bytes[8] = 2;
    let crc = crc32fast::hash(&bytes[..28]);
    bytes[28..32].copy_from_slice(&crc.to_le_bytes());
    std::fs::write(&log, bytes).unwrap();
    let refused = home.try_open().unwrap_err().to_string();
    assert!(refused.contains("was written by a newer version of Postlude"), "{refused}");
}

/// Earlier versions kept light logins in the database, and entered those together that expire together.
#[tokio::test]
async fn logins_of_an_earlier_version_are_read_until_they_expire() {
    let home = Home::new();
    let store = home.open();
    for number in 0..3 {
        write_login(&store, record(&format!("old{number}"), "ann", continued()), 0).await;
    }
    add(&store, "new", "ann", 0);
    store.shutdown().await.unwrap();
    {
        let (db, tree) = tree(&home);
        let marks: Vec<_> = tree.scan_prefix(b"E").keys().map(Result::unwrap).collect();
        let others = marks.iter().skip(1).flat_map(|mark| {
            let key = &mark[9..];
            [&u16::try_from(key.len()).unwrap().to_be_bytes(), key].concat()
        });
        tree.insert(&marks[0], others.collect::<Vec<u8>>()).unwrap();
        marks.iter().skip(1).for_each(|mark| assert!(tree.remove(mark).unwrap().is_some()));
        db.flush().unwrap();
    }
    let store = home.open();
    for id in ["old0", "old1", "old2", "new"] {
        assert_eq!(status(&store, id).await, Some(continued()), "{id}");
    }
    assert_eq!(
        (of_user(&store, "ann").await, all(&store).await),
        (["new", "old0", "old1", "old2"].map(String::from).to_vec(), 4)
    );
    sweep(&store, NOW.plus(30 * HOUR)).await;
    assert_eq!((of_user(&store, "ann").await.len(), all(&store).await), (0, 0));
    store.shutdown().await.unwrap();
    let (_db, tree) = tree(&home);
    assert_eq!(tree.iter().keys().map(|key| key.unwrap()[0]).collect::<Vec<_>>(), b"DIM");
}

/// A light login that is written again goes with its entry of expiry, as any login.
#[tokio::test]
async fn a_light_login_that_is_written_again_expires() {
    let home = Home::new();
    let store = home.open();
    add(&store, "one", "ann", 0);
    write_login(&store, record("one", "ann", suspended()), 1).await;
    store.shutdown().await.unwrap();
    let store = home.open();
    assert_eq!((status(&store, "one").await, of_user(&store, "ann").await.len()), (Some(suspended()), 1));
    sweep(&store, NOW.plus(30 * HOUR)).await;
    assert_eq!((status(&store, "one").await, of_user(&store, "ann").await.len()), (None, 0));
    store.shutdown().await.unwrap();
    let (_db, tree) = tree(&home);
    assert_eq!(tree.iter().keys().map(|key| key.unwrap()[0]).collect::<Vec<_>>(), b"DIM");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Any file of the log cut or changed anywhere: the store opens, and of the logins all but a part of what was hit are read.
    #[test]
    fn no_damage_stops_the_store(file: prop::sample::Index, at: prop::sample::Index, change in prop::option::of(1_u8..)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let home = Home::new();
            let store = home.open();
            for number in 0..8 {
                add_and_wait(&store, &format!("l{number}"), "ann", number * HOUR_MS).await;
            }
            store.shutdown().await.unwrap();
            let mut all_files = files(&home, "log");
            all_files.extend(files(&home, "index"));
            let path = file.get(&all_files);
            let mut bytes = std::fs::read(path).unwrap();
            let at = at.index(bytes.len());
            match change {
                Some(by) => bytes[at] ^= by,
                None => bytes.truncate(at),
            }
            std::fs::write(path, bytes).unwrap();
            let store = home.open();
            let mut read = 0;
            for number in 0..8 {
                match store.login(&tenant(), &login_id(&format!("l{number}"))).await {
                    Ok(found) => read += usize::from(found.is_some()),
                    Err(why) => assert!(why.unreadable().is_some(), "{why:?}"),
                }
            }
            // A segment holds two of them here.
            assert!(read >= 6, "{read} of 8 after a change of {} at {at}", path.display());
            add(&store, "after", "ann", 9 * HOUR_MS);
            store.shutdown().await.unwrap();
            assert_eq!(status(&home.open(), "after").await, Some(continued()));
        });
    }
}
