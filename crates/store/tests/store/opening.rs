//! Opening: one process at a time, and nothing that is damaged or newer.

use crate::folder::*;
use postlude_store::conformance::records::{
    login_id, record, session, session_id, suspended, tenant, write_login, write_session,
};
use postlude_store::{
    Logins as _, OpenError, Scrub as _, Sessions as _, SledOptions, SledStore, Store as _, StoreError, open_sled,
};

/// Changes the stored values by hand.
fn edit(home: &Home, kind: u8, change: impl Fn(&mut Vec<u8>)) {
    let (db, tree) = tree(home);
    for entry in &tree {
        let (key, value) = entry.unwrap();
        if key[0] == kind {
            let mut value = value.to_vec();
            change(&mut value);
            tree.insert(key, value).unwrap();
        }
    }
    db.flush().unwrap();
}

#[tokio::test]
async fn a_second_opening_is_refused_by_name() {
    let home = Home::new();
    let store = home.open();
    let refused = home.try_open().unwrap_err();
    assert!(matches!(refused, OpenError::InUse { pid: Some(_), .. }), "{refused:?}");
    let expected = format!(
        "`{}` is in use by another postlude process (pid {}); one process at a time may open a data folder",
        home.data().display(),
        std::process::id()
    );
    assert_eq!(refused.to_string(), expected);
    // The first one did not notice.
    write_session(&store, session("s"), 0).await;
    store.shutdown().await.unwrap();
    home.open();
}

/// Runs a pass of the scrub.
async fn scrub(store: &SledStore) {
    while store.scrub(2).await.unwrap() {}
    assert!(store.condition().complete);
}

/// One damaged record is no reason not to start. It is counted, and everything else is there.
#[tokio::test]
async fn damage_of_a_record_stays_its_own() {
    for (kind, name) in [(b'L', "login record"), (b'S', "session"), (b'U', "list of open logins")] {
        let home = Home::new();
        let store = home.open();
        write_login(&store, record("one", "ann", suspended()), 0).await;
        write_session(&store, session("s"), 0).await;
        scrub(&store).await;
        let before = store.condition();
        assert_eq!(before.damaged_records(), 0);
        store.shutdown().await.unwrap();
        edit(&home, kind, |value| *value.last_mut().unwrap() ^= 1);
        let store = home.open();
        scrub(&store).await;
        let condition = store.condition();
        assert_eq!(condition.damaged, [(name, 1)]);
        assert_eq!(condition.checked, before.checked);
        let login = store.login(&tenant(), &login_id("one")).await.unwrap();
        assert_eq!(login.is_some(), kind != b'L', "{name}");
        let read = store.session(&tenant(), &session_id("s")).await.unwrap().unwrap();
        assert_eq!(read.generation == 0, kind != b'S', "{name}");
        assert_eq!(store.sessions(&tenant(), None, 9).await.unwrap().items.len(), usize::from(kind != b'S'));
        assert_eq!(store.logins(&tenant(), None, 9).await.unwrap().items.len(), usize::from(kind != b'L'));
        write_login(&store, record("two", "ann", suspended()), 0).await;
        store.shutdown().await.unwrap();
    }
}

/// A damaged login is gone for those who resume it, and its identifier is not free: begun anew, it would take a state again that
/// it consumed.
#[tokio::test]
async fn a_damaged_login_does_not_begin_anew() {
    let home = Home::new();
    let store = home.open();
    write_login(&store, record("one", "ann", suspended()), 0).await;
    store.shutdown().await.unwrap();
    edit(&home, b'L', |value| value[5] ^= 1);
    let store = home.open();
    assert_eq!(store.login(&tenant(), &login_id("one")).await, Ok(None));
    let corrupt = StoreError::Corrupt("login record");
    assert_eq!(store.claim_login(&tenant(), &login_id("one")).await.unwrap_err(), corrupt);
    assert_eq!(store.try_claim_login(&tenant(), &login_id("one")).unwrap_err(), corrupt);
}

