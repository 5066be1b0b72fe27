//! Logins that wait to be written. Readers find them here until the segment has them.

use super::entries::Entries;
use super::frame::{self, Entry};
use crate::api::{Availability, StoreError};
use crate::disk_watch::DiskWatch;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a login waits for company: the more share a write, the less each costs.
const GATHER: Duration = Duration::from_millis(10);

/// Bytes that may wait: half a second of twenty thousand logins a second. More is load, and callers wait or are refused.
const CAPACITY: usize = 8 << 20;

/// Frames that are written together; the place of an entry is that in `bytes`.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) bytes: Vec<u8>,
    pub(crate) entries: Vec<Entry>,
    index: Entries,
}

/// What the writer has to do next.
#[derive(Debug)]
pub(crate) enum Task {
    /// Write a batch, and then look for segments that are due at a time, where one is said.
    Write(Arc<Batch>, Option<u64>),
    /// Look for segments that are due.
    Sweep(u64),
    /// Nothing came in.
    Idle,
    /// Nothing comes in any more, and everything is written.
    End,
}

/// What an append came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Appended {
    Done,
    /// There is no room.
    Full,
}

/// The logins that wait, shared by callers and the writer.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    state: Mutex<State>,
    wake: Condvar,
    /// The writer's call to the disk.
    pub(crate) disk: DiskWatch,
}

#[derive(Debug, Default)]
struct State {
    filling: Batch,
    /// What the writer has taken, and the segments do not have yet.
    writing: Option<Arc<Batch>>,
    /// Memory for the next batch.
    spare: Batch,
    sweep: Option<u64>,
    closed: bool,
    /// The writer has ended, and nobody asked it to.
    ended: bool,
    /// Why nothing can be written now.
    failing: Option<String>,
    /// Why what was written cannot be synced now.
    unsynced: Option<String>,
}

impl Waiting {
    pub(crate) fn append(&self, entry: &Entry, record: &[u8]) -> Result<Appended, StoreError> {
        let mut state = self.state();
        if state.closed {
            return Err(StoreError::Stopped(String::new()));
        }
        let before = state.filling.bytes.len();
        if before.saturating_add(record.len()) > CAPACITY {
            return match &state.failing {
                Some(why) => Err(StoreError::Failed(why.clone())),
                None => Ok(Appended::Full),
            };
        }
        let place = frame::append(&mut state.filling.bytes, entry, record);
        let entry = Entry { place, ..*entry };
        state.filling.index.push(&entry);
        state.filling.entries.push(entry);
        let after = state.filling.bytes.len();
        drop(state);
        if before == 0 || (before < CAPACITY / 2 && after >= CAPACITY / 2) {
            self.wake.notify_one();
        }
        Ok(Appended::Done)
    }

    /// A record of this hash that waits and of which `is_it` says that it is the one.
    pub(crate) fn find(&self, id_hash: u64, is_it: impl Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
        let state = self.state();
        let batches = [Some(&state.filling), state.writing.as_deref()];
        batches.into_iter().flatten().find_map(|batch| {
            batch.index.of_id(id_hash).find_map(|entry| {
                let place = entry.place();
                let start = usize::try_from(place.offset).ok()?;
                let bytes = batch.bytes.get(start..)?.get(frame::HEAD_BYTES..place.frame_bytes())?;
                is_it(bytes).then(|| bytes.to_vec())
            })
        })
    }

    /// Waits for something to do, at most so long.
    pub(crate) fn next(&self, patience: Duration) -> Task {
        let state = self.state();
        let nothing = |state: &mut State| state.filling.bytes.is_empty() && state.sweep.is_none() && !state.closed;
        let waited = self.wake.wait_timeout_while(state, patience, nothing);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        if state.filling.bytes.is_empty() {
            return match state.sweep.take() {
                Some(now) => Task::Sweep(now),
                None if state.closed => Task::End,
                None => Task::Idle,
            };
        }
        let few = |state: &mut State| state.filling.bytes.len() < CAPACITY / 2 && !state.closed;
        let gathered = self.wake.wait_timeout_while(state, GATHER, few);
        state = gathered.unwrap_or_else(PoisonError::into_inner).0;
        let spare = std::mem::take(&mut state.spare);
        let batch = Arc::new(std::mem::replace(&mut state.filling, spare));
        state.writing = Some(Arc::clone(&batch));
        Task::Write(batch, state.sweep.take())
    }

