//! The read cache: sessions that were read lately, and the keys of all lists of bypasses, so that a login need not look them up.
//!
//! The thread that writes tells it of every change, before it answers to anyone. A session that is found here may lag behind
//! what is applied, never behind what was answered.

use super::keys::KeyKind;
use lru::LruCache;
use postlude_model::session::Session;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// Parts of the memory, so that readers seldom meet.
const STRIPES: usize = 16;

/// Bytes of the sessions of one part: 4 MiB in all, some 4,000 sessions with one factor.
const BYTES: usize = 256 * 1024;

/// A larger session is read from the tree each time: it would push all others out.
const LARGEST: usize = BYTES / 8;

/// Bytes that a session has at least, with its place in the cache.
const SMALLEST: usize = 512;

/// Bytes that a factor has at least.
const FACTOR: usize = 384;

/// What is found without the tree.
#[derive(Debug, Default)]
pub(crate) struct ReadCache {
    stripes: [Mutex<Stripe>; STRIPES],
    hasher: RandomState,
    /// Keys of the lists of bypasses. They are few, and short-lived.
    bypasses: RwLock<HashSet<Vec<u8>>>,
}

#[derive(Debug)]
struct Stripe {
    /// Counts the changes of its sessions.
    changes: u64,
    /// With their weight.
    sessions: LruCache<Vec<u8>, (Arc<Session>, usize)>,
    /// Bytes of them all.
    bytes: usize,
}

impl Default for Stripe {
    fn default() -> Self {
        Self { changes: 0, sessions: LruCache::unbounded(), bytes: 0 }
    }
}

impl Stripe {
    fn put(&mut self, key: Vec<u8>, session: &Arc<Session>) {
        let bytes = weight(session).saturating_add(key.len());
        self.take(&key);
        if bytes > LARGEST {
            return;
        }
        self.bytes = self.bytes.saturating_add(bytes);
        self.sessions.put(key, (Arc::clone(session), bytes));
        while self.bytes > BYTES
            && let Some((_, (_, bytes))) = self.sessions.pop_lru()
        {
            self.bytes = self.bytes.saturating_sub(bytes);
        }
    }

    fn take(&mut self, key: &[u8]) {
        if let Some((_, bytes)) = self.sessions.pop(key) {
            self.bytes = self.bytes.saturating_sub(bytes);
        }
    }
}

/// About the bytes that a session takes.
fn weight(session: &Session) -> usize {
    let factors = session.factors.iter().map(|factor| {
        FACTOR + factor.name.as_str().len() + factor.evidence.as_ref().map_or(0, |evidence| evidence.as_str().len())
    });
    let metadata = session.metadata.iter().map(|(key, value)| 96 + key.len() + value.as_str().len());
    factors.chain(metadata).fold(SMALLEST, usize::saturating_add)
}

/// How many changes there had been when a reader began to read: what it found is kept only if there were no more since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReadVersion(u64);

impl ReadCache {
    /// A session as it was read or answered last.
    pub(crate) fn session(&self, key: &[u8]) -> Option<Arc<Session>> {
        self.stripe(key)?.sessions.get(key).map(|(session, _)| Arc::clone(session))
    }

    /// The version of now, for [`Self::keep`].
    pub(crate) fn version(&self, key: &[u8]) -> Option<ReadVersion> {
        Some(ReadVersion(self.stripe(key)?.changes))
    }

    /// Keeps a session that was read since a version.
    pub(crate) fn keep(&self, key: Vec<u8>, since: ReadVersion, session: &Arc<Session>) {
        if let Some(mut stripe) = self.stripe(&key)
            && stripe.changes == since.0
        {
            stripe.put(key, session);
        }
    }

    /// Whether there may be a list of bypasses under a key.
    pub(crate) fn may_have_bypasses(&self, key: &[u8]) -> bool {
        self.bypasses.read().unwrap_or_else(PoisonError::into_inner).contains(key)
    }

    /// Records that are about to be written, and whether they stay.
    pub(crate) fn before_write(&self, records: &[(Vec<u8>, bool)]) {
        for (key, _) in records.iter().filter(|(key, stays)| *stays && KeyKind::of(key) == Some(KeyKind::Bypasses)) {
            self.bypasses.write().unwrap_or_else(PoisonError::into_inner).insert(key.clone());
        }
    }

