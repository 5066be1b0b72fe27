//! Every engine keeps every promise of the suite.

use crate::folder::Home;
use postlude_store::conformance::{Engine, durable_promises, promises};
use postlude_store::{EngineKind, Store, StoreOptions, open};
use std::sync::Arc;
use tokio::task::JoinSet;

/// Stores that are empty and are opened once, by the name of their engine.
fn open_empty(home: &Home, engine: EngineKind) -> Arc<dyn Store> {
    let sled = home.options();
    open(StoreOptions {
        engine,
        data_dir: sled.data_dir,
        high_water_file: sled.high_water_file,
        mac: sled.mac,
        session_lifetime: sled.session_lifetime,
        observer: sled.observer,
        disk_patience: sled.disk_patience,
    })
    .unwrap()
}

/// Runs tests side by side, and names those that fail.
async fn all(running: Vec<(&'static str, impl Future<Output = ()> + Send + 'static)>) {
    let mut tasks = JoinSet::new();
    for (name, promise) in running {
        tasks.spawn(async move { (name, tokio::spawn(promise).await.is_ok()) });
    }
    let done = tasks.join_all().await;
    assert!(!done.is_empty());
    let broken: Vec<_> = done.into_iter().filter(|(_, kept)| !kept).map(|(name, _)| name).collect();
    assert_eq!(broken, Vec::<&str>::new(), "promises that are not kept; what each of them met is above");
}

async fn keeps_all_promises(engine: EngineKind) {
    let tests = promises().into_iter().map(|(name, promise)| {
        let test = async move {
            let home = Home::new();
            promise(open_empty(&home, engine)).await;
        };
        (name, test)
    });
    all(tests.collect()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sled_keeps_all_promises() {
    keeps_all_promises(EngineKind::Sled).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory_keeps_all_promises() {
    keeps_all_promises(EngineKind::Memory).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sled_keeps_all_durable_promises() {
    let tests = durable_promises().into_iter().map(|(name, promise)| {
        let test = async move {
            let home: Arc<dyn Engine> = Arc::new(Home::new());
            promise(home).await;
        };
        (name, test)
    });
    all(tests.collect()).await;
}
