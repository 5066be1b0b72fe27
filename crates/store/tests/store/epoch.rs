//! The epoch: it changes when the data may be older than what was acknowledged, and only then.

use crate::folder::*;
use postlude_store::Store as _;
use postlude_store::conformance::records::{session, write_session};

#[tokio::test]
async fn a_clean_restart_keeps_the_epoch_and_counts_the_boot() {
    let home = Home::new();
    let mut epoch = None;
    for boot in 1..=3 {
        let store = home.open();
        assert_eq!((store.epoch(), store.boot()), (*epoch.get_or_insert(store.epoch()), boot));
        write_session(&store, session("s"), boot - 1).await;
        store.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn an_older_copy_begins_a_new_epoch_each_time() {
    let home = Home::new();
    let store = home.open();
    let original = store.epoch();
    write_session(&store, session("s"), 0).await;
    store.shutdown().await.unwrap();
    let backup = home.back_up("backup");
    let store = home.open();
    write_session(&store, session("s"), 1).await;
    store.shutdown().await.unwrap();
    let newest = home.back_up("newest");

    home.restore(&backup);
    let store = home.open();
    let first = store.epoch();
    assert!(first > original);
    store.shutdown().await.unwrap();
    // It is the present one now.
    let store = home.open();
    assert_eq!(store.epoch(), first);
    store.shutdown().await.unwrap();

    // The same copy again: its epoch must not be one that was used before.
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    home.restore(&backup);
    let store = home.open();
    assert!(store.epoch() > first, "{} after {first}", store.epoch());
    store.shutdown().await.unwrap();
    // What was the newest before the restore missed what happened since.
    home.restore(&newest);
    assert!(home.open().epoch() > first);
}

#[tokio::test]
async fn a_missing_or_forged_high_water_file_begins_a_new_epoch() {
    for forged in [None, Some(vec![0; 24]), Some(b"short".to_vec())] {
        let home = Home::new();
        let store = home.open();
        let original = store.epoch();
        store.shutdown().await.unwrap();
        match &forged {
            None => std::fs::remove_file(home.high_water()).unwrap(),
            Some(bytes) => std::fs::write(home.high_water(), bytes).unwrap(),
        }
        let store = home.open();
        let epoch = store.epoch();
        assert!(epoch > original, "{forged:?}");
        store.shutdown().await.unwrap();
        assert_eq!(home.open().epoch(), epoch, "{forged:?}");
    }
}

#[tokio::test]
async fn an_emptied_folder_begins_a_new_epoch() {
    let home = Home::new();
    let store = home.open();
    let original = store.epoch();
    write_session(&store, session("s"), 0).await;
    store.shutdown().await.unwrap();
    std::fs::remove_dir_all(home.data()).unwrap();
    assert!(home.open().epoch() > original);
}

#[tokio::test]
async fn a_backup_says_so_itself() {
    let home = Home::new();
    let store = home.open();
    let original = store.epoch();
    store.shutdown().await.unwrap();
    std::fs::write(home.data().join("restored"), "").unwrap();
    let store = home.open();
    let epoch = store.epoch();
    assert!(epoch > original);
    assert!(!home.data().join("restored").exists());
    store.shutdown().await.unwrap();
    assert_eq!(home.open().epoch(), epoch);
}

/// The file may be a second behind while commits come in, but not for longer.
#[tokio::test]
async fn the_high_water_file_catches_up_while_nothing_happens() {
    let home = Home::new();
    let store = home.open();
    write_session(&store, session("s"), 0).await;
    write_session(&store, session("s"), 1).await;
    let before = std::fs::read(home.high_water()).unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while std::fs::read(home.high_water()).unwrap() == before {
        assert!(std::time::Instant::now() < deadline, "the file was not written");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// A backup that brought its high-water file along is told by the files that are born with it.
#[tokio::test]
async fn a_copy_with_its_high_water_file_begins_a_new_epoch() {
    let home = Home::new();
    let store = home.open();
    let original = store.epoch();
    write_session(&store, session("s"), 0).await;
    store.shutdown().await.unwrap();
    let (backup, high_water) = (home.back_up("backup"), std::fs::read(home.high_water()).unwrap());
    let store = home.open();
    assert_eq!(store.epoch(), original);
    write_session(&store, session("s"), 1).await;
    store.shutdown().await.unwrap();
    home.restore(&backup);
    std::fs::write(home.high_water(), high_water).unwrap();
    let store = home.open();
    let epoch = store.epoch();
    assert!(epoch > original);
    store.shutdown().await.unwrap();
    assert_eq!(home.open().epoch(), epoch, "it is the folder now");
}
