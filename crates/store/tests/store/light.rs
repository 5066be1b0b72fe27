//! Light commits: answered at once, read at once, applied a little later, and never over another's login.

use crate::home::*;
use postlude_model::names::TenantName;
use postlude_store::{Begun, Commit, CommitOutcome, Durability, Store};
use std::sync::Arc;

fn light(id: &str) -> Commit {
    let login = Some(login_write(record(id, "ann", continued()), 0));
    Commit { login, durability: Durability::Batched, ..commit() }
}

#[tokio::test]
async fn it_is_read_at_once_and_after_a_restart() {
    let home = Home::new();
    let store = home.open();
    for number in 0..100 {
        let id = format!("l{number}");
        assert_eq!(store.commit(light(&id)).await.unwrap(), CommitOutcome::Done);
        assert_eq!(store.login(&tenant(), &login_id(&id)).await.unwrap().unwrap().version, 1);
        assert!(matches!(store.begin_login(&tenant(), &login_id(&id)).await.unwrap(), Begun::Before(_)));
    }
    store.shutdown().await.unwrap();
    let store = home.open();
    for number in 0..100 {
        assert_eq!(status(&store, &format!("l{number}")).await, Some(continued()));
    }
}

/// Whichever of them comes first, light or not, waiting or applied.
#[tokio::test]
async fn a_login_begins_once() {
    let home = Home::new();
    let store = home.open();
    let synced = |id: &str| Commit { durability: Durability::Synced, ..light(id) };
    for (number, pause) in [(0, 0), (1, 50)] {
        let id = format!("a{number}");
        assert_eq!(store.commit(light(&id)).await.unwrap(), CommitOutcome::Done);
        tokio::time::sleep(std::time::Duration::from_millis(pause)).await;
        assert_eq!(store.commit(light(&id)).await.unwrap(), CommitOutcome::LoginChanged);
        assert_eq!(store.commit(synced(&id)).await.unwrap(), CommitOutcome::LoginChanged);
    }
    let (one, two) = tokio::join!(store.commit(synced("c")), store.commit(light("c")));
    let outcomes = [one.unwrap(), two.unwrap()];
    assert_eq!(outcomes, [CommitOutcome::Done, CommitOutcome::LoginChanged]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_each_login_has_one_winner() {
    let home = Home::new();
    let store = Arc::new(home.open());
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..400 {
        let store = Arc::clone(&store);
        let durability = if number % 3 == 0 { Durability::Synced } else { Durability::Batched };
        let commit = Commit { durability, ..light(&format!("l{}", number % 40)) };
        tasks.spawn(async move { (number, store.commit(commit).await.unwrap()) });
    }
    let mut winners = Vec::new();
    while let Some(done) = tasks.join_next().await {
        let (number, outcome) = done.unwrap();
        winners.extend((outcome == CommitOutcome::Done).then_some(number % 40));
    }
    winners.sort_unstable();
    assert_eq!(winners, (0..40).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_session_that_changed_is_seen() {
    let home = Home::new();
    let store = home.open();
    assert_eq!(write_session(&store, session("s"), 0).await, CommitOutcome::Done);
    let seen = |id: &str, version| Commit { check_session: Some((session_id("s"), version)), ..light(id) };
    assert_eq!(store.commit(seen("a", 1)).await.unwrap(), CommitOutcome::Done);
    assert_eq!(store.commit(seen("b", 0)).await.unwrap(), CommitOutcome::SessionChanged);
    assert_eq!(store.login(&tenant(), &login_id("b")).await.unwrap(), None);
}

/// A session that was read before it was written is not taken for what it is now, however it was read.
#[tokio::test]
async fn a_session_is_as_it_was_answered_last() {
    let home = Home::new();
    let store = home.open();
    for version in 0..20 {
        assert_eq!(write_session(&store, session("s"), version).await, CommitOutcome::Done);
        for _ in 0..2 {
            assert_eq!(store.session(&tenant(), &session_id("s")).await.unwrap().unwrap().version, version + 1);
        }
        let seen = |id: String, version| Commit { check_session: Some((session_id("s"), version)), ..light(&id) };
        assert_eq!(store.commit(seen(format!("old{version}"), version)).await.unwrap(), CommitOutcome::SessionChanged);
        assert_eq!(store.commit(seen(format!("new{version}"), version + 1)).await.unwrap(), CommitOutcome::Done);
    }
}

/// Those of one batch share the mark of their expiry, and go one by one as they say themselves.
#[tokio::test]
async fn they_expire_together() {
    let home = Home::new();
    let store = home.open();
    let mut lasting = light("lasting");
    let record = &mut lasting.login.as_mut().unwrap().record;
    record.expires_at = record.expires_at.plus(std::time::Duration::from_secs(60 * 60 * 50));
    let commits = (0..30).map(|number| light(&format!("l{number}"))).chain([lasting]);
    for commit in commits {
        assert_eq!(store.commit(commit).await.unwrap(), CommitOutcome::Done);
    }
    let login = store.login(&tenant(), &login_id("l3")).await.unwrap().unwrap();
    let later = login.expires_at.plus(std::time::Duration::from_secs(7200));
    assert_eq!(store.sweep(NOW, 100).await.unwrap(), 0);
    let seen = store.sweep(later, 1).await.unwrap();
    assert!((1..=30).contains(&seen), "{seen}");
    assert_eq!(seen + store.sweep(later, 100).await.unwrap(), 30);
    for number in 0..30 {
        assert_eq!(store.login(&tenant(), &login_id(&format!("l{number}"))).await.unwrap(), None);
    }
    assert_eq!(status(&store, "lasting").await, Some(continued()));
    assert_eq!(store.sweep(later, 100).await.unwrap(), 0);
    assert_eq!(store.sweep(later.plus(std::time::Duration::from_secs(60 * 60 * 60)), 100).await.unwrap(), 1);
    assert_eq!(status(&store, "lasting").await, None);
}

/// A full batch of the longest names, and one login more: 32 share a mark, which stays small enough for a leaf.
#[tokio::test]
async fn a_full_batch_of_the_longest_names_expires() {
    let home = Home::new();
    let store = home.open();
    let tenant = TenantName::new("t".repeat(32)).unwrap();
    let names: Vec<String> = (0..33).map(|number| format!("{number:_>64}")).collect();
    for name in &names {
        let commit = Commit { tenant: tenant.clone(), ..light(name) };
        assert_eq!(store.commit(commit).await.unwrap(), CommitOutcome::Done);
    }
    store.shutdown().await.unwrap();
    let marks: Vec<usize> = {
        let db = sled::Config::new().path(home.data().join("db")).flush_every_ms(None).open().unwrap();
        let tree = db.open_tree("records").unwrap();
        tree.scan_prefix(b"E").map(|mark| mark.unwrap().1.len()).collect()
    };
    // A length, a kind, and two parts with their lengths.
    let each = 2 + 1 + 2 + 32 + 2 + 64;
    assert!(marks.iter().all(|mark| mark % each == 0), "{marks:?}");
    assert_eq!(marks.iter().map(|mark| mark / each + 1).sum::<usize>(), 33, "each login is in one mark: {marks:?}");
    assert!(marks.iter().all(|mark| *mark <= 31 * each) && 31 * each <= 3200, "{marks:?}");
    assert!(marks.len() > 1, "the last one has a mark of its own: {marks:?}");
    let store = home.open();
    let later = NOW.plus(HOUR * 24 * 365);
    assert_eq!(store.sweep(later, 100).await.unwrap(), 33);
    for name in &names {
        assert_eq!(store.login(&tenant, &login_id(name)).await.unwrap(), None);
    }
}