/// A damaged session is one that ended: it has no factors, and a login that was suspended in it does not resume. What is written
/// in its place stays.
#[tokio::test]
async fn a_damaged_session_is_one_that_ended() {
    let home = Home::new();
    let store = home.open();
    write_session(&store, session("s"), 0).await;
    write_session(&store, session("other"), 0).await;
    store.shutdown().await.unwrap();
    edit(&home, b'S', |value| value[9] ^= 1);
    let store = home.open();
    let ended = store.session(&tenant(), &session_id("s")).await.unwrap().unwrap();
    assert!(ended.user.is_none() && ended.factors.is_empty() && ended.version > 0);
    let other = store.session(&tenant(), &session_id("other")).await.unwrap().unwrap();
    assert_ne!(ended.generation, other.generation, "each damage has its own");
    let mut again = ended.as_ref().clone();
    again.user = session("s").user;
    write_session(&store, again, ended.version).await;
    store.shutdown().await.unwrap();
    let store = home.open();
    let read = store.session(&tenant(), &session_id("s")).await.unwrap().unwrap();
    assert_eq!((read.version, read.generation), (ended.version + 1, ended.generation));
    store.shutdown().await.unwrap();
    let (_db, tree) = tree(&home);
    assert_eq!(tree.scan_prefix("XS").count(), 1, "what was damaged is kept aside");
}

/// Only the header refuses, and says what to do.
#[tokio::test]
async fn a_damaged_header_is_refused() {
    let home = Home::new();
    home.open().shutdown().await.unwrap();
    edit(&home, b'M', |value| *value.last_mut().unwrap() ^= 1);
    let refused = home.try_open().unwrap_err();
    assert!(matches!(refused, OpenError::Header(_)), "{refused:?}");
    assert!(refused.to_string().contains("`postlude store repair`"), "{refused}");
    edit(&home, b'M', |value| *value.last_mut().unwrap() ^= 1);
    home.open();
}

/// A program that knows older formats alone refuses the store, and one record of a newer format refuses whoever needs it.
#[tokio::test]
async fn a_newer_record_is_refused_as_newer() {
    use postlude_store::RecordMac;
    let home = Home::new();
    let store = home.open();
    write_session(&store, session("s"), 0).await;
    store.shutdown().await.unwrap();
    let (db, tree) = tree(&home);
    let (key, _) = tree.scan_prefix("S").next().unwrap().unwrap();
    let body = [9, 0, 0, 0];
    let tag = Mac("test key").tag(&[&(key.len() as u64).to_be_bytes()[..], &key, &body].concat());
    tree.insert(key, [&[0], &body[..], &tag].concat()).unwrap();
    db.flush().unwrap();
    drop((tree, db));
    let store = home.open();
    let read = store.session(&tenant(), &session_id("s")).await;
    assert_eq!(read.unwrap_err(), StoreError::Newer("session"));
    store.shutdown().await.unwrap();
    let (db, tree) = crate::folder::tree(&home);
    // Version 1 of the description: the kinds with their versions, then the root keys.
    let body = [1, 1, b'S', 9, 0];
    let tag = Mac("test key").tag(&[&1_u64.to_be_bytes()[..], b"D", &body].concat());
    tree.insert("D", [&[0], &body[..], &tag].concat()).unwrap();
    db.flush().unwrap();
    drop((tree, db));
    let refused = home.try_open().unwrap_err();
    assert!(matches!(refused, OpenError::Newer(_)), "{refused:?}");
}

/// A folder that cannot be made, and a high-water file in a folder that is not there, are named.
#[tokio::test]
async fn what_cannot_be_used_is_named() {
    let home = Home::new();
    std::fs::write(home.data(), "a file").unwrap();
    let refused = home.try_open().unwrap_err();
    assert!(refused.to_string().starts_with(&format!("`{}` cannot be used", home.data().display())), "{refused}");
    std::fs::remove_file(home.data()).unwrap();
    let options = SledOptions { high_water_file: home.root().join("gone/high-water"), ..home.options() };
    let refused = open_sled(options).unwrap_err().to_string();
    assert!(refused.contains("gone/high-water"), "{refused}");
}

