//! A user's suspended logins: so many, and no more.

use super::records::*;
use crate::api::{Caps, Commit, CommitOutcome, LoginWrite, Store};
use postlude_model::login::{EndReason, Status};
use std::sync::Arc;

const EVICTED: Status = Status::Ended(EndReason::Evicted);

pub(super) async fn suspend(store: &dyn Store, id: &str, user: &str, max_open: usize) -> CommitOutcome {
    let login = LoginWrite { max_open, ..login_write(record(id, user, suspended()), 0) };
    store.commit(Commit { login: Some(login), ..commit() }).await.unwrap()
}

/// U24.
pub async fn the_oldest_is_evicted(store: Arc<dyn Store>) {
    for id in ["a", "b", "c", "d"] {
        suspend(&*store, id, "ann", 3).await;
        suspend(&*store, &format!("{id}-bob"), "bob", 9).await;
    }
    assert_eq!(status(&*store, "a").await, Some(EVICTED));
    assert_eq!(store.login(&tenant(), &login_id("a")).await.unwrap().unwrap().version, 2);
    for id in ["b", "c", "d", "a-bob", "b-bob"] {
        assert_eq!(status(&*store, id).await, Some(suspended()), "{id}");
    }
    // The evicted one's own next write fails: it was changed.
    assert_eq!(write_login(&*store, record("a", "ann", continued()), 1).await, CommitOutcome::LoginChanged);
}

pub async fn finished_and_expired_logins_take_no_place(store: Arc<dyn Store>) {
    suspend(&*store, "a", "ann", 2).await;
    suspend(&*store, "b", "ann", 2).await;
    assert_eq!(write_login(&*store, record("a", "ann", continued()), 1).await, CommitOutcome::Done);
    suspend(&*store, "c", "ann", 2).await;
    assert_eq!(status(&*store, "a").await, Some(continued()));
    assert_eq!(status(&*store, "b").await, Some(suspended()));
    // Both are over their deadline when the next ones come.
    for id in ["d", "e"] {
        let mut late = record(id, "ann", suspended());
        late.deadline = NOW.plus(3 * HOUR);
        let login = Some(LoginWrite { max_open: 2, ..login_write(late, 0) });
        store.commit(Commit { login, now: NOW.plus(2 * HOUR), ..commit() }).await.unwrap();
    }
    for id in ["b", "c", "d", "e"] {
        assert_eq!(status(&*store, id).await, Some(suspended()), "{id}");
    }
}

pub async fn suspending_again_keeps_the_place_and_never_evicts_itself(store: Arc<dyn Store>) {
    for id in ["a", "b"] {
        suspend(&*store, id, "ann", 2).await;
    }
    assert_eq!(write_login(&*store, record("a", "ann", suspended()), 1).await, CommitOutcome::Done);
    suspend(&*store, "c", "ann", 2).await;
    assert_eq!(status(&*store, "a").await, Some(EVICTED), "its place was the oldest still");
    // The limit was lowered meanwhile: the login that is written stays, the other goes.
    let login = Some(LoginWrite { max_open: 1, ..login_write(record("b", "ann", suspended()), 1) });
    store.commit(Commit { login, ..commit() }).await.unwrap();
    assert_eq!(status(&*store, "b").await, Some(suspended()));
    assert_eq!(status(&*store, "c").await, Some(EVICTED));
}

/// A tenant has so many suspended logins, and no more: those that end or are over their deadline make room, and no user or other tenant
/// loses a login for it.
pub async fn a_tenant_has_so_many_suspended_logins(store: Arc<dyn Store>) {
    let caps = Caps { open_of_tenant: 3, ..Caps::default() };
    let suspend = async |id: &str, user: &str, max_open: usize| {
        let login = Some(LoginWrite { caps, max_open, ..login_write(record(id, user, suspended()), 0) });
        store.commit(Commit { login, ..commit() }).await.unwrap()
    };
    for (id, user) in [("a", "ann"), ("b", "ben"), ("c", "ben")] {
        assert_eq!(suspend(id, user, 5).await, CommitOutcome::Done);
    }
    assert_eq!(suspend("d", "dan", 5).await, CommitOutcome::TenantFull);
    assert_eq!(status(&*store, "d").await, None);
    assert_eq!(suspend("e", "ben", 2).await, CommitOutcome::Done, "it takes the place of the user's oldest");
    assert_eq!(status(&*store, "b").await, Some(EVICTED));
    assert_eq!(write_login(&*store, record("a", "ann", continued()), 1).await, CommitOutcome::Done);
    assert_eq!(suspend("f", "dan", 5).await, CommitOutcome::Done, "one ended");
    let late = Commit { now: NOW.plus(9 * HOUR), ..commit() };
    let mut of_later = record("g", "eve", suspended());
    of_later.deadline = NOW.plus(10 * HOUR);
    let login = Some(LoginWrite { caps, ..login_write(of_later, 0) });
    assert_eq!(store.commit(Commit { login, ..late }).await.unwrap(), CommitOutcome::Done, "the others are over");
}

/// A user has so many records, and no more; other users do not notice.
pub async fn a_user_has_so_many_records(store: Arc<dyn Store>) {
    let caps = Caps { records_of_user: 2, ..Caps::default() };
    let begin = async |id: &str, user: &str, expect: u64| {
        let login = Some(LoginWrite { caps, ..login_write(record(id, user, suspended()), expect) });
        store.commit(Commit { login, ..commit() }).await.unwrap()
    };
    for id in ["a", "b"] {
        assert_eq!(begin(id, "ann", 0).await, CommitOutcome::Done);
    }
    assert_eq!(begin("c", "ann", 0).await, CommitOutcome::UserFull);
    assert_eq!(status(&*store, "c").await, None);
    assert_eq!(begin("c", "ben", 0).await, CommitOutcome::Done);
    assert_eq!(begin("a", "ann", 1).await, CommitOutcome::Done, "one that there is goes on");
}

/// By a clock that is ahead suspended logins look over: they take no place, and take it again when the clock is set right.
pub async fn a_clock_that_is_not_settled_forgets_no_place(store: Arc<dyn Store>) {
    for id in ["a", "b"] {
        suspend(&*store, id, "ann", 2).await;
    }
    for id in ["c", "d"] {
        let mut late = record(id, "ann", suspended());
        late.deadline = NOW.plus(99 * HOUR);
        let login = Some(LoginWrite { max_open: 2, ..login_write(late, 0) });
        store.commit(Commit { login, now: NOW.plus(98 * HOUR), settled: false, ..commit() }).await.unwrap();
    }
    for id in ["a", "b", "c", "d"] {
        assert_eq!(status(&*store, id).await, Some(suspended()), "{id}");
    }
    suspend(&*store, "e", "ann", 4).await;
    assert_eq!(status(&*store, "a").await, Some(EVICTED), "the oldest of five");
    for id in ["b", "c", "d", "e"] {
        assert_eq!(status(&*store, id).await, Some(suspended()), "{id}");
    }
}
