//! Light commits: answered at once, read at once, applied a little later, and never over another's key.

use crate::home::*;
use postlude_store::{Commit, CommitOutcome, Durability, LoginWrite, Store};
use std::sync::Arc;

fn light(id: &str, key: &str) -> Commit {
    let login = login_write(record(id, "ann", continued()), 0);
    let login = Some(LoginWrite { idempotency_key: Some(key.to_owned()), ..login });
    Commit { login, durability: Durability::Batched, ..commit() }
}

#[tokio::test]
async fn it_is_read_at_once_and_after_a_restart() {
    let home = Home::new();
    let store = home.open();
    for number in 0..100 {
        let (id, key) = (format!("l{number}"), format!("k{number}"));
        assert_eq!(store.commit(light(&id, &key)).await.unwrap(), CommitOutcome::Done);
        assert_eq!(store.login(&tenant(), &login_id(&id)).await.unwrap().unwrap().version, 1);
        assert_eq!(store.login_by_key(&tenant(), &key).await.unwrap(), Some(login_id(&id)));
    }
    store.shutdown().await.unwrap();
    let store = home.open();
    for number in 0..100 {
        assert_eq!(status(&store, &format!("l{number}")).await, Some(continued()));
        let id = store.login_by_key(&tenant(), &format!("k{number}")).await.unwrap();
        assert_eq!(id, Some(login_id(&format!("l{number}"))));
    }
}

/// Whichever of them comes first, light or not, waiting or applied.
#[tokio::test]
async fn a_key_begins_one_login_only() {
    let home = Home::new();
    let store = home.open();
    let synced = |id: &str, key: &str| Commit { durability: Durability::Synced, ..light(id, key) };
    for (number, pause) in [(0, 0), (1, 50)] {
        let pause = std::time::Duration::from_millis(pause);
        let (one, two, key) = (format!("a{number}"), format!("b{number}"), format!("k{number}"));
        assert_eq!(store.commit(light(&one, &key)).await.unwrap(), CommitOutcome::Done);
        tokio::time::sleep(pause).await;
        assert_eq!(store.commit(light(&two, &key)).await.unwrap(), CommitOutcome::LoginChanged);
        assert_eq!(store.commit(synced(&two, &key)).await.unwrap(), CommitOutcome::LoginChanged);
        assert_eq!(store.commit(light(&one, "another")).await.unwrap(), CommitOutcome::LoginChanged);
        assert_eq!(store.commit(synced(&one, "another")).await.unwrap(), CommitOutcome::LoginChanged);
        assert_eq!(store.login_by_key(&tenant(), "another").await.unwrap(), None);
    }
    let (one, two) = tokio::join!(store.commit(synced("c", "both")), store.commit(light("d", "both")));
    let outcomes = [one.unwrap(), two.unwrap()];
    assert_eq!(outcomes, [CommitOutcome::Done, CommitOutcome::LoginChanged]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_each_key_has_one_winner() {
    let home = Home::new();
    let store = Arc::new(home.open());
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..400 {
        let store = Arc::clone(&store);
        let durability = if number % 3 == 0 { Durability::Synced } else { Durability::Batched };
        let commit = Commit { durability, ..light(&format!("l{number}"), &format!("k{}", number % 40)) };
        tasks.spawn(async move { (number, store.commit(commit).await.unwrap()) });
    }
    let mut winners = Vec::new();
    while let Some(done) = tasks.join_next().await {
        let (number, outcome) = done.unwrap();
        winners.extend((outcome == CommitOutcome::Done).then_some(number));
    }
    assert_eq!(winners.len(), 40);
    for winner in winners {
        let id = store.login_by_key(&tenant(), &format!("k{}", winner % 40)).await.unwrap();
        assert_eq!(id, Some(login_id(&format!("l{winner}"))));
    }
}

#[tokio::test]
async fn a_session_that_changed_is_seen() {
    let home = Home::new();
    let store = home.open();
    assert_eq!(write_session(&store, session("s"), 0).await, CommitOutcome::Done);
    let seen = |id: &str, version| Commit { check_session: Some((session_id("s"), version)), ..light(id, id) };
    assert_eq!(store.commit(seen("a", 1)).await.unwrap(), CommitOutcome::Done);
    assert_eq!(store.commit(seen("b", 0)).await.unwrap(), CommitOutcome::SessionChanged);
    assert_eq!(store.login(&tenant(), &login_id("b")).await.unwrap(), None);
}

/// The key goes with its login.
#[tokio::test]
async fn it_expires_as_a_whole() {
    let home = Home::new();
    let store = home.open();
    for commit in [light("one", "k1"), Commit { durability: Durability::Synced, ..light("two", "k2") }] {
        assert_eq!(store.commit(commit).await.unwrap(), CommitOutcome::Done);
    }
    let login = store.login(&tenant(), &login_id("one")).await.unwrap().unwrap();
    let later = login.expires_at.plus(std::time::Duration::from_secs(7200));
    assert_eq!(store.sweep(later, 100).await.unwrap(), 2);
    for (id, key) in [("one", "k1"), ("two", "k2")] {
        assert_eq!(store.login(&tenant(), &login_id(id)).await.unwrap(), None);
        assert_eq!(store.login_by_key(&tenant(), key).await.unwrap(), None);
    }
    assert_eq!(store.sweep(later, 100).await.unwrap(), 0);
}
