//! Typed records on the one tree. A large record is stored in parts.
//!
//! The engine writes a leaf of more than 128 KiB, some sixteen values, to a file of its own that nobody syncs: after a power
//! cut it may be missing. With parts of 4,000 bytes no leaf comes near that.

use crate::api::StoreError;
use crate::codec::Codec;
use crate::keys::{self, Kind};
use crate::known::Known;
use crate::lane::Light;
use postlude_model::names::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sled::{Batch, IVec, Tree};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Bytes of one stored value.
const PART_BYTES: usize = 4000;
/// Parts of one record: the first, and as many as a byte can count.
const PARTS: usize = 256;

/// The tree with its codec. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Values {
    tree: Tree,
    codec: Codec,
    /// Held while a batch is applied, so that nobody reads the parts of two versions of a record.
    whole: Arc<RwLock<()>>,
    /// What is known without the tree; every change passes here.
    pub(crate) known: Arc<Known>,
}

/// What will be changed together, by key; [`None`] deletes a record.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    records: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// What a mark's value is; [`None`] takes it away.
    marks: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

/// An encoded record.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) key: Vec<u8>,
    pub(crate) bytes: Arc<[u8]>,
}

impl Changes {
    pub(crate) fn remove(&mut self, key: Vec<u8>) {
        self.records.insert(key, None);
    }

    /// A key whose value is not a record.
    pub(crate) fn mark(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.marks.insert(key, Some(value));
    }

    /// Takes a mark away, unless these changes set it.
    pub(crate) fn unmark(&mut self, key: Vec<u8>) {
        self.marks.entry(key).or_insert(None);
    }

    /// The keys of all records in it.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.records.keys().map(Vec::as_slice)
    }
}

/// What a walk over all records found.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    pub(crate) records: usize,
    pub(crate) damaged: usize,
    pub(crate) first: Option<&'static str>,
    pub(crate) newer: bool,
}

impl Values {
    pub(crate) fn new(tree: Tree, codec: Codec) -> Self {
        Self { tree, codec, whole: Arc::default(), known: Arc::default() }
    }

