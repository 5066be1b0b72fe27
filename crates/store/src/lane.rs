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

/// Light commits of one batch. Readers wait while a batch is applied, some 10 microseconds for each.
pub(crate) const BATCH: usize = 16;

/// A light commit: records that are new, and the marks of their expiry.
#[derive(Debug, Clone)]
pub(crate) struct Light {
    pub(crate) records: Vec<Record>,
    pub(crate) marks: Vec<(Vec<u8>, Vec<u8>)>,
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

/// Keys that nobody else may write for the first time, until it is dropped.
#[derive(Debug)]
pub(crate) struct Claim {
    lane: Arc<Lane>,
    keys: Vec<Vec<u8>>,
}

impl Lane {
    /// Claims all of these keys; none where one is another's.
    pub(crate) fn claim(self: &Arc<Self>, keys: &[Vec<u8>]) -> Option<Claim> {
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.iter().any(|key| claims.contains(key)) {
            return None;
        }
        claims.extend(keys.iter().cloned());
        Some(Claim { lane: Arc::clone(self), keys: keys.to_vec() })
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
        for record in &light.records {
            waiting.records.insert(record.key.clone(), Arc::clone(&record.bytes));
        }
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
        for record in applied.iter().flat_map(|light| &light.records) {
            waiting.records.remove(&record.key);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut claims = self.lane.claims.lock().unwrap_or_else(PoisonError::into_inner);
        self.keys.iter().for_each(|key| {
            claims.remove(key);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_claimed_once_until_it_is_let_go() {
        let lane = Arc::new(Lane::default());
        let (a, b) = (b"a".to_vec(), b"b".to_vec());
        let first = lane.claim(&[a.clone(), b.clone()]);
        assert!(first.is_some() && lane.claim(std::slice::from_ref(&b)).is_none());
        drop(first);
        assert!(lane.claim(&[b]).is_some());
    }

    #[test]
    fn what_was_taken_is_found_until_it_is_forgotten() {
        let lane = Lane::default();
        let record = Record { key: b"a".to_vec(), bytes: b"1".as_slice().into() };
        let light = Light { records: vec![record], marks: Vec::new(), now: Timestamp(1) };
        assert!(lane.push(light.clone()) && !lane.push(light) && !lane.is_empty());
        let taken = lane.take();
        assert!(taken.len() == 2 && lane.is_empty() && lane.get(b"a").is_some());
        lane.forget(&taken);
        assert!(lane.get(b"a").is_none());
    }
}
