//! An index in memory: of the logins that wait, and of a segment that is written to.

use super::frame::{Entry, Place};
use std::collections::HashMap;

/// Logins in the order in which they were appended: 40 bytes each, and 32 in the tables of hashes.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    all: Vec<Linked>,
    /// The newest of a hash.
    by_id: HashMap<u64, u32>,
    by_user: HashMap<u64, u32>,
}

/// What leads to a login.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IndexEntry {
    pub(crate) id_hash: u64,
    pub(crate) user_hash: u64,
    pub(crate) created_at: u64,
    place: u64,
}

/// An entry, and the numbers of those before it of the same hashes.
#[derive(Debug)]
struct Linked {
    entry: IndexEntry,
    earlier_of_id: u32,
    earlier_of_user: u32,
}

/// The number of no entry.
const NONE: u32 = u32::MAX;

impl IndexEntry {
    pub(crate) fn place(&self) -> Place {
        Place::unpacked(self.place)
    }
}

impl Entries {
    pub(crate) fn push(&mut self, entry: &Entry) {
        let number = u32::try_from(self.all.len()).unwrap_or(NONE);
        let earlier_of_id = self.by_id.insert(entry.id_hash, number).unwrap_or(NONE);
        let earlier_of_user = self.by_user.insert(entry.user_hash, number).unwrap_or(NONE);
        let Entry { id_hash, user_hash, created_at, place, .. } = *entry;
        let entry = IndexEntry { id_hash, user_hash, created_at, place: place.packed() };
        self.all.push(Linked { entry, earlier_of_id, earlier_of_user });
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &IndexEntry> {
        self.all.iter().map(|linked| &linked.entry)
    }

    /// The logins of an identifier's hash, the newest first: one, but for a login whose identifier came again after it expired.
    pub(crate) fn of_id(&self, hash: u64) -> impl Iterator<Item = &IndexEntry> {
        self.chain(self.by_id.get(&hash), |linked| linked.earlier_of_id)
    }

    /// The logins of a user's hash, the one that was appended last first.
    pub(crate) fn of_user(&self, hash: u64) -> impl Iterator<Item = &IndexEntry> {
        self.chain(self.by_user.get(&hash), |linked| linked.earlier_of_user)
    }

    /// Forgets all of them, and keeps the memory for the next ones.
    pub(crate) fn clear(&mut self) {
        self.all.clear();
        self.by_id.clear();
        self.by_user.clear();
    }

    fn chain(&self, newest: Option<&u32>, earlier: fn(&Linked) -> u32) -> impl Iterator<Item = &IndexEntry> {
        let at = |number: u32| self.all.get(usize::try_from(number).ok()?);
        let newest = newest.and_then(|number| at(*number));
        std::iter::successors(newest, move |linked| at(earlier(linked))).map(|linked| &linked.entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_by_both_hashes_newest_first() {
        let mut entries = Entries::default();
        for (id_hash, user_hash, created_at) in [(1, 9, 1), (2, 9, 2), (1, 8, 3)] {
            entries.push(&Entry { id_hash, user_hash, created_at, ..Entry::default() });
        }
        let times = |found: Vec<&IndexEntry>| found.iter().map(|entry| entry.created_at).collect::<Vec<_>>();
        assert_eq!(times(entries.of_id(1).collect()), [3, 1]);
        assert_eq!(times(entries.of_user(9).collect()), [2, 1]);
        assert!(entries.of_id(3).next().is_none() && entries.len() == 3);
        entries.clear();
        assert!(entries.len() == 0 && entries.of_id(1).next().is_none());
    }
}
