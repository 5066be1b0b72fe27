//! Commits: all or nothing, and only over what the caller saw.

use super::records::*;
use crate::api::{Commit, CommitOutcome, Durability, LoginClaim, SessionWrite, Store};
use postlude_model::json::Json;
use postlude_model::names::{TenantName, Timestamp};
use std::sync::Arc;

pub async fn what_was_written_is_read(store: Arc<dyn Store>) {
    let mut session = session("s");
    session.metadata.insert("k".to_owned(), Json::string("v"));
    let login = Some(login_write(record("one", "ann", suspended()), 0));
    let sessions = vec![SessionWrite { session: session.clone(), expect: 0 }];
    assert_eq!(store.commit(Commit { login, sessions, ..commit() }).await.unwrap(), CommitOutcome::Done);
    let read = store.login(&tenant(), &login_id("one")).await.unwrap().unwrap();
    assert_eq!((read.version, read.status, read.changed_at), (1, suspended(), NOW));
    session.version = 1;
    assert_eq!(store.session(&tenant(), &session_id("s")).await.unwrap(), Some(session.into()));
    assert_eq!(store.last_commit_time(), NOW);
    for other in [TenantName::new("acm").unwrap(), other_tenant()] {
        assert_eq!(store.login(&other, &login_id("one")).await.unwrap(), None);
        assert_eq!(store.session(&other, &session_id("s")).await.unwrap(), None);
    }
}

pub async fn an_expectation_that_fails_writes_nothing_at_all(store: Arc<dyn Store>) {
    assert_eq!(write_session(&*store, session("s"), 0).await, CommitOutcome::Done);
    assert_eq!(write_login(&*store, record("one", "ann", suspended()), 0).await, CommitOutcome::Done);
    let stale = |login: u64, sessions: &[(&str, u64)], check: Option<u64>| Commit {
        login: Some(login_write(record("one", "ann", continued()), login)),
        sessions: sessions.iter().map(|(id, expect)| SessionWrite { session: session(id), expect: *expect }).collect(),
        check_session: check.map(|version| (session_id("s"), version)),
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
        assert_eq!(status(&*store, "one").await, Some(suspended()));
        assert_eq!(store.session(&tenant(), &session_id("s")).await.unwrap().unwrap().version, 1);
        assert_eq!(store.session(&tenant(), &session_id("t")).await.unwrap(), None);
    }
    assert_eq!(store.commit(stale(1, &[("t", 0)], Some(1))).await.unwrap(), CommitOutcome::Done);
    assert_eq!(status(&*store, "one").await, Some(continued()));
    let absent = Commit { check_session: Some((session_id("nobody"), 0)), ..commit() };
    assert_eq!(store.commit(absent).await.unwrap(), CommitOutcome::Done);
}

pub async fn rotating_writes_both_sessions_or_none(store: Arc<dyn Store>) {
    let rotate = || {
        let mut sign = session("old");
        sign.moved_to = Some(session_id("new"));
        let sessions =
            vec![SessionWrite { session: sign, expect: 1 }, SessionWrite { session: session("new"), expect: 0 }];
        store.commit(Commit { sessions, ..commit() })
    };
    assert_eq!(rotate().await.unwrap(), CommitOutcome::SessionChanged);
    assert_eq!(store.session(&tenant(), &session_id("new")).await.unwrap(), None);
    write_session(&*store, session("old"), 0).await;
    assert_eq!(rotate().await.unwrap(), CommitOutcome::Done);
    let old = store.session(&tenant(), &session_id("old")).await.unwrap().unwrap();
    assert_eq!((old.version, &old.moved_to), (2, &Some(session_id("new"))));
    assert_eq!(store.session(&tenant(), &session_id("new")).await.unwrap().unwrap().version, 1);
    assert_eq!(rotate().await.unwrap(), CommitOutcome::SessionChanged);
}

/// Of many that consume the same step, one wins.
pub async fn of_a_hundred_parallel_consumers_one_wins(store: Arc<dyn Store>) {
    write_login(&*store, record("one", "ann", suspended()), 0).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let store = Arc::clone(&store);
        tasks.spawn(async move { write_login(&*store, record("one", "ann", continued()), 1).await });
    }
    let outcomes = tasks.join_all().await;
    let won = outcomes.iter().filter(|outcome| **outcome == CommitOutcome::Done).count();
    let lost = outcomes.iter().filter(|outcome| **outcome == CommitOutcome::LoginChanged).count();
    assert_eq!((won, lost), (1, 99));
}

