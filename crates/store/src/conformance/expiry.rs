//! What has expired goes, in small parts; what may still matter stays.

use super::records::*;
use crate::api::{Commit, CommitOutcome, Store};
use postlude_model::limits;
use std::sync::Arc;

/// A sweep of so many leaves the others to the next, and says so.
pub async fn logins_go_in_small_parts(store: Arc<dyn Store>) {
    for n in 0..10 {
        let login = login_write(record(&format!("l{n}"), &format!("user {n}"), suspended()), 0);
        store.commit(Commit { login: Some(login), ..commit() }).await.unwrap();
    }
    let due = NOW.plus(limits::RECORD_LIFETIME);
    assert!(!store.sweep_expired(NOW, 100).await.unwrap(), "nothing is due yet");
    let left = async || store.logins(&tenant(), None, 100).await.unwrap().items.len();
    let mut calls = 1;
    while store.sweep_expired(due.plus(HOUR), 4).await.unwrap() {
        calls += 1;
    }
    assert_eq!(left().await, 0);
    assert!(calls >= 3, "ten logins, at most four at a time, went in {calls} calls");
    assert_eq!(status(&*store, "l3").await, None);
    assert!(!store.sweep_expired(due.plus(HOUR), 4).await.unwrap());
}

/// Batched logins may share what tells of their expiry; each goes as it says itself.
pub async fn batched_logins_go_as_they_say_themselves(store: Arc<dyn Store>) {
    let mut lasting = batched("lasting");
    let record = &mut lasting.login.as_mut().unwrap().record;
    record.expires_at = record.expires_at.plus(50 * HOUR);
    for commit in (0..30).map(|number| batched(&format!("l{number}"))).chain([lasting]) {
        assert_eq!(store.commit(commit).await.unwrap(), CommitOutcome::Done);
    }
    let login = store.login(&tenant(), &login_id("l3")).await.unwrap().unwrap();
    let later = login.expires_at.plus(2 * HOUR);
    sweep(&*store, NOW).await;
    assert_eq!(status(&*store, "l3").await, Some(continued()));
    sweep(&*store, later).await;
    for number in 0..30 {
        assert_eq!(status(&*store, &format!("l{number}")).await, None);
    }
    assert_eq!(status(&*store, "lasting").await, Some(continued()));
    sweep(&*store, later.plus(60 * HOUR)).await;
    assert_eq!(status(&*store, "lasting").await, None);
}

pub async fn a_session_in_use_stays(store: Arc<dyn Store>) {
    let lifetime = limits::SESSION_LIFETIME;
    for hour in 0..50 {
        let mut used = session("s");
        used.last_used_at = NOW.plus(hour * HOUR);
        write_session(&*store, used, u64::from(hour)).await;
    }
    sweep(&*store, NOW.plus(lifetime + HOUR)).await;
    assert!(store.session(&tenant(), &session_id("s")).await.unwrap().is_some());
    sweep(&*store, NOW.plus(lifetime + 51 * HOUR)).await;
    assert_eq!(store.session(&tenant(), &session_id("s")).await.unwrap(), None);
}

/// An ended session's generation outlives every login that may have begun before.
pub async fn a_tombstone_outlives_its_logins(store: Arc<dyn Store>) {
    let mut ended = session("s");
    ended.generation = 1;
    write_session(&*store, ended, 0).await;
    sweep(&*store, NOW.plus(limits::LOGIN_LIFETIME * 2)).await;
    assert!(store.session(&tenant(), &session_id("s")).await.unwrap().is_some());
    sweep(&*store, NOW.plus(limits::RECORD_LIFETIME.max(limits::SESSION_LIFETIME) + HOUR)).await;
    assert_eq!(store.session(&tenant(), &session_id("s")).await.unwrap(), None);
}
