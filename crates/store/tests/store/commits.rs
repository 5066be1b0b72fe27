//! Commits: all or nothing, and only over what the caller saw.

use crate::home::*;
use postlude_model::json::Json;
use postlude_model::names::TenantName;
use postlude_store::{Begun, Commit, CommitOutcome, Durability, LoginWrite, SessionWrite, Store};
use std::sync::Arc;

#[tokio::test]
async fn what_was_written_is_read_also_after_a_restart() {
    let home = Home::new();
    let store = home.open();
    let mut session = session("s");
    session.metadata.insert("k".to_owned(), Json::string("v"));
    let login = login_write(record("one", "ann", suspended()), 0);
    let login = Some(login);
    let sessions = vec![SessionWrite { session: session.clone(), expect: 0 }];
    assert_eq!(store.commit(Commit { login, sessions, ..commit() }).await.unwrap(), CommitOutcome::Done);
    store.shutdown().await.unwrap();

    let store = home.open();
    let read = store.login(&tenant(), &login_id("one")).await.unwrap().unwrap();
    assert_eq!((read.version, read.status), (1, suspended()));
    session.version = 1;
    assert_eq!(store.session(&tenant(), &session_id("s")).await.unwrap(), Some(session.into()));
    assert_eq!(store.last_commit_time(), NOW);
    let other = TenantName::new("acm").unwrap();
    assert_eq!(store.login(&other, &login_id("one")).await.unwrap(), None);
    assert_eq!(store.session(&other, &session_id("s")).await.unwrap(), None);
}

#[tokio::test]
async fn an_expectation_that_fails_writes_nothing_at_all() {
    let home = Home::new();
    let store = home.open();
    assert_eq!(write_session(&store, session("s"), 0).await, CommitOutcome::Done);
    assert_eq!(write_login(&store, record("one", "ann", suspended()), 0).await, CommitOutcome::Done);

    let stale = |login: u64, sessions: &[(&str, u64)], check: Option<u64>| Commit {
        login: Some(login_write(record("one", "ann", continued()), login)),
        sessions: sessions.iter().map(|(id, expect)| SessionWrite { session: session(id), expect: *expect }).collect(),
        check_session: check.map(|version| (session_id("s"), version)),
        cache: Vec::new(),
        ..commit()
    };
    for (commit, outcome) in [
        (stale(0, &[("s", 1), ("t", 0)], None), CommitOutcome::LoginChanged),
        (stale(2, &[], None), CommitOutcome::LoginChanged),
        (stale(1, &[("t", 0), ("s", 0)], None), CommitOutcome::SessionChanged),
        (stale(1, &[("t", 1)], None), CommitOutcome::SessionChanged),
        (stale(1, &[("t", 0)], Some(0)), CommitOutcome::SessionChanged),
        (stale(1, &[], Some(2)), CommitOutcome::SessionChanged),
    ] {
        assert_eq!(store.commit(commit.clone()).await.unwrap(), outcome, "{commit:?}");
        assert_eq!(status(&store, "one").await, Some(suspended()));
        assert_eq!(store.session(&tenant(), &session_id("s")).await.unwrap().unwrap().version, 1);
        assert_eq!(store.session(&tenant(), &session_id("t")).await.unwrap(), None);
    }
    assert_eq!(store.commit(stale(1, &[("t", 0)], Some(1))).await.unwrap(), CommitOutcome::Done);
    assert_eq!(status(&store, "one").await, Some(continued()));
    let absent = Commit { check_session: Some((session_id("nobody"), 0)), ..commit() };
    assert_eq!(store.commit(absent).await.unwrap(), CommitOutcome::Done);
}

#[tokio::test]
async fn rotating_writes_both_sessions_or_none() {
    let home = Home::new();
    let store = home.open();
    let rotate = || {
        let mut sign = session("old");
        sign.moved_to = Some(session_id("new"));
        let sessions =
            vec![SessionWrite { session: sign, expect: 1 }, SessionWrite { session: session("new"), expect: 0 }];
        store.commit(Commit { sessions, ..commit() })
    };
    assert_eq!(rotate().await.unwrap(), CommitOutcome::SessionChanged);
    assert_eq!(store.session(&tenant(), &session_id("new")).await.unwrap(), None);
    write_session(&store, session("old"), 0).await;
    assert_eq!(rotate().await.unwrap(), CommitOutcome::Done);
    let old = store.session(&tenant(), &session_id("old")).await.unwrap().unwrap();
    assert_eq!((old.version, &old.moved_to), (2, &Some(session_id("new"))));
    assert_eq!(store.session(&tenant(), &session_id("new")).await.unwrap().unwrap().version, 1);
    assert_eq!(rotate().await.unwrap(), CommitOutcome::SessionChanged);
}