pub async fn of_many_at_once_each_login_has_one_winner(store: Arc<dyn Store>) {
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..400 {
        let store = Arc::clone(&store);
        let durability = if number % 3 == 0 { Durability::Synced } else { Durability::Batched };
        let commit = Commit { durability, ..batched(&format!("l{}", number % 40)) };
        tasks.spawn(async move { (number, store.commit(commit).await.unwrap()) });
    }
    let done = tasks.join_all().await;
    let winners = done.into_iter().filter(|(_, outcome)| *outcome == CommitOutcome::Done);
    let mut winners: Vec<_> = winners.map(|(number, _)| number % 40).collect();
    winners.sort_unstable();
    assert_eq!(winners, (0..40).collect::<Vec<_>>());
}

/// Whichever comes first, batched or synced, a moment ago or a while ago.
pub async fn a_login_begins_once(store: Arc<dyn Store>) {
    let synced = |id: &str| Commit { durability: Durability::Synced, ..batched(id) };
    for (number, pause) in [(0, 0), (1, 50)] {
        let id = format!("a{number}");
        assert_eq!(store.commit(batched(&id)).await.unwrap(), CommitOutcome::Done);
        tokio::time::sleep(std::time::Duration::from_millis(pause)).await;
        assert_eq!(store.commit(batched(&id)).await.unwrap(), CommitOutcome::LoginChanged);
        assert_eq!(store.commit(synced(&id)).await.unwrap(), CommitOutcome::LoginChanged);
    }
    let (one, two) = tokio::join!(store.commit(synced("c")), store.commit(batched("c")));
    let outcomes = [one.unwrap(), two.unwrap()];
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == CommitOutcome::Done).count(), 1, "{outcomes:?}");
    assert!(outcomes.contains(&CommitOutcome::LoginChanged), "{outcomes:?}");
}

pub async fn batched_logins_are_read_at_once(store: Arc<dyn Store>) {
    for number in 0..100 {
        let id = format!("l{number}");
        assert_eq!(store.commit(batched(&id)).await.unwrap(), CommitOutcome::Done);
        assert_eq!(store.login(&tenant(), &login_id(&id)).await.unwrap().unwrap().version, 1);
        let claim = store.claim_login(&tenant(), &login_id(&id)).await.unwrap();
        assert!(matches!(claim, LoginClaim::Existing(_)), "{id}");
    }
}

pub async fn a_batched_login_sees_that_its_session_changed(store: Arc<dyn Store>) {
    assert_eq!(write_session(&*store, session("s"), 0).await, CommitOutcome::Done);
    let seen = |id: &str, version| Commit { check_session: Some((session_id("s"), version)), ..batched(id) };
    assert_eq!(store.commit(seen("a", 1)).await.unwrap(), CommitOutcome::Done);
    assert_eq!(store.commit(seen("b", 0)).await.unwrap(), CommitOutcome::SessionChanged);
    assert_eq!(store.login(&tenant(), &login_id("b")).await.unwrap(), None);
}

/// A session that was read before it was written is not taken for what it is now, however it was read.
pub async fn a_session_is_as_it_was_answered_last(store: Arc<dyn Store>) {
    for version in 0..20 {
        assert_eq!(write_session(&*store, session("s"), version).await, CommitOutcome::Done);
        for _ in 0..2 {
            assert_eq!(store.session(&tenant(), &session_id("s")).await.unwrap().unwrap().version, version + 1);
        }
        let seen = |id: String, version| Commit { check_session: Some((session_id("s"), version)), ..batched(&id) };
        let stale = store.commit(seen(format!("old{version}"), version)).await.unwrap();
        assert_eq!(stale, CommitOutcome::SessionChanged);
        assert_eq!(store.commit(seen(format!("new{version}"), version + 1)).await.unwrap(), CommitOutcome::Done);
    }
}

/// Records of every size up to 64 KiB and over, side by side; and small ones in the place of large ones.
pub async fn records_of_all_sizes_round_trip(store: Arc<dyn Store>) {
    let large = |n: usize| {
        let mut record = record(&format!("l{n:02}"), "ann", continued());
        record.metadata.insert("k".to_owned(), Json::string(&"x".repeat(n * 3000)));
        record
    };
    for n in 0..30 {
        assert_eq!(write_login(&*store, large(n), 0).await, CommitOutcome::Done);
    }
    for n in 0..10 {
        let small = record(&format!("l{n:02}"), "ann", continued());
        assert_eq!(write_login(&*store, small, 1).await, CommitOutcome::Done);
    }
    for n in 0..30 {
        let read = store.login(&tenant(), &login_id(&format!("l{n:02}"))).await.unwrap().unwrap();
        assert_eq!(read.metadata.is_empty(), n < 10);
        assert!(n < 10 || read.metadata == large(n).metadata);
    }
}

pub async fn the_commit_clock_never_goes_back(store: Arc<dyn Store>) {
    write_session(&*store, session("s"), 0).await;
    store.commit(Commit { now: Timestamp(1), ..commit() }).await.unwrap();
    assert_eq!(store.last_commit_time(), NOW);
}
