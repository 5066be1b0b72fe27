//! The lane of light commits: a new login that changes nothing else is answered at once and applied a little later.
//!
//! Such a login may be lost in a crash anyway, up to a second of them, so its caller need not wait for the thread that
//! writes. Until the tree has it, readers find it here. What keeps this safe: a login record that does not exist yet has no
//! other writer, because whoever begins one claims its key first.

use crate::values::Record;
use postlude_model::names::Timestamp;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a light commit waits for company. The more share a batch, the less each costs; a crash loses a second at most in
/// any case.
pub(crate) const GATHER: Duration = Duration::from_millis(10);

/// Commits that may wait: some 100 ms of a busy machine's. More is load, and callers wait.
pub(crate) const WAITING: usize = 4096;

/// Light commits that share a header, and the marks of their expiry: with the longest names a mark has 3,200 bytes.
pub(crate) const BATCH: usize = 32;

/// A light commit: a login record that is new, its place in its user's list, and when it expires.
#[derive(Debug, Clone)]
pub(crate) struct Light {
    pub(crate) record: Record,
    pub(crate) listed: Vec<u8>,
    pub(crate) expires: Timestamp,
    pub(crate) now: Timestamp,
}

/// Shared by the store and its committer.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    waiting: Mutex<Waiting>,
    claims: Mutex<HashSet<Vec<u8>>>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// What readers find, until the tree has it.
    records: HashMap<Vec<u8>, Arc<[u8]>>,
    queue: Vec<Light>,
}

/// A login that nobody else may write for the first time, until all clones of this are dropped.
#[derive(Debug, Clone)]
pub struct Claim {
    held: Arc<Held>,
}

#[derive(Debug)]
struct Held {
    lane: Arc<Lane>,
    key: Vec<u8>,
}

impl Claim {
    /// Whether it is the claim of this key.
    pub(crate) fn is_of(&self, key: &[u8]) -> bool {
        self.held.key == key
    }
}

impl Lane {
    /// Claims a key; none where it is another's.
    pub(crate) fn claim(self: &Arc<Self>, key: &[u8]) -> Option<Claim> {
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        let first = claims.insert(key.to_vec());
        first.then(|| Claim { held: Arc::new(Held { lane: Arc::clone(self), key: key.to_vec() }) })
    }

    /// A record that the tree may not have yet.
    pub(crate) fn get(&self, key: &[u8]) -> Option<Arc<[u8]>> {
        self.waiting().records.get(key).cloned()
    }

    /// Whether callers have to wait.
    pub(crate) fn is_full(&self) -> bool {
        self.waiting().queue.len() >= WAITING
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting().queue.is_empty()
    }

    /// Puts a commit into the lane; whether it is the first there, so that the committer must be told.
    pub(crate) fn push(&self, light: Light) -> bool {
        let mut waiting = self.waiting();
        waiting.records.insert(light.record.key.clone(), Arc::clone(&light.record.bytes));
        waiting.queue.push(light);
        waiting.queue.len() == 1
    }

    /// Takes what waits. Readers still find it here, until it is forgotten.
    pub(crate) fn take(&self) -> Vec<Light> {
        std::mem::take(&mut self.waiting().queue)
    }

    /// The tree has these.
    pub(crate) fn forget(&self, applied: &[Light]) {
        let mut waiting = self.waiting();
        for light in applied {
            waiting.records.remove(&light.record.key);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.lane.claims.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_claimed_once_until_it_is_let_go() {
        let lane = Arc::new(Lane::default());
        let first = lane.claim(b"a").unwrap();
        assert!(first.is_of(b"a") && lane.claim(b"a").is_none() && lane.claim(b"b").is_some());
        let clone = first.clone();
        drop(first);
        assert!(lane.claim(b"a").is_none());
        drop(clone);
        assert!(lane.claim(b"a").is_some());
    }

    #[test]
    fn what_was_taken_is_found_until_it_is_forgotten() {
        let lane = Lane::default();
        let record = Record { key: b"a".to_vec(), bytes: b"1".as_slice().into() };
        let light = Light { record, listed: Vec::new(), expires: Timestamp(2), now: Timestamp(1) };
        assert!(lane.push(light.clone()) && !lane.push(light) && !lane.is_empty());
        let taken = lane.take();
        assert!(taken.len() == 2 && lane.is_empty() && lane.get(b"a").is_some());
        lane.forget(&taken);
        assert!(lane.get(b"a").is_none());
    }
}
