//! A bypass is used up once, together with its login, and by nobody else.

use crate::home::*;
use postlude_model::limits;
use postlude_model::names::{ActionName, BypassId, UserId};
use postlude_model::policy::bypass::{Bypass, Target};
use postlude_store::{BypassChange, BypassOutcome, Commit, CommitOutcome, LoginWrite, SledStore, Store, StoreError};

fn ann() -> UserId {
    UserId::new("ann|1").unwrap()
}

fn id(id: &str) -> BypassId {
    BypassId::new(id).unwrap()
}

fn bypass(name: &str) -> Bypass {
    Bypass {
        id: id(name),
        user_id: ann(),
        target: Target::Action(ActionName::new("face").unwrap()),
        reason: "phone lost".to_owned(),
        issued_by: "helpdesk".to_owned(),
        issued_at: NOW,
        expires_at: NOW.plus(HOUR),
        epoch: 1,
        used: None,
    }
}

async fn issue(store: &SledStore, bypass: Bypass) -> BypassOutcome {
    store.change_bypass(&tenant(), BypassChange::Issue(bypass), NOW).await.unwrap()
}

async fn revoke(store: &SledStore, name: &str) -> BypassOutcome {
    let change = BypassChange::Revoke { user_id: ann(), id: id(name) };
    store.change_bypass(&tenant(), change, NOW).await.unwrap()
}

fn using(login: &str, user: &str, bypasses: &[&str]) -> Commit {
    let bypasses = bypasses.iter().map(|name| id(name)).collect();
    let login = LoginWrite { bypasses, ..login_write(record(login, user, continued()), 0) };
    Commit { login: Some(login), ..commit() }
}

async fn kept(store: &SledStore) -> Vec<(String, Option<String>)> {
    let all = store.bypasses(&tenant(), &ann()).await.unwrap();
    all.into_iter().map(|b| (b.id.to_string(), b.used.map(|used| used.login_id.to_string()))).collect()
}

#[tokio::test]
async fn of_two_logins_one_uses_it_and_the_other_writes_nothing() {
    let home = Home::new();
    let store = home.open();
    assert_eq!(issue(&store, bypass("b1")).await, BypassOutcome::Done);
    let (one, two) =
        tokio::join!(store.commit(using("one", "ann|1", &["b1"])), store.commit(using("two", "ann|1", &["b1"])));
    let mut outcomes = [one.unwrap(), two.unwrap()];
    outcomes.sort_by_key(|outcome| *outcome != CommitOutcome::Done);
    assert_eq!(outcomes, [CommitOutcome::Done, CommitOutcome::BypassChanged]);
    let written = [status(&store, "one").await, status(&store, "two").await];
    assert_eq!(written.iter().flatten().count(), 1, "the loser's record is not there");
    let winner = if written[0].is_some() { "one" } else { "two" };
    assert_eq!(kept(&store).await, [("b1".to_owned(), Some(winner.to_owned()))]);
    // It survives a restart as used.
    store.shutdown().await.unwrap();
    let store = home.open();
    assert_eq!(store.commit(using("three", "ann|1", &["b1"])).await.unwrap(), CommitOutcome::BypassChanged);
}

#[tokio::test]
async fn another_users_unknown_expired_or_revoked_one_is_not_to_be_had() {
    let home = Home::new();
    let store = home.open();
    issue(&store, bypass("b1")).await;
    assert_eq!(store.commit(using("l1", "ben", &["b1"])).await.unwrap(), CommitOutcome::BypassChanged);
    assert_eq!(store.commit(using("l1", "ann|1", &["b2"])).await.unwrap(), CommitOutcome::BypassChanged);
    let late = Commit { now: NOW.plus(HOUR), ..using("l1", "ann|1", &["b1"]) };
    assert_eq!(store.commit(late).await.unwrap(), CommitOutcome::BypassChanged);
    // All or none: the first of two is not used up for nothing.
    assert_eq!(store.commit(using("l1", "ann|1", &["b1", "b2"])).await.unwrap(), CommitOutcome::BypassChanged);
    assert_eq!(kept(&store).await, [("b1".to_owned(), None)]);
    assert_eq!(revoke(&store, "b1").await, BypassOutcome::Done);
    assert_eq!(store.commit(using("l1", "ann|1", &["b1"])).await.unwrap(), CommitOutcome::BypassChanged);
    assert_eq!(status(&store, "l1").await, None);
}

/// A login that loses by its own version does not use a bypass up.
#[tokio::test]
async fn a_login_that_changed_uses_nothing_up() {
    let home = Home::new();
    let store = home.open();
    issue(&store, bypass("b1")).await;
    write_login(&store, record("l1", "ann|1", continued()), 0).await;
    assert_eq!(store.commit(using("l1", "ann|1", &["b1"])).await.unwrap(), CommitOutcome::LoginChanged);
    assert_eq!(kept(&store).await, [("b1".to_owned(), None)]);
}

#[tokio::test]
async fn a_used_one_is_kept_for_the_audit_and_cannot_be_revoked() {
    let home = Home::new();
    let store = home.open();
    for name in ["b1", "b2"] {
        issue(&store, bypass(name)).await;
    }
    store.commit(using("l1", "ann|1", &["b1"])).await.unwrap();
    assert_eq!(revoke(&store, "b1").await, BypassOutcome::Used);
    assert_eq!(revoke(&store, "b2").await, BypassOutcome::Done);
    assert_eq!(revoke(&store, "b2").await, BypassOutcome::Unknown);
    assert_eq!(kept(&store).await, [("b1".to_owned(), Some("l1".to_owned()))]);
}

#[tokio::test]
async fn a_user_has_so_many_at_a_time_and_expired_ones_make_room() {
    let home = Home::new();
    let store = home.open();
    for at in 0..limits::BYPASSES {
        assert_eq!(issue(&store, bypass(&format!("b{at}"))).await, BypassOutcome::Done);
    }
    assert_eq!(issue(&store, bypass("more")).await, BypassOutcome::TooMany);
    let later = NOW.plus(HOUR);
    let next = Bypass { expires_at: later.plus(HOUR), ..bypass("more") };
    let issued = store.change_bypass(&tenant(), BypassChange::Issue(next), later).await.unwrap();
    assert_eq!(issued, BypassOutcome::Done);
    assert_eq!(kept(&store).await.len(), 1);
}

#[tokio::test]
async fn the_sweep_takes_what_has_expired() {
    let home = Home::new();
    let store = home.open();
    issue(&store, bypass("b1")).await;
    store.sweep(NOW.plus(HOUR / 2), 100).await.unwrap();
    assert_eq!(kept(&store).await.len(), 1);
    store.sweep(NOW.plus(3 * HOUR), 100).await.unwrap();
    assert_eq!(kept(&store).await.len(), 0);
}

#[tokio::test]
async fn a_stopped_store_issues_none() {
    let home = Home::new();
    let store = home.open();
    store.shutdown().await.unwrap();
    let issued = store.change_bypass(&tenant(), BypassChange::Issue(bypass("b1")), NOW).await;
    assert!(matches!(issued, Err(StoreError::Stopped(_))), "{issued:?}");
}
