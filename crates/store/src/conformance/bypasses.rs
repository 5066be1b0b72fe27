//! A bypass is used up once, together with its login, and by nobody else.

use super::records::*;
use crate::api::{BypassChange, BypassOutcome, Commit, CommitOutcome, LoginWrite, Store};
use postlude_model::limits;
use postlude_model::names::{BypassId, UserId};
use postlude_model::policy::bypass::Bypass;
use std::sync::Arc;

fn ann() -> UserId {
    UserId::new("ann").unwrap()
}

fn id(id: &str) -> BypassId {
    BypassId::new(id).unwrap()
}

pub(super) async fn issue(store: &dyn Store, name: &str) -> BypassOutcome {
    store.change_bypass(&tenant(), BypassChange::Issue(bypass(name, "ann")), NOW, true).await.unwrap()
}

async fn revoke(store: &dyn Store, name: &str) -> BypassOutcome {
    let change = BypassChange::Revoke { user_id: ann(), id: id(name) };
    store.change_bypass(&tenant(), change, NOW, true).await.unwrap()
}

pub(super) fn using(login: &str, user: &str, bypasses: &[&str]) -> Commit {
    let bypasses = bypasses.iter().map(|name| id(name)).collect();
    let login = LoginWrite { bypasses, ..login_write(record(login, user, continued()), 0) };
    Commit { login: Some(login), ..commit() }
}

async fn kept(store: &dyn Store) -> Vec<(String, Option<String>)> {
    let all = store.bypasses(&tenant(), &ann()).await.unwrap();
    all.into_iter().map(|b| (b.id.to_string(), b.used.map(|used| used.login_id.to_string()))).collect()
}

pub async fn of_two_logins_one_uses_it_and_the_other_writes_nothing(store: Arc<dyn Store>) {
    assert_eq!(issue(&*store, "b1").await, BypassOutcome::Done);
    let (one, two) =
        tokio::join!(store.commit(using("one", "ann", &["b1"])), store.commit(using("two", "ann", &["b1"])));
    let mut outcomes = [one.unwrap(), two.unwrap()];
    outcomes.sort_by_key(|outcome| *outcome != CommitOutcome::Done);
    assert_eq!(outcomes, [CommitOutcome::Done, CommitOutcome::BypassChanged]);
    let written = [status(&*store, "one").await, status(&*store, "two").await];
    assert_eq!(written.iter().flatten().count(), 1, "the loser's record is not there");
    let winner = if written[0].is_some() { "one" } else { "two" };
    assert_eq!(kept(&*store).await, [("b1".to_owned(), Some(winner.to_owned()))]);
}

pub async fn one_that_is_anothers_unknown_expired_or_revoked_cannot_be_used(store: Arc<dyn Store>) {
    issue(&*store, "b1").await;
    assert_eq!(store.commit(using("l1", "ben", &["b1"])).await.unwrap(), CommitOutcome::BypassChanged);
    assert_eq!(store.commit(using("l1", "ann", &["b2"])).await.unwrap(), CommitOutcome::BypassChanged);
    let late = Commit { now: NOW.plus(HOUR), ..using("l1", "ann", &["b1"]) };
    assert_eq!(store.commit(late).await.unwrap(), CommitOutcome::BypassChanged);
    // All or none: the first of two is not used up for nothing.
    assert_eq!(store.commit(using("l1", "ann", &["b1", "b2"])).await.unwrap(), CommitOutcome::BypassChanged);
    assert_eq!(kept(&*store).await, [("b1".to_owned(), None)]);
    assert_eq!(revoke(&*store, "b1").await, BypassOutcome::Done);
    assert_eq!(store.commit(using("l1", "ann", &["b1"])).await.unwrap(), CommitOutcome::BypassChanged);
    assert_eq!(status(&*store, "l1").await, None);
}

/// A login that loses by its own version does not use a bypass up.
pub async fn a_login_that_changed_uses_nothing_up(store: Arc<dyn Store>) {
    issue(&*store, "b1").await;
    write_login(&*store, record("l1", "ann", continued()), 0).await;
    assert_eq!(store.commit(using("l1", "ann", &["b1"])).await.unwrap(), CommitOutcome::LoginChanged);
    assert_eq!(kept(&*store).await, [("b1".to_owned(), None)]);
}

pub async fn a_used_one_is_kept_for_the_audit_and_cannot_be_revoked(store: Arc<dyn Store>) {
    for name in ["b1", "b2"] {
        issue(&*store, name).await;
    }
    store.commit(using("l1", "ann", &["b1"])).await.unwrap();
    assert_eq!(revoke(&*store, "b1").await, BypassOutcome::Used);
    assert_eq!(revoke(&*store, "b2").await, BypassOutcome::Done);
    assert_eq!(revoke(&*store, "b2").await, BypassOutcome::Unknown);
    assert_eq!(kept(&*store).await, [("b1".to_owned(), Some("l1".to_owned()))]);
}

pub async fn a_user_has_so_many_at_a_time_and_expired_ones_make_room(store: Arc<dyn Store>) {
    for at in 0..limits::BYPASSES {
        assert_eq!(issue(&*store, &format!("b{at}")).await, BypassOutcome::Done);
    }
    assert_eq!(issue(&*store, "more").await, BypassOutcome::TooMany);
    let later = NOW.plus(HOUR);
    let next = Bypass { expires_at: later.plus(HOUR), ..bypass("more", "ann") };
    let issued = store.change_bypass(&tenant(), BypassChange::Issue(next), later, true).await.unwrap();
    assert_eq!(issued, BypassOutcome::Done);
    assert_eq!(kept(&*store).await.len(), 1);
}

pub async fn expired_ones_are_swept(store: Arc<dyn Store>) {
    issue(&*store, "b1").await;
    sweep(&*store, NOW.plus(HOUR / 2)).await;
    assert_eq!(kept(&*store).await.len(), 1);
    sweep(&*store, NOW.plus(3 * HOUR)).await;
    assert_eq!(kept(&*store).await.len(), 0);
}

/// By a clock that is ahead a bypass cannot be used, and is there when the clock is set right.
pub async fn a_clock_that_is_not_settled_deletes_none(store: Arc<dyn Store>) {
    issue(&*store, "b1").await;
    let ahead = NOW.plus(99 * HOUR);
    for at in 0..limits::BYPASSES {
        let next = Bypass { expires_at: ahead.plus(HOUR), ..bypass(&format!("c{at}"), "ann") };
        let issued = store.change_bypass(&tenant(), BypassChange::Issue(next), ahead, false).await.unwrap();
        assert_eq!(issued, BypassOutcome::Done, "what looks expired takes no room");
    }
    let revoke = BypassChange::Revoke { user_id: ann(), id: id("b1") };
    assert_eq!(store.change_bypass(&tenant(), revoke, ahead, false).await.unwrap(), BypassOutcome::Unknown);
    let late = Commit { now: ahead, settled: false, ..using("l1", "ann", &["b1"]) };
    assert_eq!(store.commit(late).await.unwrap(), CommitOutcome::BypassChanged);
    assert_eq!(store.commit(using("l1", "ann", &["b1"])).await.unwrap(), CommitOutcome::Done, "set right");
}