/// Whoever begins a login holds its claim: another waits, and then finds it.
#[tokio::test]
async fn a_login_that_begins_is_its_claims() {
    let home = Home::new();
    let store = Arc::new(home.open());
    let Begun::New(claim) = store.begin_login(&tenant(), &login_id("one")).await.unwrap() else { panic!("it is new") };
    let waiting = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.begin_login(&tenant(), &login_id("one")).await.unwrap() })
    };
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    assert!(!waiting.is_finished());
    let login = LoginWrite { claim: Some(claim.clone()), ..login_write(record("one", "ann", suspended()), 0) };
    assert_eq!(store.commit(Commit { login: Some(login), ..commit() }).await.unwrap(), CommitOutcome::Done);
    drop(claim);
    let Begun::Before(found) = waiting.await.unwrap() else { panic!("it began before") };
    assert_eq!((found.version, found.status), (1, suspended()));
}

/// A claim lets its holder begin its own login and no other.
#[tokio::test]
async fn a_claim_of_another_login_is_none() {
    let home = Home::new();
    let store = home.open();
    write_login(&store, record("one", "ann", suspended()), 0).await;
    let Begun::New(claim) = store.begin_login(&tenant(), &login_id("two")).await.unwrap() else { panic!("it is new") };
    for durability in [Durability::Synced, Durability::Batched] {
        let login = LoginWrite { claim: Some(claim.clone()), ..login_write(record("one", "ann", continued()), 0) };
        let commit = Commit { login: Some(login), durability, ..commit() };
        assert_eq!(store.commit(commit).await.unwrap(), CommitOutcome::LoginChanged);
    }
}

/// Of many that consume the same step, one wins.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_hundred_parallel_consumers_one_wins() {
    let home = Home::new();
    let store = Arc::new(home.open());
    write_login(&store, record("one", "ann", suspended()), 0).await;
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { write_login(&store, record("one", "ann", continued()), 1).await })
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        match task.await.unwrap() {
            CommitOutcome::Done => won += 1,
            other => assert_eq!(other, CommitOutcome::LoginChanged),
        }
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn batched_commits_are_read_at_once_and_survive_a_stop() {
    let home = Home::new();
    let store = home.open();
    for n in 0..50 {
        let login = Some(login_write(record(&format!("l{n}"), "ann", continued()), 0));
        store.commit(Commit { login, durability: Durability::Batched, ..commit() }).await.unwrap();
        assert_eq!(status(&store, &format!("l{n}")).await, Some(continued()));
    }
    drop(store);
    let store = home.open();
    for n in 0..50 {
        assert_eq!(status(&store, &format!("l{n}")).await, Some(continued()));
    }
}

/// Records of every size up to 64 KiB and over, side by side in the same leaves.
#[tokio::test]
async fn large_records_round_trip() {
    let home = Home::new();
    let store = home.open();
    let large = |n: usize| {
        let mut record = record(&format!("l{n:02}"), "ann", continued());
        record.metadata.insert("k".to_owned(), Json::string(&"x".repeat(n * 3000)));
        record
    };
    for n in 0..30 {
        assert_eq!(write_login(&store, large(n), 0).await, CommitOutcome::Done);
    }
    // Smaller ones in the place of larger ones leave nothing behind.
    for n in 0..10 {
        assert_eq!(write_login(&store, record(&format!("l{n:02}"), "ann", continued()), 1).await, CommitOutcome::Done);
    }
    store.shutdown().await.unwrap();
    let blobs = std::fs::read_dir(home.data().join("db/blobs")).unwrap().count();
    assert_eq!(blobs, 0, "the engine put a leaf into a file of its own, which is not synced");
    let store = home.open();
    for n in 10..30 {
        let read = store.login(&tenant(), &login_id(&format!("l{n:02}"))).await.unwrap().unwrap();
        assert_eq!(read.metadata, large(n).metadata);
    }
    assert_eq!(status(&store, "l03").await, Some(continued()));
}

#[tokio::test]
async fn the_commit_clock_never_goes_back() {
    let home = Home::new();
    let store = home.open();
    write_session(&store, session("s"), 0).await;
    let earlier = Commit { now: postlude_model::names::Timestamp(1), ..commit() };
    store.commit(earlier).await.unwrap();
    assert_eq!(store.last_commit_time(), NOW);
    store.shutdown().await.unwrap();
    assert_eq!(home.open().last_commit_time(), NOW);
}
