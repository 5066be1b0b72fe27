//! Typed records on the one tree. A large record is stored in parts.
//!
//! The engine writes a leaf of more than 128 KiB, some sixteen values, to a file of its own that nobody syncs: after a power
//! cut it may be missing. With parts of 4,000 bytes no leaf comes near that.

use super::changes::{Changes, Staged};
use super::keys::{self, KeyKind};
use super::read_cache::ReadCache;
use crate::api::StoreError;
use crate::format::codec::Codec;
use crate::format::stored::Stored;
use crate::space::Space;
use sled::{Batch, IVec, Tree};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, TryLockError};
use std::time::{Duration, Instant};

/// Bytes of one stored value.
const PART_BYTES: usize = 4000;
/// Parts of one record: the first, and as many as a byte can count.
const PARTS: usize = 256;

/// The tree with its codec. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Records {
    tree: Tree,
    codec: Codec,
    /// Held while a batch is applied, so that nobody reads the parts of two versions of a record.
    whole: Arc<RwLock<()>>,
    /// What readers find without the tree; every change passes here.
    pub(crate) read_cache: Arc<ReadCache>,
    /// What the tenants' records take.
    pub(crate) space: Arc<Space>,
    /// The writer's alone: what is planned and not applied yet.
    staged: Option<Arc<Mutex<Staged>>>,
}

impl Records {
    pub(crate) fn new(tree: Tree, codec: Codec) -> Self {
        Self { tree, codec, whole: Arc::default(), read_cache: Arc::default(), space: Arc::default(), staged: None }
    }

    /// Counts what records take together with what others count.
    pub(crate) fn counted_in(self, space: Arc<Space>) -> Self {
        Self { space, ..self }
    }

    /// As the one writer has them: it sees what it staged.
    pub(crate) fn for_writer(self) -> Self {
        Self { staged: Some(Arc::default()), ..self }
    }

