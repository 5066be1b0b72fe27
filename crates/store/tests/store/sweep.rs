//! What the sweep leaves on the disk, and what it does with records that it cannot read.

use crate::folder::{Home, Mac, tree};
use postlude_model::json::Json;
use postlude_model::limits;
use postlude_model::names::Timestamp;
use postlude_store::conformance::records::{
    HOUR, NOW, batched, commit, login_id, login_write, record, session, session_id, suspended, sweep, tenant,
    write_login, write_session,
};
use postlude_store::{
    Commit, Commits as _, Expiry as _, Logins as _, Observer, RecordMac as _, SledOptions, SledStore, Store as _,
    StoreError, open_sled,
};
use std::sync::{Arc, Mutex};

/// How many entries the database has, by kind.
fn kinds(home: &Home) -> String {
    let (_db, tree) = tree(home);
    tree.iter().keys().map(|key| char::from(key.unwrap()[0])).collect()
}

async fn begin(store: &SledStore, id: &str) {
    let login = login_write(record(id, &format!("user of {id}"), suspended()), 0);
    store.commit(Commit { login: Some(login), ..commit() }).await.unwrap();
}

#[tokio::test]
async fn logins_go_with_their_lists() {
    let home = Home::new();
    let store = home.open();
    for n in 0..10 {
        begin(&store, &format!("l{n}")).await;
        store.commit(batched(&format!("b{n}"))).await.unwrap();
    }
    sweep(&store, NOW.plus(limits::RECORD_LIFETIME).plus(HOUR)).await;
    store.shutdown().await.unwrap();
    assert_eq!(kinds(&home), "DIM", "nothing but what the store says of itself is left");
}

/// R08: logins come and go, twelve times as many as there are at a time, and the folder does not grow with them.
#[tokio::test]
async fn what_was_swept_is_used_again() {
    let home = Home::new();
    let store = home.open();
    let mut sizes = Vec::new();
    for round in 0..12 {
        for n in 0..150 {
            let id = format!("l{round}-{n}");
            let mut login = record(&id, &format!("user of {id}"), suspended());
            // Texts that no compression makes small.
            let text: String = (0..8000)
                .map(|at| char::from(b'a' + u8::try_from((at * at + n * 7 + at / 13) % 26).unwrap()))
                .collect();
            login.metadata.insert("large".to_owned(), Json::string(&text));
            store.commit(Commit { login: Some(login_write(login, 0)), ..commit() }).await.unwrap();
        }
        sweep(&store, NOW.plus(limits::RECORD_LIFETIME).plus(HOUR)).await;
        sizes.push(bytes_of(&home.data()));
    }
    store.shutdown().await.unwrap();
    assert_eq!(kinds(&home), "DIM", "nothing but what the store says of itself is left");
    let (early, late) = (sizes[2], sizes[11]);
    assert!(late < early * 2 && late < 12 * 150 * 8000 / 2, "{early} bytes after 3 rounds, {late} after 12: {sizes:?}");
}

fn bytes_of(folder: &std::path::Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map_while(Result::ok);
    let of = |entry: std::fs::DirEntry| {
        entry.metadata().map_or(0, |about| if about.is_dir() { bytes_of(&entry.path()) } else { about.len() })
    };
    entries.map(of).sum()
}

#[tokio::test]
async fn a_session_in_use_has_one_entry_of_expiry() {
    let home = Home::new();
    let store = home.open();
    let lifetime = home.options().session_lifetime;
    for hour in 0..50 {
        let mut used = session("s");
        used.last_used_at = NOW.plus(hour * HOUR);
        write_session(&store, used, u64::from(hour)).await;
    }
    sweep(&store, NOW.plus(lifetime + HOUR)).await;
    store.shutdown().await.unwrap();
    assert_eq!(kinds(&home), "DEIMS");
    let store = home.open();
    sweep(&store, NOW.plus(lifetime + 51 * HOUR)).await;
    store.shutdown().await.unwrap();
    assert_eq!(kinds(&home), "DIM");
}

/// However short sessions are kept.
#[tokio::test]
async fn a_tombstone_outlives_its_logins() {
    let home = Home::new();
    let store = open_sled(SledOptions { session_lifetime: HOUR / 6, ..home.options() }).unwrap();
    let mut ended = session("s");
    ended.generation = 1;
    write_session(&store, ended, 0).await;
    let stored = async || postlude_store::Sessions::session(&store, &tenant(), &session_id("s")).await.unwrap();
    sweep(&store, NOW.plus(limits::LOGIN_LIFETIME * 2)).await;
    assert!(stored().await.is_some());
    sweep(&store, NOW.plus(limits::RECORD_LIFETIME + HOUR)).await;
    assert!(stored().await.is_none());
}

