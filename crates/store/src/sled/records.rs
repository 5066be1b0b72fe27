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
use sled::{Batch, IVec, Tree};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

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
    /// The writer's alone: what is planned and not applied yet.
    staged: Option<Arc<Mutex<Staged>>>,
}

impl Records {
    pub(crate) fn new(tree: Tree, codec: Codec) -> Self {
        Self { tree, codec, whole: Arc::default(), read_cache: Arc::default(), staged: None }
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
        let mut batch = Batch::default();
        let changed: Vec<_> = changes.records.iter().map(|(key, bytes)| (key.clone(), bytes.is_some())).collect();
        self.read_cache.before_write(&changed);
        for key in &changes.set_aside {
            self.copy_aside(&mut batch, key)?;
        }
        for (key, bytes) in changes.records {
            let before = self.tree.get(&key).map_err(failed)?.map_or(0, |first| further_parts(&first));
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

/// The engine failed.
pub(crate) fn failed(why: impl ToString) -> StoreError {
    StoreError::Failed(why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::RecordMac;
    use crate::format::kind::RecordKind;
    use crate::format::stored::{DecodeError, append, parse};
    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    #[derive(Debug)]
    struct Mac;

    impl RecordMac for Mac {
        fn tag(&self, bytes: &[u8]) -> [u8; 16] {
            *Sha256::digest(bytes).first_chunk().unwrap()
        }
        fn verify(&self, bytes: &[u8], tag: &[u8; 16]) -> bool {
            self.tag(bytes) == *tag
        }
    }

    /// A record that is nothing but a text.
    #[derive(Debug, PartialEq)]
    struct Text(String);

    impl Stored for Text {
        const KIND: RecordKind = RecordKind::Login;
        const VERSION: u8 = 1;
        fn write(&self, to: Vec<u8>) -> Result<Vec<u8>, postcard::Error> {
            append(&self.0, to)
        }
        fn read(version: u8, body: &[u8]) -> Result<Self, DecodeError> {
            if version == 1 { Ok(Self(parse(body)?)) } else { Err(DecodeError::Version(version)) }
        }
    }

    fn records() -> (sled::Db, Records) {
        let db = sled::Config::new().temporary(true).flush_every_ms(None).open().unwrap();
        let tree = db.open_tree("records").unwrap();
        (db, Records::new(tree, Codec::new(Arc::new(Mac))))
    }

    /// How many of the records no key explains.
    fn damaged(records: &Records) -> usize {
        let keys = records.tree.iter().keys().map(Result::unwrap);
        keys.filter(|key| matches!(records.made_by(key), Err(StoreError::Corrupt(_)))).count()
    }

    fn write(records: &Records, key: &[u8], value: Option<&str>) {
        let mut changes = Changes::default();
        match value {
            Some(value) => records.put(&mut changes, key.to_vec(), &Text(value.to_owned())).unwrap(),
            None => changes.remove(key.to_vec()),
        }
        records.apply(changes).unwrap();
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// Whatever size follows whatever size: the newest is read, and nothing of the older ones is left.
        #[test]
        fn records_of_all_sizes_replace_each_other(sizes in prop::collection::vec(0_usize..20_000, 1..5)) {
            let (_db, records) = records();
            for size in sizes {
                let text = "x".repeat(size);
                write(&records, b"Lone", Some(&text));
                prop_assert_eq!(records.get::<Text>(b"Lone").unwrap().unwrap().0, text);
                prop_assert!(records.tree.iter().values().all(|value| value.unwrap().len() <= PART_BYTES + 1));
            }
            write(&records, b"Lone", None);
            prop_assert!(records.tree.is_empty());
        }
    }

    /// A step of a writer.
    #[derive(Debug, Clone)]
    enum Step {
        Put(u8, usize),
        Remove(u8),
        List(u8),
        Unlist(u8),
        Settle,
    }

    fn step() -> impl Strategy<Value = Step> {
        // The largest alone is more than may be staged.
        let size = prop_oneof![4 => 0_usize..100, 1 => 3_990_usize..9_000, 1 => Just(300_000)];
        prop_oneof![
            4 => (0_u8..4, size).prop_map(|(key, size)| Step::Put(key, size)),
            1 => (0_u8..4).prop_map(Step::Remove),
            1 => (0_u8..4).prop_map(Step::List),
            1 => (0_u8..4).prop_map(Step::Unlist),
            1 => Just(Step::Settle),
        ]
    }

    impl Step {
        fn take(&self, records: &Records) {
            let mut changes = Changes::default();
            match self {
                Self::Put(key, size) => {
                    records.put(&mut changes, vec![b'L', *key], &Text("x".repeat(*size))).unwrap();
                }
                Self::Remove(key) => changes.remove(vec![b'L', *key]),
                Self::List(key) => changes.put_index(vec![b'B', *key]),
                Self::Unlist(key) => changes.remove_index(vec![b'B', *key]),
                Self::Settle => records.settle().unwrap(),
            }
            records.stage(changes).unwrap();
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        /// What a writer reads is the same whether each of its changes was applied or waits; so is what is there at last.
        #[test]
        fn staged_changes_read_like_applied_ones(steps in prop::collection::vec((step(), any::<bool>()), 1..24)) {
            let ((_one, plain), (_other, staging)) = (records(), records());
            let writer = staging.clone().for_writer();
            for (step, also_ranges) in steps {
                step.take(&plain);
                step.take(&writer);
                for key in 0..4 {
                    let key = [b'L', key];
                    prop_assert_eq!(writer.get::<Text>(&key).unwrap(), plain.get::<Text>(&key).unwrap());
                    prop_assert_eq!(writer.contains(&key).unwrap(), plain.contains(&key).unwrap());
                    prop_assert_eq!(writer.bytes(&key).unwrap(), plain.bytes(&key).unwrap());
                }
                if also_ranges {
                    let all = |of: &Records| of.entries(vec![b'B', 0]..vec![b'B', 9]).map(Result::unwrap).collect::<Vec<_>>();
                    prop_assert_eq!(all(&writer), all(&plain));
                    prop_assert_eq!(writer.last(b"B").unwrap(), plain.last(b"B").unwrap());
                    prop_assert_eq!(writer.keys(b"L").unwrap(), plain.keys(b"L").unwrap());
                }
            }
            writer.settle().unwrap();
            prop_assert_eq!(
                staging.tree.iter().map(Result::unwrap).collect::<Vec<_>>(),
                plain.tree.iter().map(Result::unwrap).collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn the_largest_record_fits_and_a_larger_one_is_refused() {
        let (_db, records) = records();
        let fits = "x".repeat(PART_BYTES * PARTS - 1 - 16 - 3);
        write(&records, b"Lone", Some(&fits));
        assert_eq!(records.get::<Text>(b"Lone").unwrap().unwrap().0, fits);
        let refused = records.put(&mut Changes::default(), b"Lone".to_vec(), &Text(format!("{fits}x")));
        assert!(matches!(refused, Err(StoreError::Encoding("login record", _))), "{refused:?}");
    }

    /// O09, R06: a record with any byte changed, cut short, moved to another key or without one of its parts is no record.
    #[test]
    fn damage_is_found_wherever_it_is() {
        let (_db, records) = records();
        let text = "y".repeat(6000);
        for (key, text) in [(b"Lone", "short"), (b"Ltwo", text.as_str())] {
            write(&records, key, Some(text));
        }
        let entries: Vec<_> = records.tree.iter().map(Result::unwrap).collect();
        for (key, value) in &entries {
            for at in (0..value.len()).filter(|at| *at < 40 || at % 97 == 0 || value.len() - at < 20) {
                let mut bent = value.to_vec();
                bent[at] ^= 0x40;
                records.tree.insert(key, bent).unwrap();
                assert_eq!(damaged(&records), 1, "byte {at}");
                let read = [b"Lone", b"Ltwo"].map(|key| records.get::<Text>(key));
                assert!(read.contains(&Err(StoreError::Corrupt("login record"))), "byte {at}: {read:?}");
            }
            records.tree.insert(key, &value[..value.len() - 1]).unwrap();
            assert_eq!(damaged(&records), 1);
            records.tree.insert(key, value).unwrap();
        }
        assert_eq!(damaged(&records), 0);
        records.tree.insert(b"Lone", &entries.iter().find(|entry| entry.0 == b"Ltwo").unwrap().1).unwrap();
        assert_eq!(records.get::<Text>(b"Lone"), Err(StoreError::Corrupt("login record")));
        records.tree.remove(keys::part(b"Ltwo", 1)).unwrap();
        assert_eq!(records.get::<Text>(b"Ltwo"), Err(StoreError::Corrupt("login record")));
    }

    #[test]
    fn a_newer_version_is_told_from_damage() {
        let (_db, records) = records();
        let mut body = vec![u8::MAX, 1, b'x'];
        let tag = Mac.tag(&[&4_u64.to_be_bytes()[..], b"Lone", &body].concat());
        body.extend_from_slice(&tag);
        records.tree.insert(b"Lone", [&[0], body.as_slice()].concat()).unwrap();
        assert_eq!(records.get::<Text>(b"Lone"), Err(StoreError::Newer("login record")));
        assert_eq!(records.made_by(b"Lone"), Err(StoreError::Newer("login record")));
    }
}