    pub(crate) fn get<T: Stored>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        if let Some(staged) = self.staged_record(key) {
            return staged.map(|bytes| self.codec.decode(key, &bytes)).transpose();
        }
        let _whole = self.whole.read().unwrap_or_else(PoisonError::into_inner);
        let Some(first) = self.tree.get(key).map_err(failed)? else { return Ok(None) };
        self.codec.decode(key, &self.gather(key, &first)?).map(Some)
    }

    /// Whether no batch is being applied, now or within a moment: a read waits for nobody then.
    pub(crate) fn are_free_within(&self, moment: Duration) -> bool {
        let is_free = || !matches!(self.whole.try_read(), Err(TryLockError::WouldBlock));
        if is_free() {
            return true;
        }
        let began = Instant::now();
        while began.elapsed() < moment {
            std::thread::yield_now();
            if is_free() {
                return true;
            }
        }
        false
    }

    /// Works as if a batch were being applied meanwhile.
    #[cfg(test)]
    pub(crate) fn while_applying(&self, work: impl FnOnce()) {
        let _whole = self.whole.write().unwrap();
        work();
    }

    /// The bytes of a record, all parts in one.
    pub(crate) fn bytes(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(staged) = self.staged_record(key) {
            return Ok(staged);
        }
        let _whole = self.whole.read().unwrap_or_else(PoisonError::into_inner);
        self.tree.get(key).map_err(failed)?.map(|first| self.gather(key, &first)).transpose()
    }

    /// A record as it stands in the tree, part by part, as far as it is there.
    pub(crate) fn parts(&self, key: &[u8]) -> Result<Vec<(Vec<u8>, IVec)>, StoreError> {
        self.settle()?;
        let Some(first) = self.tree.get(key).map_err(failed)? else { return Ok(Vec::new()) };
        let further = further_parts(&first);
        let mut all = vec![(key.to_vec(), first)];
        for number in 1..=further {
            let part = keys::part(key, number);
            all.extend(self.tree.get(&part).map_err(failed)?.map(|bytes| (part, bytes)));
        }
        Ok(all)
    }

    /// Which root key made a record; none where there is no record, or it is no record but an entry of an index.
    pub(crate) fn made_by(&self, key: &[u8]) -> Result<Option<usize>, StoreError> {
        let kind = KeyKind::of(key);
        let record = kind.and_then(KeyKind::record);
        if kind.is_some() && record.is_none() {
            return Ok(None);
        }
        self.bytes(key)?.map(|bytes| self.codec.made_by(record, key, &bytes)).transpose()
    }

    /// Puts a tag of the root key in use on a record of an earlier one; whether it had one.
    pub(crate) fn tag_again(&self, changes: &mut Changes, key: &[u8]) -> Result<bool, StoreError> {
        let again = self.bytes(key)?.and_then(|bytes| self.codec.tagged_again(key, &bytes));
        let is_due = again.is_some();
        changes.records.extend(again.map(|bytes| (key.to_vec(), Some(bytes))));
        Ok(is_due)
    }

    pub(crate) const fn codec(&self) -> &Codec {
        &self.codec
    }

    /// Tells the read cache which lists of bypasses there are.
    pub(crate) fn note_bypasses(&self) -> Result<(), StoreError> {
        for key in self.tree.scan_prefix(keys::all_of(KeyKind::Bypasses)).keys() {
            self.read_cache.before_write(&[(key.map_err(failed)?.to_vec(), true)]);
        }
        Ok(())
    }

    /// Whether there is a record.
    pub(crate) fn contains(&self, key: &[u8]) -> Result<bool, StoreError> {
        if let Some(staged) = self.staged_record(key) {
            return Ok(staged.is_some());
        }
        self.tree.contains_key(key).map_err(failed)
    }

    pub(crate) fn put<T: Stored>(&self, changes: &mut Changes, key: Vec<u8>, value: &T) -> Result<(), StoreError> {
        let bytes = self.codec.encode(&key, value)?;
        if bytes.len() > PART_BYTES * PARTS {
            let why = format!("it has {} bytes, more than {}", bytes.len(), PART_BYTES * PARTS);
            return Err(StoreError::Encoding(KeyKind::name_of(&key), why));
        }
        changes.records.insert(key, Some(bytes));
        Ok(())
    }

    /// Adds changes to those that are applied together. They are seen through this value alone until [`Self::settle`].
    pub(crate) fn stage(&self, changes: Changes) -> Result<(), StoreError> {
        let Some(mut staged) = self.staged() else { return self.apply(changes) };
        // What is set aside is what the tree has now.
        let is_full = if changes.set_aside.is_empty() {
            staged.add(changes)
        } else {
            drop(staged);
            self.settle()?;
            return self.apply(changes);
        };
        drop(staged);
        if is_full { self.settle() } else { Ok(()) }
    }

    /// Applies what is staged.
    pub(crate) fn settle(&self) -> Result<(), StoreError> {
        let Some(mut staged) = self.staged() else { return Ok(()) };
        if let Some(why) = &staged.failed {
            return Err(why.clone());
        }
        let changes = staged.take();
        // Nobody else stages: the lock is held for the next to see how this ends.
        let applied = if changes.is_empty() { Ok(()) } else { self.apply(changes) };
        staged.failed = applied.clone().err();
        applied
    }

    /// What the tree itself has.
    #[cfg(test)]
    pub(crate) fn in_tree(&self, key: &[u8]) -> Option<IVec> {
        self.tree.get(key).unwrap()
    }

    /// As if what was staged could not be applied in the middle of a group.
    #[cfg(test)]
    pub(crate) fn lose_staged(&self, why: StoreError) {
        let mut staged = self.staged().unwrap();
        drop(staged.take());
        staged.failed = Some(why);
    }

    fn staged(&self) -> Option<MutexGuard<'_, Staged>> {
        Some(self.staged.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is staged for a record; the inner value is none where it is deleted.
    fn staged_record(&self, key: &[u8]) -> Option<Option<Vec<u8>>> {
        self.staged()?.record(key).cloned()
    }

    /// Applies what is staged if some of it is in this range, which is read from the tree next.
    fn settle_within(&self, range: &std::ops::Range<Vec<u8>>) -> Result<(), StoreError> {
        let concerns = self.staged().is_some_and(|staged| staged.touches(range));
        if concerns { self.settle() } else { Ok(()) }
    }

    /// Applies all of it in one step that a crash does not split.
    pub(crate) fn apply(&self, changes: Changes) -> Result<(), StoreError> {
        let (mut batch, mut space) = (Batch::default(), Vec::new());
        let changed: Vec<_> = changes.records.iter().map(|(key, bytes)| (key.clone(), bytes.is_some())).collect();
        self.read_cache.before_write(&changed);
        for key in &changes.set_aside {
            self.copy_aside(&mut batch, key)?;
        }
        for (key, bytes) in changes.records {
            let stored = self.tree.get(&key).map_err(failed)?;
            let before = stored.as_ref().map_or(0, |first| further_parts(first));
            let taken = |length: usize| length.saturating_add(key.len());
            let bytes_before = stored.map_or(0, |first| taken(bytes_of(&first)));
            space.push((key.clone(), bytes_before, bytes.as_ref().map_or(0, |bytes| taken(bytes.len()))));
            let kept = match bytes {
                Some(bytes) => insert(&mut batch, &key, &bytes),
                None => {
                    batch.remove(key.as_slice());
                    0
                }
            };
            (kept..before).for_each(|number| batch.remove(keys::part(&key, number.saturating_add(1))));
        }
        for (key, set) in changes.index {
            match set {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        let applied = self.apply_whole(batch);
        self.read_cache.after_write(&changed);
        if applied.is_ok() {
            space.iter().for_each(|(key, before, after)| self.space.changed(key, *before, *after));
        }
        applied
    }

    fn copy_aside(&self, batch: &mut Batch, key: &[u8]) -> Result<(), StoreError> {
        let Some(first) = self.tree.get(key).map_err(failed)? else { return Ok(()) };
        for number in 1..=further_parts(&first) {
            let part = keys::part(key, number);
            if let Some(bytes) = self.tree.get(&part).map_err(failed)? {
                batch.insert(keys::set_aside(&part), bytes);
            }
        }
        batch.insert(keys::set_aside(key), first);
        Ok(())
    }

    fn apply_whole(&self, batch: Batch) -> Result<(), StoreError> {
        let _whole = self.whole.write().unwrap_or_else(PoisonError::into_inner);
        self.tree.apply_batch(batch).map_err(failed)
    }

    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        self.tree.flush().map(|_| ()).map_err(failed)
    }

    /// The entries in a range of keys, in order, with their records.
    pub(crate) fn entries(
        &self,
        range: std::ops::Range<Vec<u8>>,
    ) -> impl Iterator<Item = Result<(IVec, IVec), StoreError>> {
        let settled = self.settle_within(&range);
        settled.err().map(Err).into_iter().chain(self.tree.range(range).map(|entry| entry.map_err(failed)))
    }

    /// The last key that begins so.
    pub(crate) fn last(&self, prefix: &[u8]) -> Result<Option<IVec>, StoreError> {
        self.settle_within(&(prefix.to_vec()..keys::end_of(prefix)))?;
        self.tree.scan_prefix(prefix).keys().next_back().transpose().map_err(failed)
    }

    /// Every key that begins so, in order.
    pub(crate) fn keys(&self, prefix: &[u8]) -> Result<Vec<IVec>, StoreError> {
        self.settle_within(&(prefix.to_vec()..keys::end_of(prefix)))?;
        self.tree.scan_prefix(prefix).keys().collect::<Result<_, _>>().map_err(failed)
    }

    /// All parts of a record in one.
    fn gather(&self, key: &[u8], first: &[u8]) -> Result<Vec<u8>, StoreError> {
        let corrupt = || StoreError::Corrupt(KeyKind::name_of(key));
        let (further, head) = first.split_first().ok_or_else(corrupt)?;
        let mut bytes = head.to_vec();
        for number in 1..=*further {
            let part = self.tree.get(keys::part(key, number)).map_err(failed)?;
            bytes.extend_from_slice(&part.ok_or_else(corrupt)?);
        }
        Ok(bytes)
    }
}

/// Puts a record into a batch, in parts; returns how many there are after the first.
fn insert(batch: &mut Batch, key: &[u8], bytes: &[u8]) -> u8 {
    let mut parts = bytes.chunks(PART_BYTES);
    let head = parts.next().unwrap_or_default();
    let further = u8::try_from(parts.len()).unwrap_or(u8::MAX);
    batch.insert(key, [&[further], head].concat());
    for (number, part) in (1..=further).zip(parts) {
        batch.insert(keys::part(key, number), part);
    }
    further
}

fn further_parts(first: &[u8]) -> u8 {
    first.first().copied().unwrap_or_default()
}

/// About how many bytes a record has, by its first part: the last of several parts may be shorter.
pub(crate) fn bytes_of(first: &[u8]) -> usize {
    first.len().saturating_add(usize::from(further_parts(first)).saturating_mul(PART_BYTES))
}

/// The engine failed.
pub(crate) fn failed(why: impl ToString) -> StoreError {
    StoreError::Failed(why.to_string())
}

#[cfg(test)]
mod tests;