    pub(crate) fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        let _whole = self.whole.read().unwrap_or_else(PoisonError::into_inner);
        let Some(first) = self.tree.get(key).map_err(failed)? else { return Ok(None) };
        self.codec.decode(key, &self.gather(key, &first)?).map(Some)
    }

    pub(crate) fn put<T: Serialize>(&self, changes: &mut Changes, key: Vec<u8>, value: &T) -> Result<(), StoreError> {
        let bytes = self.encode(&key, value)?;
        changes.records.insert(key, Some(bytes));
        Ok(())
    }

    /// A record as it is stored.
    pub(crate) fn encode<T: Serialize>(&self, key: &[u8], value: &T) -> Result<Vec<u8>, StoreError> {
        let bytes = self.codec.encode(key, value)?;
        if bytes.len() > PART_BYTES * PARTS {
            let why = format!("it has {} bytes, more than {}", bytes.len(), PART_BYTES * PARTS);
            return Err(StoreError::Encoding(Kind::name_of(key), why));
        }
        Ok(bytes)
    }

    pub(crate) fn decode<T: DeserializeOwned>(&self, key: &[u8], bytes: &[u8]) -> Result<T, StoreError> {
        self.codec.decode(key, bytes)
    }

    /// Applies all of it in one step that a crash does not split.
    pub(crate) fn apply(&self, changes: Changes) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        let changed: Vec<_> = changes.records.iter().map(|(key, bytes)| (key.clone(), bytes.is_some())).collect();
        self.known.changing(&changed);
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
        for (key, set) in changes.marks {
            match set {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        let applied = self.apply_whole(batch);
        self.known.changed(&changed);
        applied
    }

    /// Applies login records that are new, and the store's header after them. One mark tells when all that expire together do.
    ///
    /// Not as one batch, for which the engine stops all readers. What is written first is harmless alone: a crash leaves a
    /// mark without its record, never a record without its mark. Readers find these records elsewhere until this is done.
    pub(crate) fn apply_new(&self, lights: &[Light], header: &Record) -> Result<(), StoreError> {
        let mut expiring: BTreeMap<Timestamp, Vec<&[u8]>> = BTreeMap::new();
        for light in lights {
            expiring.entry(light.expires).or_default().push(&light.record.key);
        }
        for (at, keys) in expiring {
            let Some((first, others)) = keys.split_first() else { continue };
            let others = keys::several(others.iter().copied());
            self.tree.insert(keys::expiry(at, first), others).map_err(failed)?;
        }
        for light in lights {
            self.tree.insert(light.listed.as_slice(), &[]).map_err(failed)?;
            self.insert_new(&light.record)?;
        }
        self.insert_new(header)
    }

    fn insert_new(&self, record: &Record) -> Result<(), StoreError> {
        if record.bytes.len() <= PART_BYTES {
            let whole = [&[0], &*record.bytes].concat();
            return self.tree.insert(record.key.as_slice(), whole).map(|_| ()).map_err(failed);
        }
        let mut batch = Batch::default();
        insert(&mut batch, &record.key, &record.bytes);
        self.apply_whole(batch)
    }

    fn apply_whole(&self, batch: Batch) -> Result<(), StoreError> {
        let _whole = self.whole.write().unwrap_or_else(PoisonError::into_inner);
        self.tree.apply_batch(batch).map_err(failed)
    }

    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        self.tree.flush().map(|_| ()).map_err(failed)
    }

    /// The marks in a range of keys, in order, with their values.
    pub(crate) fn marks(
        &self,
        range: std::ops::Range<Vec<u8>>,
    ) -> impl Iterator<Item = Result<(IVec, IVec), StoreError>> {
        self.tree.range(range).map(|entry| entry.map_err(failed))
    }

    /// The last key that begins so.
    pub(crate) fn last(&self, prefix: &[u8]) -> Result<Option<IVec>, StoreError> {
        self.tree.scan_prefix(prefix).keys().next_back().transpose().map_err(failed)
    }

    /// Every key that begins so, in order.
    pub(crate) fn keys(&self, prefix: &[u8]) -> Result<Vec<IVec>, StoreError> {
        self.tree.scan_prefix(prefix).keys().collect::<Result<_, _>>().map_err(failed)
    }

    /// Verifies every record.
    pub(crate) fn walk(&self) -> Result<Walk, StoreError> {
        let mut walk = Walk::default();
        for entry in &self.tree {
            let (key, first) = entry.map_err(failed)?;
            let kind = Kind::of(&key);
            if matches!(kind, Some(Kind::Expiry | Kind::Part | Kind::ByUser)) {
                continue;
            }
            walk.records += 1;
            self.known.changing(&[(key.to_vec(), true)]);
            match self.gather(&key, &first).and_then(|bytes| self.codec.verify(&key, &bytes).map(|_| ())) {
                Ok(()) => {}
                Err(StoreError::Newer(_)) => walk.newer = true,
                Err(StoreError::Corrupt(name)) => {
                    tracing::error!(
                        kind = name,
                        number = walk.records,
                        "a stored record is damaged, or another root key's"
                    );
                    walk.damaged += 1;
                    walk.first = walk.first.or(Some(name));
                }
                Err(other) => return Err(other),
            }
        }
        Ok(walk)
    }

    /// All parts of a record in one.
    fn gather(&self, key: &[u8], first: &[u8]) -> Result<Vec<u8>, StoreError> {
        let corrupt = || StoreError::Corrupt(Kind::name_of(key));
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

    fn values() -> (sled::Db, Values) {
        let db = sled::Config::new().temporary(true).flush_every_ms(None).open().unwrap();
        let tree = db.open_tree("records").unwrap();
        (db, Values::new(tree, Codec::new(Arc::new(Mac))))
    }

    fn write(values: &Values, key: &[u8], value: Option<&str>) {
        let mut changes = Changes::default();
        match value {
            Some(value) => values.put(&mut changes, key.to_vec(), &value).unwrap(),
            None => changes.remove(key.to_vec()),
        }
        values.apply(changes).unwrap();
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// Whatever size follows whatever size: the newest is read, and nothing of the older ones is left.
        #[test]
        fn records_of_all_sizes_replace_each_other(sizes in prop::collection::vec(0_usize..20_000, 1..5)) {
            let (_db, values) = values();
            for size in sizes {
                let text = "x".repeat(size);
                write(&values, b"Lone", Some(&text));
                prop_assert_eq!(values.get::<String>(b"Lone").unwrap().unwrap(), text);
                prop_assert!(values.tree.iter().values().all(|value| value.unwrap().len() <= PART_BYTES + 1));
            }
            write(&values, b"Lone", None);
            prop_assert!(values.tree.is_empty());
        }
    }

    #[test]
    fn the_largest_record_fits_and_a_larger_one_is_refused() {
        let (_db, values) = values();
        let fits = "x".repeat(PART_BYTES * PARTS - 1 - 16 - 3);
        write(&values, b"Lone", Some(&fits));
        assert_eq!(values.get::<String>(b"Lone").unwrap().unwrap(), fits);
        let refused = values.put(&mut Changes::default(), b"Lone".to_vec(), &format!("{fits}x"));
        assert!(matches!(refused, Err(StoreError::Encoding("login record", _))), "{refused:?}");
    }

    /// A record with any byte changed, cut short, moved to another key or without one of its parts is no record.
    #[test]
    fn damage_is_found_wherever_it_is() {
        let (_db, values) = values();
        let text = "y".repeat(6000);
        for (key, text) in [(b"Lone", "short"), (b"Ltwo", text.as_str())] {
            write(&values, key, Some(text));
        }
        let entries: Vec<_> = values.tree.iter().map(Result::unwrap).collect();
        for (key, value) in &entries {
            for at in (0..value.len()).filter(|at| *at < 40 || at % 97 == 0 || value.len() - at < 20) {
                let mut bent = value.to_vec();
                bent[at] ^= 0x40;
                values.tree.insert(key, bent).unwrap();
                assert_eq!(values.walk().unwrap().damaged, 1, "byte {at}");
                let read = [b"Lone", b"Ltwo"].map(|key| values.get::<String>(key));
                assert!(read.contains(&Err(StoreError::Corrupt("login record"))), "byte {at}: {read:?}");
            }
            values.tree.insert(key, &value[..value.len() - 1]).unwrap();
            assert_eq!(values.walk().unwrap().damaged, 1);
            values.tree.insert(key, value).unwrap();
        }
        assert_eq!(values.walk().unwrap().damaged, 0);
        values.tree.insert(b"Lone", &entries.iter().find(|entry| entry.0 == b"Ltwo").unwrap().1).unwrap();
        assert_eq!(values.get::<String>(b"Lone"), Err(StoreError::Corrupt("login record")));
        values.tree.remove(keys::part(b"Ltwo", 1)).unwrap();
        assert_eq!(values.get::<String>(b"Ltwo"), Err(StoreError::Corrupt("login record")));
    }

    #[test]
    fn a_newer_version_is_told_from_damage() {
        let (_db, values) = values();
        let mut body = vec![2, 1, b'x'];
        let tag = Mac.tag(&[&4_u64.to_be_bytes()[..], b"Lone", &body].concat());
        body.extend_from_slice(&tag);
        values.tree.insert(b"Lone", [&[0], body.as_slice()].concat()).unwrap();
        assert_eq!(values.get::<String>(b"Lone"), Err(StoreError::Newer("login record")));
        assert!(values.walk().unwrap().newer);
    }
}
