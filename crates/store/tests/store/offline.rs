//! Checking and repairing a store that no server has open.

use crate::folder::*;
use postlude_model::names::Timestamp;
use postlude_store::conformance::records::{
    HOUR, NOW, login_id, orders, record, session, suspended, tenant, write_login, write_session,
};
use postlude_store::{Logins as _, OpenError, OrderStore as _, Sessions as _, Store as _, check_sled, repair_sled};

/// Damages the records of a kind.
fn damage(home: &Home, kind: u8) {
    let (db, tree) = tree(home);
    for entry in tree.scan_prefix([kind]) {
        let (key, value) = entry.unwrap();
        let mut value = value.to_vec();
        *value.last_mut().unwrap() ^= 1;
        tree.insert(key, value).unwrap();
    }
    db.flush().unwrap();
}

async fn filled() -> Home {
    let home = Home::new();
    let store = home.open();
    write_login(&store, record("one", "ann", suspended()), 0).await;
    write_session(&store, session("s"), 0).await;
    assert!(store.put_orders(&tenant(), orders(), 0).await.unwrap());
    store.shutdown().await.unwrap();
    home
}

#[tokio::test]
async fn a_whole_store_is_said_to_be_whole_and_is_not_changed() {
    let home = filled().await;
    let before = home.open();
    let (epoch, boot) = (before.epoch(), before.boot());
    assert!(matches!(check_sled(&home.options()), Err(OpenError::InUse { .. })));
    before.shutdown().await.unwrap();
    let report = check_sled(&home.options()).unwrap();
    assert!(report.is_whole(), "{report:?}");
    assert_eq!((report.records, report.keys[0].records), (7, 7), "{report:?}");
    let repaired = repair_sled(&home.options(), NOW).unwrap();
    assert_eq!((repaired.removed, repaired.new_header, &repaired.kept_in), (0, false, &None));
    let store = home.open();
    assert_eq!((store.epoch(), store.boot()), (epoch, boot + 1));
}

#[tokio::test]
async fn nothing_is_made_where_there_is_no_store() {
    let home = Home::new();
    assert!(matches!(check_sled(&home.options()), Err(OpenError::Io { .. })));
    assert!(matches!(repair_sled(&home.options(), NOW), Err(OpenError::Io { .. })));
    assert!(!home.data().exists());
}

/// What is damaged is named, and a repair takes it out, into a file. A login stays as long as its state might be used.
#[tokio::test]
async fn damaged_records_are_named_and_taken_out() {
    let home = filled().await;
    damage(&home, b'S');
    damage(&home, b'L');
    let report = check_sled(&home.options()).unwrap();
    let named: Vec<_> = report.damaged.iter().map(|damaged| (damaged.kind, damaged.name.as_str())).collect();
    assert_eq!(named, [("login record", "acme/one"), ("session", "acme/s")]);
    let repaired = repair_sled(&home.options(), NOW).unwrap();
    assert_eq!((repaired.removed, repaired.logins_that_stay), (1, 1));
    let kept = std::fs::read_to_string(repaired.kept_in.unwrap()).unwrap();
    assert_eq!(kept.lines().count(), 1);
    let store = home.open();
    assert_eq!(store.session(&tenant(), &session("s").id).await.unwrap(), None);
    assert!(store.claim_login(&tenant(), &login_id("one")).await.is_err());
    store.shutdown().await.unwrap();
    let later = NOW.plus(48 * HOUR);
    assert_eq!(repair_sled(&home.options(), later).unwrap().removed, 1);
    assert!(check_sled(&home.options()).unwrap().is_whole());
}

/// A store whose header or orders are damaged opens again after a repair: in a new epoch, and without those orders.
#[tokio::test]
async fn a_store_that_does_not_open_is_repaired() {
    let home = filled().await;
    let epoch = {
        let store = home.open();
        store.shutdown().await.unwrap();
        store.epoch()
    };
    damage(&home, b'M');
    assert!(check_sled(&home.options()).unwrap().header_is_damaged);
    let now = Timestamp(epoch + 1000);
    assert!(repair_sled(&home.options(), now).unwrap().new_header);
    let store = home.open();
    assert!(store.epoch() > epoch);
    assert_eq!(store.orders(&tenant()).await.unwrap().kills.len(), 1);
    store.shutdown().await.unwrap();

    damage(&home, b'O');
    std::fs::remove_file(home.root().join("data.high-water.orders")).unwrap();
    assert!(matches!(home.try_open(), Err(OpenError::Orders { .. })));
    assert_eq!(check_sled(&home.options()).unwrap().orders_are_lost.as_deref(), Some("acme"));
    assert_eq!(repair_sled(&home.options(), NOW).unwrap().orders_of, ["acme"]);
    assert!(home.open().orders(&tenant()).await.unwrap().is_empty());
}
