//! Opening: one process at a time, and nothing that is damaged or newer.

use crate::folder::*;
use postlude_store::conformance::records::{record, session, suspended, write_login, write_session};
use postlude_store::{OpenError, SledOptions, Store as _, open_sled};
use std::sync::Arc;

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

#[tokio::test]
async fn damaged_records_are_refused_by_kind() {
    for (kind, name) in
        [(b'L', "login record"), (b'S', "session"), (b'U', "list of open logins"), (b'M', "store header")]
    {
        let home = Home::new();
        let store = home.open();
        write_login(&store, record("one", "ann", suspended()), 0).await;
        write_session(&store, session("s"), 0).await;
        store.shutdown().await.unwrap();
        edit(&home, kind, |value| *value.last_mut().unwrap() ^= 1);
        match home.try_open().unwrap_err() {
            OpenError::Corrupt { records: 1, first, .. } => assert_eq!(first, name),
            other => panic!("{name}: {other:?}"),
        }
        edit(&home, kind, |value| *value.last_mut().unwrap() ^= 1);
        home.open();
    }
}

#[tokio::test]
async fn another_root_key_is_refused() {
    let home = Home::new();
    let store = home.open();
    write_session(&store, session("s"), 0).await;
    store.shutdown().await.unwrap();
    let other = SledOptions { mac: Arc::new(Mac("other")), ..home.options() };
    let refused = open_sled(other).unwrap_err();
    assert!(matches!(refused, OpenError::Corrupt { records: 2, .. }), "{refused:?}");
    assert!(refused.to_string().contains("add the earlier key to `previous_root_keys`"), "{refused}");
}

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
