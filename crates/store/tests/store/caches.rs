//! Caches of actions: changes are made in what is stored, and what has expired goes.

use crate::home::*;
use postlude_model::cache::{Cache, CacheChange, CacheEntry, bytes};
use postlude_model::json::Json;
use postlude_model::limits;
use postlude_model::names::{ActionName, TenantName, Timestamp};
use postlude_store::{Commit, CommitOutcome, SledStore, Store};
use std::time::Duration;

fn action(name: &str) -> ActionName {
    ActionName::new(name).unwrap()
}

/// A change of the action `a`, for so many minutes; none removes.
fn change(key: &str, value: Option<&str>, minutes: u32) -> CacheChange {
    let expires_at = NOW.plus(minutes * Duration::from_secs(60));
    let entry = value.map(|value| CacheEntry { value: Json::string(value), expires_at });
    CacheChange { action: action("a"), key: key.to_owned(), entry }
}

async fn write(store: &SledStore, cache: Vec<CacheChange>, now: Timestamp) {
    assert_eq!(store.commit(Commit { cache, now, ..commit() }).await.unwrap(), CommitOutcome::Done);
}

async fn read(store: &SledStore, name: &str) -> Cache {
    store.cache(&tenant(), &action(name)).await.unwrap()
}

#[tokio::test]
async fn two_logins_at_the_same_time_lose_nothing_but_a_common_key() {
    let home = Home::new();
    let store = home.open();
    write(&store, vec![change("a", Some("one"), 9), change("common", Some("one"), 9)], NOW).await;
    let other = CacheChange { action: action("b"), ..change("a", Some("b's"), 9) };
    write(&store, vec![change("b", Some("two"), 9), change("common", Some("two"), 9), other], NOW).await;
    let values = |cache: &Cache| -> Vec<String> { cache.values().map(|entry| entry.value.to_string()).collect() };
    assert_eq!(values(&read(&store, "a").await), ["\"one\"", "\"two\"", "\"two\""]);
    assert_eq!(values(&read(&store, "b").await), ["\"b's\""], "each action has its own");
    let elsewhere = TenantName::new("other").unwrap();
    assert!(store.cache(&elsewhere, &action("a")).await.unwrap().is_empty());
    store.shutdown().await.unwrap();

    let store = home.open();
    write(&store, vec![change("a", None, 0), change("common", None, 0)], NOW).await;
    assert_eq!(values(&read(&store, "a").await), ["\"two\""], "after a restart");
    write(&store, vec![change("b", None, 0)], NOW).await;
    assert!(read(&store, "a").await.is_empty());
}

/// Each was within the limit; both together are not.
#[tokio::test]
async fn a_cache_stays_within_its_limit() {
    let home = Home::new();
    let store = home.open();
    let half = "x".repeat(limits::CACHE_BYTES / 2);
    write(&store, vec![change("soon", Some(&half), 1)], NOW).await;
    write(&store, vec![change("later", Some(&half), 2)], NOW).await;
    let cache = read(&store, "a").await;
    assert!(bytes(&cache) <= limits::CACHE_BYTES);
    assert_eq!(cache.keys().collect::<Vec<_>>(), ["later"]);
}

#[tokio::test]
async fn a_commit_that_fails_changes_no_cache() {
    let home = Home::new();
    let store = home.open();
    let refused =
        Commit { cache: vec![change("a", Some("1"), 9)], check_session: Some((session_id("s"), 7)), ..commit() };
    assert_eq!(store.commit(refused).await.unwrap(), CommitOutcome::SessionChanged);
    assert!(read(&store, "a").await.is_empty());
}

#[tokio::test]
async fn what_has_expired_is_swept() {
    let home = Home::new();
    let store = home.open();
    write(&store, vec![change("short", Some("1"), 1), change("long", Some("1"), 300)], NOW).await;
    // A value that lives longer came later: the sweep looks again.
    let later = NOW.plus(4 * HOUR);
    write(&store, vec![change("longer", Some("1"), 600)], later).await;
    assert_eq!(read(&store, "a").await.keys().collect::<Vec<_>>(), ["long", "longer"]);
    assert_eq!(store.sweep(NOW.plus(7 * HOUR), 100).await.unwrap(), 1);
    assert!(!read(&store, "a").await.is_empty());
    assert_eq!(store.sweep(NOW.plus(12 * HOUR), 100).await.unwrap(), 1);
    assert!(read(&store, "a").await.is_empty());
    assert_eq!(store.sweep(NOW.plus(24 * HOUR), 100).await.unwrap(), 0);
}
