//! What readers must know of the committer: whether it stopped, and which records are applied and not yet on the disk.

use crate::api::StoreError;
use crate::disk_watch::{self, DiskWatch};
use postlude_model::names::Timestamp;
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use tokio::sync::watch;

/// How far the committer is, shared by it and the readers.
#[derive(Debug, Default)]
pub(crate) struct SyncState {
    last_commit: AtomicU64,
    /// The latest clock of any commit.
    latest: AtomicU64,
    stopped: OnceLock<StoreError>,
    /// Keys that a synced commit wrote, and the disk does not have yet.
    pending: Mutex<HashSet<Vec<u8>>>,
    /// Changes with every sync, and when the store stops.
    syncs: watch::Sender<u64>,
    /// The committer's call to the disk.
    pub(crate) disk: DiskWatch,
}

impl SyncState {
    /// The clock of the newest commit.
    pub(crate) fn last_commit(&self) -> Timestamp {
        Timestamp(self.last_commit.load(Ordering::SeqCst))
    }

    pub(crate) fn latest_commit(&self) -> Timestamp {
        Timestamp(self.latest.load(Ordering::SeqCst)).max(self.last_commit())
    }

    pub(crate) fn committed_at(&self, at: Timestamp) {
        self.last_commit.fetch_max(at.0, Ordering::SeqCst);
    }

    /// What an earlier process committed.
    pub(crate) fn began_after(&self, at: Timestamp, latest: Timestamp) {
        self.committed_at(at);
        self.latest.fetch_max(latest.0, Ordering::SeqCst);
    }

    pub(crate) fn why_stopped(&self) -> Option<StoreError> {
        self.stopped.get().cloned()
    }

    /// Nothing is read or written from now on; whether this was the first to say so.
    pub(crate) fn stop(&self, why: StoreError) -> bool {
        let first = self.stopped.set(why).is_ok();
        self.syncs.send_modify(|count| *count += 1);
        first
    }

    /// The disk failed. What is in memory and what is on the disk may differ now: nothing is answered any more, and nothing tried
    /// again.
    pub(crate) fn fail(&self, why: &StoreError) {
        if self.stop(StoreError::Stopped(format!(": {why}"))) {
            tracing::error!(cause = %why, "the disk failed; no login is let through until the store is open again");
        }
    }

    /// What is about to be written must not be shown before the disk has it.
    pub(crate) fn pend<'k>(&self, keys: impl Iterator<Item = &'k [u8]>) {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).extend(keys.map(<[u8]>::to_vec));
    }

    /// The disk has everything that was written.
    pub(crate) fn synced(&self) {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.syncs.send_modify(|count| *count += 1);
    }

    /// Reads, and hands out what was read once the disk has it: an answer that rests on a consumed state or a recorded factor
    /// must not leave before a crash can no longer undo them, whoever wrote them.
    pub(crate) async fn durable<T>(
        &self,
        key: &[u8],
        read: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.durable_when(key, async { read() }).await
    }

    /// The same of what takes its time to read.
    pub(crate) async fn durable_when<T>(
        &self,
        key: &[u8],
        reading: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let mut syncs = self.syncs.subscribe();
        let value = reading.await?;
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner).contains(key);
        // Only the committer applies and syncs, in turn: whatever was read, the next sync has it.
        if pending && tokio::time::timeout(disk_watch::HANGS, syncs.changed()).await.is_err() {
            return Err(StoreError::Failed(disk_watch::hanging(disk_watch::HANGS)));
        }
        self.why_stopped().map_or(Ok(value), Err)
    }

    /// Reads as [`Self::durable`] does, without waiting: none where the disk does not have what was read.
    pub(crate) fn durable_now<T>(
        &self,
        key: &[u8],
        read: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let value = read()?;
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner).contains(key);
        self.why_stopped().map_or(Ok((!pending).then_some(value)), Err)
    }
}

/// Stops the store when the committer ends, also by a panic of the engine.
#[derive(Debug)]
pub(crate) struct StopAtEnd(pub(crate) std::sync::Arc<SyncState>);

impl Drop for StopAtEnd {
    fn drop(&mut self) {
        self.0.stop(StoreError::Stopped(String::new()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;

    async fn is_waiting(reader: &mut tokio::task::JoinHandle<Result<u8, StoreError>>) -> bool {
        tokio::time::timeout(Duration::from_millis(50), reader).await.is_err()
    }

    fn reader(state: &Arc<SyncState>, key: &'static [u8]) -> tokio::task::JoinHandle<Result<u8, StoreError>> {
        let state = Arc::clone(state);
        tokio::spawn(async move { state.durable(key, || Ok(1)).await })
    }

    #[tokio::test]
    async fn what_the_disk_does_not_have_is_not_shown() {
        let state = Arc::new(SyncState::default());
        state.pend([&b"a"[..]].into_iter());
        let mut waits = reader(&state, b"a");
        assert!(is_waiting(&mut waits).await);
        assert_eq!(reader(&state, b"b").await.unwrap(), Ok(1));
        state.synced();
        assert_eq!(waits.await.unwrap(), Ok(1));
        assert_eq!(reader(&state, b"a").await.unwrap(), Ok(1));
    }

    /// R05.
    #[tokio::test]
    async fn what_the_disk_refused_is_never_shown() {
        let state = Arc::new(SyncState::default());
        state.pend([&b"a"[..]].into_iter());
        let mut waits = reader(&state, b"a");
        assert!(is_waiting(&mut waits).await);
        let why = StoreError::Stopped(": no space".to_owned());
        assert!(state.stop(why.clone()));
        assert!(!state.stop(StoreError::Stopped(String::new())), "the first reason stays");
        assert_eq!(waits.await.unwrap(), Err(why.clone()));
        assert_eq!(reader(&state, b"b").await.unwrap(), Err(why));
    }
}
