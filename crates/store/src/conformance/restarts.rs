//! What was acknowledged is there when the store is opened again.

use super::records::*;
use super::{Engine, bypasses, caches, eviction, revisions};
use crate::api::{ActiveRevision, Commit, CommitOutcome, SessionWrite};
use postlude_model::json::Json;
use postlude_model::login::{EndReason, Status};
use postlude_model::policy::orders::Orders;
use std::sync::Arc;

pub async fn logins_and_sessions_are_there(engine: Arc<dyn Engine>) {
    let store = engine.open();
    let login = Some(login_write(record("one", "ann", suspended()), 0));
    let sessions = vec![SessionWrite { session: session("s"), expect: 0 }];
    store.commit(Commit { login, sessions, ..commit() }).await.unwrap();
    store.shutdown().await.unwrap();
    let store = engine.open();
    assert_eq!(status(&*store, "one").await, Some(suspended()));
    assert_eq!(store.session(&tenant(), &session_id("s")).await.unwrap().unwrap().version, 1);
    assert_eq!(write_login(&*store, record("one", "ann", continued()), 0).await, CommitOutcome::LoginChanged);
}

pub async fn batched_logins_survive_a_stop(engine: Arc<dyn Engine>) {
    let store = engine.open();
    for number in 0..100 {
        store.commit(batched(&format!("l{number}"))).await.unwrap();
    }
    store.shutdown().await.unwrap();
    let store = engine.open();
    for number in 0..100 {
        assert_eq!(status(&*store, &format!("l{number}")).await, Some(continued()));
    }
}

pub async fn large_and_shrunk_records_are_there(engine: Arc<dyn Engine>) {
    let store = engine.open();
    let mut large = record("large", "ann", continued());
    large.metadata.insert("k".to_owned(), Json::string(&"x".repeat(90_000)));
    write_login(&*store, large.clone(), 0).await;
    large.id = login_id("shrunk");
    write_login(&*store, large.clone(), 0).await;
    write_login(&*store, record("shrunk", "ann", continued()), 1).await;
    store.shutdown().await.unwrap();
    let store = engine.open();
    let read = store.login(&tenant(), &login_id("large")).await.unwrap().unwrap();
    assert_eq!(read.metadata, large.metadata);
    assert!(store.login(&tenant(), &login_id("shrunk")).await.unwrap().unwrap().metadata.is_empty());
}

pub async fn the_list_of_open_logins_is_there(engine: Arc<dyn Engine>) {
    let store = engine.open();
    for id in ["a", "b", "c"] {
        eviction::suspend(&*store, id, "ann", 3).await;
    }
    store.shutdown().await.unwrap();
    let store = engine.open();
    eviction::suspend(&*store, "d", "ann", 3).await;
    assert_eq!(status(&*store, "a").await, Some(Status::Ended(EndReason::Evicted)));
    assert_eq!(status(&*store, "b").await, Some(suspended()));
}

pub async fn used_bypasses_stay_used(engine: Arc<dyn Engine>) {
    let store = engine.open();
    bypasses::issue(&*store, "b1").await;
    store.commit(bypasses::using("one", "ann", &["b1"])).await.unwrap();
    store.shutdown().await.unwrap();
    let store = engine.open();
    let again = store.commit(bypasses::using("two", "ann", &["b1"])).await.unwrap();
    assert_eq!(again, CommitOutcome::BypassChanged);
}

pub async fn caches_are_there(engine: Arc<dyn Engine>) {
    let store = engine.open();
    caches::write(&*store, vec![caches::change("a", Some("1"), 9), caches::change("b", Some("2"), 9)], NOW).await;
    store.shutdown().await.unwrap();
    let store = engine.open();
    caches::write(&*store, vec![caches::change("a", None, 0)], NOW).await;
    assert_eq!(caches::read(&*store, "a").await.keys().collect::<Vec<_>>(), ["b"]);
}

pub async fn orders_are_there(engine: Arc<dyn Engine>) {
    let store = engine.open();
    assert!(store.put_orders(&tenant(), orders(), 0).await.unwrap());
    assert!(store.put_upload(&tenant(), upload(1), 1).await.unwrap());
    store.shutdown().await.unwrap();
    let store = engine.open();
    assert_eq!(store.orders(&tenant()).await.unwrap(), Orders { version: 1, ..orders() });
    assert_eq!(store.uploads(&tenant()).await.unwrap(), [upload(1)]);
    for (seen, outcome) in [(0, CommitOutcome::OrdersChanged), (1, CommitOutcome::Done)] {
        let rests = Commit { orders_seen: Some(seen), ..commit() };
        assert_eq!(store.commit(rests).await.unwrap(), outcome);
    }
}

pub async fn revisions_keep_their_numbers_and_the_active_one(engine: Arc<dyn Engine>) {
    let store = engine.open();
    for (number, content) in (1..).zip(["{\"a\":1}", "{\"b\":1}"]) {
        assert_eq!(store.put_revision(&tenant(), content).await.unwrap(), number);
        store.need_revision(&tenant(), number, NOW).await.unwrap();
    }
    assert!(store.activate_revisions(vec![revisions::activation(&tenant(), 2, 0)]).await.unwrap());
    store.sweep_revisions(NOW.plus(HOUR)).await.unwrap();
    store.shutdown().await.unwrap();
    let store = engine.open();
    assert_eq!(store.revision(&tenant(), 2).await.unwrap().as_deref(), Some("{\"b\":1}"));
    assert_eq!(store.put_revision(&tenant(), "{\"b\":1}").await.unwrap(), 2);
    assert_eq!(store.put_revision(&tenant(), "{\"a\":1}").await.unwrap(), 3, "no number is given twice");
    assert_eq!(store.active_revision(&tenant()).await.unwrap(), Some(ActiveRevision { number: 2, version: 1 }));
}

pub async fn the_commit_clock_and_the_epoch_stay(engine: Arc<dyn Engine>) {
    let store = engine.open();
    let epoch = store.epoch();
    write_session(&*store, session("s"), 0).await;
    store.shutdown().await.unwrap();
    let store = engine.open();
    assert_eq!((store.last_commit_time(), store.epoch()), (NOW, epoch));
    // A clock that was ahead, and is set right.
    for now in [NOW.plus(HOUR), NOW] {
        store.commit(Commit { now, ..commit() }).await.unwrap();
    }
    store.shutdown().await.unwrap();
    let store = engine.open();
    assert_eq!((store.last_commit_time(), store.latest_commit_time()), (NOW, NOW.plus(HOUR)));
}
