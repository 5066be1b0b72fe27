//! Changes of the database: those of one commit, and those of several commits that are applied together.

use crate::api::StoreError;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Bytes of changes that are applied together at most: half of a segment of the engine's log.
const STAGED_BYTES: usize = 256 * 1024;

/// What will be changed together, by key; [`None`] deletes a record.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(super) records: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// The values of index entries; [`None`] deletes an entry.
    pub(super) index: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// Damaged records of which a copy is kept.
    pub(super) set_aside: BTreeSet<Vec<u8>>,
}

impl Changes {
    /// Keeps a copy of what is stored under a key now: it is damaged, and something else takes its place.
    pub(crate) fn set_aside(&mut self, key: Vec<u8>) {
        self.set_aside.insert(key);
    }

    pub(crate) fn remove(&mut self, key: Vec<u8>) {
        self.records.insert(key, None);
    }

    /// Sets an entry of an index, which is no record and carries no MAC.
    pub(crate) fn put_index(&mut self, key: Vec<u8>) {
        self.index.insert(key, Some(Vec::new()));
    }

    /// Deletes an entry of an index, unless these changes set it.
    pub(crate) fn remove_index(&mut self, key: Vec<u8>) {
        self.index.entry(key).or_insert(None);
    }

    /// The keys of all records that change.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.records.keys().map(Vec::as_slice)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty() && self.index.is_empty() && self.set_aside.is_empty()
    }
}

/// The changes of commits that follow each other. The engine hands each batch over to threads of its own, twice: a group of commits
/// in one batch costs that once.
#[derive(Debug, Default)]
pub(super) struct Staged {
    changes: Changes,
    bytes: usize,
    /// Why what was staged could not be applied. It is lost, so nothing of this writer may be acknowledged any more.
    pub(super) failed: Option<StoreError>,
}

impl Staged {
    /// Adds what comes after; whether it is enough to be applied.
    pub(super) fn add(&mut self, changes: Changes) -> bool {
        for (to, from) in [(&mut self.changes.records, changes.records), (&mut self.changes.index, changes.index)] {
            for (key, value) in from {
                self.bytes += key.len() + value.as_ref().map_or(0, Vec::len);
                to.insert(key, value);
            }
        }
        self.bytes >= STAGED_BYTES
    }

    /// All of it; nothing is staged afterwards.
    pub(super) fn take(&mut self) -> Changes {
        self.bytes = 0;
        std::mem::take(&mut self.changes)
    }

    /// What is staged for a record.
    pub(super) fn record(&self, key: &[u8]) -> Option<&Option<Vec<u8>>> {
        self.changes.records.get(key)
    }

    /// Whether something in this range changes.
    pub(super) fn touches(&self, range: &Range<Vec<u8>>) -> bool {
        let within = |of: &BTreeMap<Vec<u8>, Option<Vec<u8>>>| of.range(range.clone()).next().is_some();
        range.start >= range.end || within(&self.changes.records) || within(&self.changes.index)
    }
}
