//! A user's suspended logins: so many, and no more.

use super::records::*;
use crate::api::{Commit, CommitOutcome, LoginWrite, Store};
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
