//! An action's cache: small values that outlive a login, best effort.

use crate::json::Json;
use crate::limits;
use crate::names::{ActionName, Timestamp};
use std::collections::BTreeMap;

/// A cached value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheEntry {
    /// The value.
    pub value: Json,
    /// From this moment on the value is absent.
    pub expires_at: Timestamp,
}

/// An action's cache, by key.
pub type Cache = BTreeMap<String, CacheEntry>;

/// A change of an action's cache; none removes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheChange {
    /// The action.
    pub action: ActionName,
    /// The key.
    pub key: String,
    /// The new value.
    pub entry: Option<CacheEntry>,
}

/// Bytes of a cache, as its limit counts them.
#[must_use]
pub fn bytes(cache: &Cache) -> usize {
    cache.iter().map(|(key, entry)| size(key, &entry.value)).fold(0, usize::saturating_add)
}

/// Bytes of one value with its key.
#[must_use]
pub fn size(key: &str, value: &Json) -> usize {
    key.len().saturating_add(value.as_str().len())
}

/// Makes changes in their order and brings the cache back within its limits: what has expired by a clock that is settled goes, then
/// what would expire next. Two logins at the same time may each have been within the limit.
pub fn apply<'c>(cache: &mut Cache, changes: impl IntoIterator<Item = &'c CacheChange>, now: Timestamp, settled: bool) {
    for CacheChange { key, entry, .. } in changes {
        match entry {
            Some(entry) => cache.insert(key.clone(), entry.clone()),
            None => cache.remove(key),
        };
    }
    cache.retain(|_, entry| !settled || entry.expires_at > now);
    while cache.len() > limits::CACHE_KEYS || bytes(cache) > limits::CACHE_BYTES {
        let next = cache.iter().min_by_key(|(_, entry)| entry.expires_at).map(|(key, _)| key.clone());
        let Some(next) = next else { break };
        cache.remove(&next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(key: &str, value: Option<&str>, expires_at: u64) -> CacheChange {
        let entry = value.map(|value| CacheEntry { value: Json::string(value), expires_at: Timestamp(expires_at) });
        CacheChange { action: ActionName::new("a").unwrap(), key: key.to_owned(), entry }
    }

    #[test]
    fn the_last_word_on_a_key_counts_and_what_expired_goes() {
        let mut cache = Cache::new();
        let changes =
            [change("a", Some("1"), 10), change("b", Some("1"), 5), change("a", Some("2"), 10), change("c", None, 0)];
        apply(&mut cache, &changes, Timestamp(5), true);
        assert_eq!(cache.len(), 1);
        assert_eq!(cache["a"].value.as_str(), "\"2\"");
        apply(&mut cache, &[change("a", None, 0)], Timestamp(5), true);
        assert!(cache.is_empty());
    }

    #[test]
    fn a_clock_that_is_not_settled_deletes_nothing_but_for_room() {
        let mut cache = Cache::new();
        apply(&mut cache, &[change("a", Some("1"), 10)], Timestamp(0), true);
        apply(&mut cache, &[change("b", Some("1"), 99)], Timestamp(50), false);
        assert_eq!(cache.len(), 2);
        apply(&mut cache, &[], Timestamp(50), true);
        assert_eq!(cache.keys().collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn a_cache_never_grows_beyond_its_limit() {
        let mut cache = Cache::new();
        let large = "x".repeat(limits::CACHE_BYTES / 2 - 3);
        apply(&mut cache, &[change("a", Some(&large), 20), change("b", Some(&large), 10)], Timestamp(0), true);
        assert_eq!((cache.len(), bytes(&cache)), (2, limits::CACHE_BYTES));
        apply(&mut cache, &[change("c", Some(""), 30)], Timestamp(0), true);
        assert_eq!(cache.keys().collect::<Vec<_>>(), ["a", "c"]);
        let many: Vec<_> = (0..=limits::CACHE_KEYS).map(|n| change(&n.to_string(), Some(""), 100)).collect();
        apply(&mut cache, &many, Timestamp(0), true);
        assert_eq!(cache.len(), limits::CACHE_KEYS);
    }
}
