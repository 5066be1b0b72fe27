//! Orders are kept twice: what an operator ordered holds over a damaged database and a restored backup, until an operator lifts it.

use crate::folder::*;
use postlude_model::names::Digest;
use postlude_model::policy::orders::{Kill, Orders};
use postlude_store::conformance::records::{NOW, other_tenant, tenant};
use postlude_store::{OpenError, OrderStore as _, SledOptions, SledStore, Store as _, open_sled};
use std::path::PathBuf;
use std::sync::Arc;

fn digest(number: u8) -> Digest {
    Digest::from_bytes([number; 32])
}

/// Changes a tenant's orders.
async fn order(store: &SledStore, change: impl FnOnce(&mut Orders)) {
    let mut orders = store.orders(&tenant()).await.unwrap();
    let version = orders.version;
    change(&mut orders);
    assert!(store.put_orders(&tenant(), orders, version).await.unwrap());
}

async fn kill(store: &SledStore, number: u8) {
    let kill = Kill { digest: digest(number), sequence: 1, at: NOW, by: "ops".to_owned(), reason: "INC-1".to_owned() };
    order(store, |orders| assert!(orders.kill(kill))).await;
}

async fn lift(store: &SledStore, number: u8) {
    order(store, |orders| assert!(orders.lift(&digest(number)))).await;
}

/// The plugins that are killed.
async fn killed(store: &SledStore) -> Vec<u8> {
    let orders = store.orders(&tenant()).await.unwrap();
    orders.kills.iter().map(|kill| kill.digest.as_bytes()[0]).collect()
}

/// The file beside the high-water file.
fn orders_file(home: &Home) -> PathBuf {
    home.root().join("data.high-water.orders")
}

/// Changes what is stored of the orders in the database; none: it is lost.
fn damage(home: &Home, change: impl Fn(Vec<u8>) -> Option<Vec<u8>>) {
    let (db, tree) = tree(home);
    let (key, value) = tree.scan_prefix("O").next().unwrap().unwrap();
    match change(value.to_vec()) {
        Some(value) => tree.insert(key, value).unwrap(),
        None => tree.remove(key).unwrap(),
    };
    db.flush().unwrap();
}

fn bent(mut value: Vec<u8>, at: usize) -> Vec<u8> {
    value[at] ^= 1;
    value
}

/// The record in the database is lost or any part of it is damaged: the kill holds.
#[tokio::test]
async fn a_kill_outlives_damage_of_the_database() {
    for at in [None, Some(0), Some(1), Some(5), Some(20), Some(40)] {
        let home = Home::new();
        let store = home.open();
        kill(&store, 1).await;
        store.shutdown().await.unwrap();
        damage(&home, |value| at.map(|at| bent(value, at)));
        for _ in 0..2 {
            let store = home.open();
            assert_eq!(killed(&store).await, [1], "{at:?}");
            kill(&store, 2).await;
            assert_eq!(killed(&store).await, [1, 2]);
            lift(&store, 2).await;
            store.shutdown().await.unwrap();
        }
    }
}

/// A backup from before the order does not revive what was killed since, nor does it kill again what was lifted since.
#[tokio::test]
async fn orders_outlive_a_restored_backup() {
    let home = Home::new();
    let store = home.open();
    kill(&store, 1).await;
    kill(&store, 2).await;
    store.shutdown().await.unwrap();
    let backup = home.back_up("backup");
    let store = home.open();
    lift(&store, 2).await;
    kill(&store, 3).await;
    store.shutdown().await.unwrap();
    home.restore(&backup);
    std::fs::write(home.data().join("restored"), "").unwrap();
    let store = home.open();
    assert_eq!(killed(&store).await, [1, 3]);
    lift(&store, 1).await;
    store.shutdown().await.unwrap();
    assert_eq!(killed(&home.open()).await, [3], "an operator lifts by name");
    // Whole folder gone.
    std::fs::remove_dir_all(home.data()).unwrap();
    let store = home.open();
    assert_eq!(killed(&store).await, [3]);
    assert_eq!(store.orders(&other_tenant()).await.unwrap(), Orders::default());
}

/// The file is lost, damaged, or an older copy: what the database says holds, and the file is made anew.
#[tokio::test]
async fn orders_outlive_the_loss_of_their_file() {
    let home = Home::new();
    let store = home.open();
    kill(&store, 1).await;
    let older = std::fs::read(orders_file(&home)).unwrap();
    kill(&store, 2).await;
    lift(&store, 1).await;
    store.shutdown().await.unwrap();
    let whole = std::fs::read(orders_file(&home)).unwrap();
    for (file, expected) in [
        (None, vec![2]),
        (Some(Vec::new()), vec![2]),
        (Some(bent(whole.clone(), 9)), vec![2]),
        (Some(whole[..whole.len() - 1].to_vec()), vec![2]),
        // The database does not say whether it was lifted since: it is killed, until it is lifted by name.
        (Some(older), vec![1, 2]),
    ] {
        match &file {
            None => std::fs::remove_file(orders_file(&home)).unwrap(),
            Some(bytes) => std::fs::write(orders_file(&home), bytes).unwrap(),
        }
        let store = home.open();
        let mut found = killed(&store).await;
        found.sort_unstable();
        assert_eq!(found, expected, "{:?} bytes", file.map(|bytes| bytes.len()));
        store.shutdown().await.unwrap();
        assert!(std::fs::read(orders_file(&home)).unwrap().len() > 40, "it is made anew");
    }
}

/// Without its root key the orders hold all the same: they can only forbid.
#[tokio::test]
async fn orders_outlive_their_root_key() {
    let home = Home::new();
    let store = home.open();
    kill(&store, 1).await;
    store.shutdown().await.unwrap();
    let other = || SledOptions { mac: Arc::new(Mac("another key")), ..home.options() };
    let store = open_sled(other()).unwrap();
    assert_eq!(killed(&store).await, [1]);
    lift(&store, 1).await;
    store.shutdown().await.unwrap();
    assert!(killed(&open_sled(other()).unwrap()).await.is_empty());
}

/// Damaged on both sides, nobody knows what was ordered: the store says so and does not open.
#[tokio::test]
async fn orders_that_are_damaged_twice_are_no_orders_at_all() {
    let home = Home::new();
    let store = home.open();
    kill(&store, 1).await;
    store.shutdown().await.unwrap();
    damage(&home, |value| Some(bent(value, 40)));
    let file = std::fs::read(orders_file(&home)).unwrap();
    std::fs::write(orders_file(&home), bent(file, 60)).unwrap();
    let refused = home.try_open().unwrap_err();
    assert!(matches!(refused, OpenError::Orders { .. }), "{refused:?}");
    assert!(refused.to_string().contains("`postlude store repair`"), "{refused}");
}

/// An order of the second that a crash ended is in the file or was not answered.
#[tokio::test]
async fn the_file_has_an_order_before_its_answer() {
    let home = Home::new();
    let store = home.open();
    kill(&store, 1).await;
    let file = std::fs::read(orders_file(&home)).unwrap();
    assert!(file.windows(5).any(|bytes| bytes == b"INC-1"));
    lift(&store, 1).await;
    let file = std::fs::read(orders_file(&home)).unwrap();
    assert!(!file.windows(5).any(|bytes| bytes == b"INC-1"));
}