/// Hears of records that cannot be read.
#[derive(Debug, Default)]
struct Unreadable(Mutex<Vec<&'static str>>);

impl Observer for Unreadable {
    fn unreadable(&self, kind: &'static str) {
        self.0.lock().unwrap().push(kind);
    }
}

impl Unreadable {
    fn heard(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// Replaces the stored value of a login by bytes that carry the right MAC and are no login.
fn write_nonsense(home: &Home, id: &str) {
    let (db, tree) = tree(home);
    let key = tree.scan_prefix("L").keys().map(Result::unwrap).find(|key| key.ends_with(id.as_bytes())).unwrap();
    let body = [1, 0xff, 0xff];
    let tag = Mac("test key").tag(&[&(key.len() as u64).to_be_bytes()[..], &key, &body].concat());
    tree.insert(&key, [&[0], &body[..], &tag].concat()).unwrap();
    db.flush().unwrap();
}

/// It is told each time it is met, never swept, and stops no other record.
#[tokio::test]
async fn a_record_that_cannot_be_read_is_reported_again_and_again() {
    let home = Home::new();
    let store = home.open();
    for id in ["good", "odd"] {
        write_login(&store, record(id, "ann", suspended()), 0).await;
    }
    store.shutdown().await.unwrap();
    write_nonsense(&home, "odd");
    let heard = Arc::new(Unreadable::default());
    let observer = Arc::<Unreadable>::clone(&heard);
    let store = open_sled(SledOptions { observer, ..home.options() }).unwrap();
    let read = store.login(&tenant(), &login_id("odd")).await;
    assert_eq!(read, Ok(None));
    assert_eq!(heard.heard(), ["login record"]);
    let claimed = store.claim_login(&tenant(), &login_id("odd")).await;
    assert!(matches!(claimed, Err(StoreError::Unreadable("login record", _))), "{claimed:?}");
    assert_eq!(heard.heard(), ["login record"]);
    assert_eq!(store.logins(&tenant(), None, 9).await.unwrap().items.len(), 1);
    assert_eq!(heard.heard(), ["login record"]);
    let mut due: Timestamp = NOW.plus(25 * HOUR);
    for day in 0..3 {
        sweep(&store, due).await;
        assert_eq!(heard.heard(), ["login record"], "day {day}");
        assert!(!store.sweep_expired(due, 9).await.unwrap(), "it is not due again at once");
        due = due.plus(25 * HOUR);
    }
    assert_eq!(store.login(&tenant(), &login_id("good")).await.unwrap(), None);
}

/// A record of a kind that only a newer program knows stays, and is reported.
#[tokio::test]
async fn a_record_of_an_unknown_kind_is_left_to_a_newer_program() {
    let home = Home::new();
    home.open().shutdown().await.unwrap();
    let key = b"Znew".to_vec();
    let (db, records) = tree(&home);
    let tag = Mac("test key").tag(&[&4_u64.to_be_bytes()[..], &key, &[7, 1]].concat());
    records.insert(&key, [&[0, 7, 1], &tag[..]].concat()).unwrap();
    records.insert([b"E", &NOW.0.to_be_bytes()[..], &key].concat(), &[]).unwrap();
    db.flush().unwrap();
    drop((records, db));
    let heard = Arc::new(Unreadable::default());
    let observer = Arc::<Unreadable>::clone(&heard);
    let store = open_sled(SledOptions { observer, ..home.options() }).unwrap();
    sweep(&store, NOW.plus(HOUR)).await;
    assert_eq!(heard.heard(), ["record of an unknown kind"]);
    store.shutdown().await.unwrap();
    assert_eq!(kinds(&home), "DEIMZ");
}

/// A cache is best effort: one that cannot be read is reported, and made anew.
#[tokio::test]
async fn a_cache_that_cannot_be_read_is_made_anew() {
    let home = Home::new();
    let heard = Arc::new(Unreadable::default());
    let observer = Arc::<Unreadable>::clone(&heard);
    let store = open_sled(SledOptions { observer, ..home.options() }).unwrap();
    let change = |value| {
        let entry = postlude_model::cache::CacheEntry { value: Json::string(value), expires_at: NOW.plus(HOUR) };
        let action = "a".parse().unwrap();
        vec![postlude_model::cache::CacheChange { action, key: "k".to_owned(), entry: Some(entry) }]
    };
    store.commit(Commit { cache: change("1"), ..commit() }).await.unwrap();
    store.shutdown().await.unwrap();
    let (db, records) = tree(&home);
    let key = records.scan_prefix("C").keys().next().unwrap().unwrap();
    let tag = Mac("test key").tag(&[&(key.len() as u64).to_be_bytes()[..], &key, &[1, 9]].concat());
    records.insert(&key, [&[0, 1, 9], &tag[..]].concat()).unwrap();
    db.flush().unwrap();
    drop((records, db));
    let store = open_sled(SledOptions { observer: Arc::<Unreadable>::clone(&heard), ..home.options() }).unwrap();
    store.commit(Commit { cache: change("2"), ..commit() }).await.unwrap();
    assert_eq!(heard.heard(), ["cache of an action"]);
    let cache = postlude_store::Caches::cache(&store, &tenant(), &"a".parse().unwrap()).await.unwrap();
    assert_eq!(cache["k"].value, Json::string("2"));
}
