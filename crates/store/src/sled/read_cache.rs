//! The read cache: sessions that were read lately, and the keys of all lists of bypasses, so that a login need not look them up.
//!
//! The thread that writes tells it of every change, before it answers to anyone. A session that is found here may lag behind
//! what is applied, never behind what was answered.

use super::keys::KeyKind;
use lru::LruCache;
use postlude_model::session::Session;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// Parts of the memory, so that readers seldom meet.
const STRIPES: usize = 16;

/// Sessions of one part: with 2 KiB for each, 4 MiB in all.
const SESSIONS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(127);

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
    sessions: LruCache<Vec<u8>, Arc<Session>>,
}

impl Default for Stripe {
    fn default() -> Self {
        Self { changes: 0, sessions: LruCache::new(SESSIONS) }
    }
}

/// How many changes there had been when a reader began to read: what it found is kept only if there were no more since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReadVersion(u64);

impl ReadCache {
    /// A session as it was read or answered last.
    pub(crate) fn session(&self, key: &[u8]) -> Option<Arc<Session>> {
        self.stripe(key)?.sessions.get(key).cloned()
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
            stripe.sessions.put(key, Arc::clone(session));
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
                        stripe.sessions.pop(key);
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
    fn the_cache_holds_so_many_sessions_and_no_more() {
        let cache = ReadCache::default();
        let all: Vec<_> = (0..STRIPES * SESSIONS.get() * 4).map(|number| session(&format!("s{number}"))).collect();
        for (key, session) in &all {
            cache.keep(key.clone(), cache.version(key).unwrap(), session);
        }
        let kept = all.iter().filter(|(key, _)| cache.session(key).is_some()).count();
        assert_eq!(kept, STRIPES * SESSIONS.get());
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