    /// The segments have a batch.
    pub(crate) fn written(&self, batch: Arc<Batch>) {
        let mut state = self.state();
        state.writing = None;
        state.failing = None;
        if let Ok(mut batch) = Arc::try_unwrap(batch) {
            batch.bytes.clear();
            batch.entries.clear();
            batch.index.clear();
            state.spare = batch;
        }
    }

    /// Nothing can be written for a while: callers are refused once there is no room.
    pub(crate) fn failing(&self, why: String) {
        self.state().failing = Some(why);
    }

    /// What was written is on the disk, or why it is not.
    pub(crate) fn synced(&self, failed: Option<String>) {
        self.state().unsynced = failed;
    }

    /// The writer has ended, also where nobody asked it to.
    pub(crate) fn end(&self) {
        let mut state = self.state();
        (state.ended, state.closed) = (!state.closed, true);
    }

    /// Whether what is appended is written at the moment. A disk that hangs is given up after `patience`.
    pub(crate) fn availability(&self, patience: Duration) -> Availability {
        let (failing, ended) = {
            let state = self.state();
            (state.failing.clone().or_else(|| state.unsynced.clone()), state.ended)
        };
        match (ended, self.disk.hangs(), failing) {
            (true, ..) => Availability::Lost("the thread that writes logins has ended".to_owned()),
            (_, Some(why), _) if self.disk.takes() >= patience => Availability::Lost(why),
            (_, Some(why), _) | (_, None, Some(why)) => Availability::Failing(why),
            (_, None, None) => Availability::Available,
        }
    }

    /// Waits before a write is tried again; whether it is still worth it.
    pub(crate) fn pause(&self, time: Duration) -> bool {
        let open = |state: &mut State| !state.closed;
        let waited = self.wake.wait_timeout_while(self.state(), time, open);
        !waited.unwrap_or_else(PoisonError::into_inner).0.closed
    }

    pub(crate) fn sweep(&self, now: u64) {
        self.state().sweep = Some(now);
        self.wake.notify_one();
    }

    /// Takes nothing more. What waits is written.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.wake.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append(waiting: &Waiting, id_hash: u64, record: &[u8]) -> Result<Appended, StoreError> {
        waiting.append(&Entry { id_hash, ..Entry::default() }, record)
    }

    #[test]
    fn what_was_taken_is_found_until_it_is_written() {
        let waiting = Waiting::default();
        append(&waiting, 1, b"one").unwrap();
        let Task::Write(batch, _) = waiting.next(Duration::ZERO) else { panic!("something waits") };
        append(&waiting, 2, b"two").unwrap();
        let find = |hash| waiting.find(hash, |_| true);
        assert_eq!((find(1).as_deref(), find(2).as_deref(), find(3)), (Some(&b"one"[..]), Some(&b"two"[..]), None));
        assert_eq!(waiting.find(1, |record| record != b"one"), None, "another of this hash");
        waiting.written(batch);
        assert_eq!((find(1), find(2).as_deref()), (None, Some(&b"two"[..])));
        waiting.close();
        assert_eq!(append(&waiting, 3, b"three"), Err(StoreError::Stopped(String::new())));
        let Task::Write(batch, _) = waiting.next(Duration::ZERO) else { panic!("it was closed with something in it") };
        waiting.written(batch);
        assert!(matches!(waiting.next(Duration::ZERO), Task::End));
    }

    #[test]
    fn no_more_waits_than_there_is_room_for_and_a_disk_that_fails_is_named() {
        let waiting = Waiting::default();
        let record = vec![0; 1 << 20];
        let room = (0..100).take_while(|_| append(&waiting, 1, &record) == Ok(Appended::Done)).count();
        assert_eq!(room, 7);
        assert_eq!(append(&waiting, 1, &record), Ok(Appended::Full));
        waiting.failing("no space".to_owned());
        assert_eq!(append(&waiting, 1, &record), Err(StoreError::Failed("no space".to_owned())));
        assert_eq!(append(&waiting, 1, b"small"), Ok(Appended::Done), "there is room for it");
        let Task::Write(batch, _) = waiting.next(Duration::ZERO) else { panic!("something waits") };
        waiting.written(batch);
        assert_eq!(append(&waiting, 1, &record), Ok(Appended::Done));
    }
}