/// The engine writes its page table anew at each opening, to a file whose name it would also read: one that a crash cut short.
#[tokio::test]
async fn what_an_interrupted_opening_left_is_removed() {
    let home = Home::new();
    let store = home.open();
    write_session(&store, session("s"), 0).await;
    store.shutdown().await.unwrap();
    let left = home.data().join("db/snap.FFFFFFFFFFFFFFFF.generating");
    std::fs::write(&left, b"the beginning of a page table").unwrap();
    let store = home.open();
    assert!(!left.exists());
    assert!(store.session(&tenant(), &session_id("s")).await.unwrap().is_some());
    store.shutdown().await.unwrap();
}

/// The engine's newest page table.
fn page_table(home: &Home) -> std::path::PathBuf {
    let files = std::fs::read_dir(home.data().join("db")).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("snap.")).max().unwrap()
}

/// R06: the engine's page table is damaged at any place, or cut at any. What it says stands in the log, so the store opens, and everything
/// that was acknowledged is there, in its epoch.
#[tokio::test]
async fn a_damaged_page_table_is_made_anew() {
    let home = Home::new();
    let store = home.open();
    let epoch = store.epoch();
    for number in 0..40 {
        write_session(&store, session(&format!("s{number}")), 0).await;
    }
    // Written over and over: what the log has of them before is not what counts.
    for version in 1..20 {
        write_session(&store, session("s7"), version).await;
    }
    write_login(&store, record("one", "ann", suspended()), 0).await;
    store.shutdown().await.unwrap();
    let whole = std::fs::read(page_table(&home)).unwrap();
    let (backup, high_water) = (home.back_up("whole"), std::fs::read(home.high_water()).unwrap());
    let flips = (0..whole.len()).step_by((whole.len() / 8).max(1)).chain([whole.len() - 13, whole.len() - 1]);
    let flipped = flips.map(|at| {
        let mut table = whole.clone();
        table[at] ^= 1 << (at % 8);
        table
    });
    let cut = [0, 12, whole.len() / 2, whole.len() - 1].map(|length| whole[..length].to_vec());
    for (number, table) in flipped.chain(cut).enumerate() {
        home.restore_engine(&backup, &high_water);
        std::fs::write(page_table(&home), table).unwrap();
        let store = home.try_open().unwrap_or_else(|why| panic!("damage {number}: {why}"));
        assert_eq!(store.epoch(), epoch, "damage {number}");
        for number in 0..40 {
            let found = store.session(&tenant(), &session_id(&format!("s{number}"))).await.unwrap().unwrap();
            assert_eq!(found.version, if number == 7 { 20 } else { 1 });
        }
        assert!(store.login(&tenant(), &login_id("one")).await.unwrap().unwrap().suspension().is_some());
        write_session(&store, session("after"), 0).await;
        store.shutdown().await.unwrap();
        let again = home.open();
        assert!(again.session(&tenant(), &session_id("after")).await.unwrap().is_some());
        again.shutdown().await.unwrap();
    }
}

/// Up to where in its log the engine has a page table: its next opening reads what comes after.
fn read_until(home: &Home) -> u64 {
    let files = std::fs::read_dir(home.data().join("db")).unwrap();
    let names = files.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| u64::from_str_radix(name.strip_prefix("snap.")?, 16).ok()).max().unwrap_or_default()
}

/// R15. A start reads what was written since the engine's last page table: a store that is closed leaves a new one.
#[tokio::test]
async fn a_closed_store_leaves_nothing_to_be_read_again() {
    let home = Home::new();
    let store = home.open();
    let before = read_until(&home);
    for number in 0..200 {
        write_session(&store, session(&format!("s{number}")), 0).await;
    }
    assert_eq!(read_until(&home), before);
    store.shutdown().await.unwrap();
    let closed = read_until(&home);
    home.open();
    assert!(closed - before > 50_000 && read_until(&home) - closed < 1000, "{before}, {closed}, {}", read_until(&home));
}