    /// Notes records that were written.
    pub(crate) fn after_write(&self, records: &[(Vec<u8>, bool)]) {
        for (key, stays) in records {
            match KeyKind::of(key) {
                Some(KeyKind::Session) => {
                    if let Some(mut stripe) = self.stripe(key) {
                        stripe.changes = stripe.changes.wrapping_add(1);
                        stripe.take(key);
                    }
                }
                Some(KeyKind::Bypasses) if !stays => {
                    self.bypasses.write().unwrap_or_else(PoisonError::into_inner).remove(key);
                }
                _ => {}
            }
        }
    }

    fn stripe(&self, key: &[u8]) -> Option<MutexGuard<'_, Stripe>> {
        let at = usize::try_from(self.hasher.hash_one(key) % STRIPES as u64).ok()?;
        Some(self.stripes.get(at)?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sled::keys;
    use postlude_model::json::Json;
    use postlude_model::names::{SessionId, TenantName, Timestamp, UserId};

    fn tenant() -> TenantName {
        TenantName::new("acme").unwrap()
    }

    fn session(id: &str) -> (Vec<u8>, Arc<Session>) {
        let id = SessionId::new(id).unwrap();
        (keys::session(&tenant(), &id), Arc::new(Session::new(id, Timestamp(1))))
    }

    #[test]
    fn a_session_that_changed_while_it_was_read_is_not_kept() {
        let cache = ReadCache::default();
        let (key, session) = session("s");
        let before = cache.version(&key).unwrap();
        cache.keep(key.clone(), before, &session);
        assert!(cache.session(&key).is_some());
        cache.after_write(&[(key.clone(), true)]);
        assert!(cache.session(&key).is_none(), "a change takes it away");
        cache.keep(key.clone(), before, &session);
        assert!(cache.session(&key).is_none(), "what was read before the change is old");
        cache.keep(key.clone(), cache.version(&key).unwrap(), &session);
        assert!(cache.session(&key).is_some());
    }

    #[test]
    fn the_cache_holds_so_many_bytes_of_sessions_and_no_more() {
        let cache = ReadCache::default();
        let large = |number: usize| {
            let (key, mut session) = session(&format!("s{number}"));
            let value = Json::string(&"x".repeat(number % 20_000));
            Arc::make_mut(&mut session).metadata.insert("k".to_owned(), value);
            (key, session)
        };
        let all: Vec<_> = (0..2000).map(|number| large(number * 97)).collect();
        for (key, session) in &all {
            cache.keep(key.clone(), cache.version(key).unwrap(), session);
        }
        let kept = all.iter().filter(|(key, _)| cache.session(key).is_some());
        let bytes: usize = kept.map(|(key, session)| weight(session) + key.len()).sum();
        assert!((STRIPES * BYTES * 8 / 10..=STRIPES * BYTES).contains(&bytes), "{bytes}");
        let counted: usize = cache.stripes.iter().map(|stripe| stripe.lock().unwrap().bytes).sum();
        assert_eq!(counted, bytes);
        for (key, _) in &all {
            cache.after_write(&[(key.clone(), true)]);
        }
        assert!(cache.stripes.iter().all(|stripe| stripe.lock().unwrap().bytes == 0));
    }

    #[test]
    fn a_session_that_would_push_all_others_out_is_not_kept() {
        let cache = ReadCache::default();
        let (key, mut session) = session("s");
        let value = Json::string(&"x".repeat(LARGEST));
        Arc::make_mut(&mut session).metadata.insert("k".to_owned(), value);
        cache.keep(key.clone(), cache.version(&key).unwrap(), &session);
        assert!(cache.session(&key).is_none());
    }

    #[test]
    fn bypasses_are_known_from_before_they_are_written_until_after_they_are_gone() {
        let cache = ReadCache::default();
        let key = keys::bypasses(&tenant(), &UserId::new("ann").unwrap());
        assert!(!cache.may_have_bypasses(&key));
        cache.before_write(&[(key.clone(), true)]);
        cache.after_write(&[(key.clone(), true)]);
        cache.before_write(&[(key.clone(), false)]);
        assert!(cache.may_have_bypasses(&key));
        cache.after_write(&[(key.clone(), false)]);
        assert!(!cache.may_have_bypasses(&key));
    }
}
