//! The write-behind buffer: a new login that changes nothing else is answered at once and applied a little later.
//!
//! Such a login may be lost in a crash anyway, up to a second of them, so its caller need not wait for the thread that
//! writes. Until the tree has it, readers find it here. What keeps this safe: a login record that does not exist yet has no
//! other writer, because whoever begins one claims its key first.

use postlude_model::names::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a buffered login waits for company. The more share a batch, the less each costs; a crash loses a second at most
/// in any case.
pub(crate) const BUFFER_TIME: Duration = Duration::from_millis(10);

/// Logins that may wait: some 100 ms of a busy machine's. More is load, and callers wait.
pub(crate) const CAPACITY: usize = 4096;

/// Logins that share a header, and the entries of their expiry: with the longest names such an entry has 3,200 bytes.
pub(crate) const BATCH: usize = 32;

/// A record as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct EncodedRecord {
    pub(crate) key: Vec<u8>,
    pub(crate) bytes: Arc<[u8]>,
}

/// A login record that is new, its place in its user's list, and when it expires.
#[derive(Debug, Clone)]
pub(crate) struct BufferedLogin {
    pub(crate) record: EncodedRecord,
    pub(crate) listed: Vec<u8>,
    pub(crate) expires: Timestamp,
    pub(crate) now: Timestamp,
}

/// The buffer, shared by the store and its committer.
#[derive(Debug, Default)]
pub(crate) struct WriteBehind {
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// What readers find, until the tree has it.
    records: HashMap<Vec<u8>, Arc<[u8]>>,
    queue: Vec<BufferedLogin>,
}

impl WriteBehind {
    /// A record that the tree may not have yet.
    pub(crate) fn get(&self, key: &[u8]) -> Option<Arc<[u8]>> {
        self.waiting().records.get(key).cloned()
    }

    /// Whether callers have to wait.
    pub(crate) fn is_full(&self) -> bool {
        self.waiting().queue.len() >= CAPACITY
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting().queue.is_empty()
    }

    /// Buffers a login; whether it is the first there, so that the committer must be told.
    pub(crate) fn push(&self, login: BufferedLogin) -> bool {
        let mut waiting = self.waiting();
        waiting.records.insert(login.record.key.clone(), Arc::clone(&login.record.bytes));
        waiting.queue.push(login);
        waiting.queue.len() == 1
    }

    /// Takes what waits, to apply it. Readers still find it here, until [`Self::applied`].
    pub(crate) fn take(&self) -> Vec<BufferedLogin> {
        std::mem::take(&mut self.waiting().queue)
    }

    /// The tree has these logins.
    pub(crate) fn applied(&self, logins: &[BufferedLogin]) {
        let mut waiting = self.waiting();
        for login in logins {
            waiting.records.remove(&login.record.key);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_is_found_until_it_is_applied() {
        let buffer = WriteBehind::default();
        let record = EncodedRecord { key: b"a".to_vec(), bytes: b"1".as_slice().into() };
        let login = BufferedLogin { record, listed: Vec::new(), expires: Timestamp(2), now: Timestamp(1) };
        assert!(buffer.push(login.clone()) && !buffer.push(login) && !buffer.is_empty());
        let taken = buffer.take();
        assert!(taken.len() == 2 && buffer.is_empty() && buffer.get(b"a").is_some());
        buffer.applied(&taken);
        assert!(buffer.get(b"a").is_none());
    }
}
