//! Caches of actions: changes are made in what is stored, and what has expired goes.

use super::records::*;
use crate::api::{Commit, CommitOutcome, Store};
use postlude_model::cache::{Cache, CacheChange, CacheEntry, bytes};
use postlude_model::json::Json;
use postlude_model::limits;
use postlude_model::names::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// A change of the action `a`, for so many minutes; none removes.
pub(super) fn change(key: &str, value: Option<&str>, minutes: u32) -> CacheChange {
    let expires_at = NOW.plus(minutes * Duration::from_secs(60));
    let entry = value.map(|value| CacheEntry { value: Json::string(value), expires_at });
    CacheChange { action: action("a"), key: key.to_owned(), entry }
}

pub(super) async fn write(store: &dyn Store, cache: Vec<CacheChange>, now: Timestamp) {
    assert_eq!(store.commit(Commit { cache, now, ..commit() }).await.unwrap(), CommitOutcome::Done);
}

pub(super) async fn read(store: &dyn Store, name: &str) -> Cache {
    store.cache(&tenant(), &action(name)).await.unwrap()
}

fn values(cache: &Cache) -> Vec<String> {
    cache.values().map(|entry| entry.value.to_string()).collect()
}

pub async fn two_logins_at_the_same_time_lose_nothing_but_a_common_key(store: Arc<dyn Store>) {
    write(&*store, vec![change("a", Some("one"), 9), change("common", Some("one"), 9)], NOW).await;
    let other = CacheChange { action: action("b"), ..change("a", Some("b's"), 9) };
    write(&*store, vec![change("b", Some("two"), 9), change("common", Some("two"), 9), other], NOW).await;
    assert_eq!(values(&read(&*store, "a").await), ["\"one\"", "\"two\"", "\"two\""]);
    assert_eq!(values(&read(&*store, "b").await), ["\"b's\""], "each action has its own");
    assert!(store.cache(&other_tenant(), &action("a")).await.unwrap().is_empty());
    write(&*store, vec![change("a", None, 0), change("common", None, 0)], NOW).await;
    assert_eq!(values(&read(&*store, "a").await), ["\"two\""]);
    write(&*store, vec![change("b", None, 0)], NOW).await;
    assert!(read(&*store, "a").await.is_empty());
}

/// Each was within the limit; both together are not.
pub async fn a_cache_stays_within_its_limit(store: Arc<dyn Store>) {
    let half = "x".repeat(limits::CACHE_BYTES / 2);
    write(&*store, vec![change("soon", Some(&half), 1)], NOW).await;
    write(&*store, vec![change("later", Some(&half), 2)], NOW).await;
    let cache = read(&*store, "a").await;
    assert!(bytes(&cache) <= limits::CACHE_BYTES);
    assert_eq!(cache.keys().collect::<Vec<_>>(), ["later"]);
}

pub async fn a_commit_that_fails_changes_no_cache(store: Arc<dyn Store>) {
    let refused =
        Commit { cache: vec![change("a", Some("1"), 9)], check_session: Some((session_id("s"), 7)), ..commit() };
    assert_eq!(store.commit(refused).await.unwrap(), CommitOutcome::SessionChanged);
    assert!(read(&*store, "a").await.is_empty());
}

pub async fn expired_values_are_swept(store: Arc<dyn Store>) {
    write(&*store, vec![change("short", Some("1"), 1), change("long", Some("1"), 300)], NOW).await;
    // A value that lives longer came later: the sweep looks again.
    write(&*store, vec![change("longer", Some("1"), 600)], NOW.plus(4 * HOUR)).await;
    assert_eq!(read(&*store, "a").await.keys().collect::<Vec<_>>(), ["long", "longer"]);
    sweep(&*store, NOW.plus(7 * HOUR)).await;
    assert!(!read(&*store, "a").await.is_empty());
    sweep(&*store, NOW.plus(12 * HOUR)).await;
    assert!(read(&*store, "a").await.is_empty());
}

/// By a clock that is ahead a value is absent, and is there when the clock is set right.
pub async fn a_clock_that_is_not_settled_deletes_no_value(store: Arc<dyn Store>) {
    write(&*store, vec![change("a", Some("1"), 1)], NOW).await;
    let ahead =
        Commit { cache: vec![change("b", Some("1"), 999)], now: NOW.plus(9 * HOUR), settled: false, ..commit() };
    assert_eq!(store.commit(ahead).await.unwrap(), CommitOutcome::Done);
    assert_eq!(read(&*store, "a").await.len(), 2);
    write(&*store, vec![change("c", Some("1"), 999)], NOW.plus(9 * HOUR)).await;
    assert_eq!(read(&*store, "a").await.keys().collect::<Vec<_>>(), ["b", "c"]);
}
