//! The scrub: looks at every record in the background, a part at a time, and has those of an earlier root key tagged again.

use super::changes::Changes;
use super::database::Database;
use super::keys::{self, KeyKind};
use super::records::bytes_of;
use crate::api::StoreError;
use crate::api::observer::report;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How far the scrub is.
#[derive(Debug, Default)]
pub(crate) struct ScrubState {
    now: Mutex<Passes>,
}

#[derive(Debug, Default)]
struct Passes {
    /// The last key that was looked at; none before a pass.
    after: Option<Vec<u8>>,
    running: Counts,
    /// What the last pass found that is complete.
    last: Option<Counts>,
}

/// What a pass found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    pub(crate) checked: u64,
    pub(crate) damaged: BTreeMap<&'static str, u64>,
    /// Records with the tag of each root key, the one in use first.
    pub(crate) by_key: Vec<u64>,
}

impl Counts {
    fn count(&mut self, made_by: usize) {
        if self.by_key.len() <= made_by {
            self.by_key.resize(made_by.saturating_add(1), 0);
        }
        if let Some(count) = self.by_key.get_mut(made_by) {
            *count = count.saturating_add(1);
        }
    }

    fn add(&mut self, other: &Self) {
        self.checked = self.checked.saturating_add(other.checked);
        for (kind, count) in &other.damaged {
            let sum = self.damaged.entry(kind).or_default();
            *sum = sum.saturating_add(*count);
        }
        self.by_key.resize(self.by_key.len().max(other.by_key.len()), 0);
        for (sum, count) in self.by_key.iter_mut().zip(&other.by_key) {
            *sum = sum.saturating_add(*count);
        }
    }

    /// So many records of earlier keys were tagged again.
    pub(crate) fn tagged_again(&mut self, mut tagged: u64) {
        let Some((current, earlier)) = self.by_key.split_first_mut() else { return };
        for count in earlier {
            let of_this = tagged.min(*count);
            *count = count.saturating_sub(of_this);
            *current = current.saturating_add(of_this);
            tagged = tagged.saturating_sub(of_this);
        }
    }
}

/// What a look at some records found.
#[derive(Debug, Default)]
pub(crate) struct Look {
    pub(crate) counts: Counts,
    /// Records of earlier root keys.
    pub(crate) earlier: Vec<Vec<u8>>,
    /// What the records take, with the key of each.
    pub(crate) bytes: Vec<(Vec<u8>, u64)>,
    /// The last key; none at the end.
    pub(crate) after: Option<Vec<u8>>,
}

/// What gives records a tag of the root key in use, and how many need no earlier one then: one that was written meanwhile has it already.
pub(crate) fn plan(database: &Database, keys: &[Vec<u8>]) -> Result<(Changes, u64), StoreError> {
    let (mut changes, mut count) = (Changes::default(), 0_u64);
    for key in keys {
        match database.records.tag_again(&mut changes, key) {
            Ok(_) => count = count.saturating_add(1),
            Err(why) => report(&*database.observer, why, "the scrub leaves it")?,
        }
    }
    Ok((changes, count))
}

/// Looks at about `most` records after a key.
pub(crate) fn look(database: &Database, after: Option<Vec<u8>>, most: usize) -> Result<Look, StoreError> {
    let mut found = Look::default();
    // A key with a zero byte at its end is the next one that can be.
    let mut from = after.map(|key| [&key[..], &[0]].concat()).unwrap_or_default();
    'kinds: loop {
        for entry in database.records.entries(from.clone()..vec![u8::MAX]) {
            let (key, first) = entry?;
            // Entries of indexes and parts of records are many and no records: the next kind of key follows them.
            if KeyKind::of(&key).is_some_and(|kind| kind.record().is_none()) {
                from = keys::end_of(key.get(..1).unwrap_or_default());
                continue 'kinds;
            }
            look_at(database, &key, &mut found)?;
            let bytes = key.len().saturating_add(bytes_of(&first));
            found.bytes.push((key.to_vec(), u64::try_from(bytes).unwrap_or(u64::MAX)));
            if found.counts.checked >= u64::try_from(most).unwrap_or(u64::MAX) {
                found.after = Some(key.to_vec());
                return Ok(found);
            }
        }
        return Ok(found);
    }
}

fn look_at(database: &Database, key: &[u8], found: &mut Look) -> Result<(), StoreError> {
    found.counts.checked = found.counts.checked.saturating_add(1);
    // Gone meanwhile where there is none.
    match database.records.made_by(key) {
        Ok(Some(made_by)) => {
            found.counts.count(made_by);
            if made_by > 0 {
                found.earlier.push(key.to_vec());
            }
        }
        Ok(None) => {}
        Err(why) => {
            // Logged together at the end of a pass: without their root key, all records are so.
            let kind = why.unreadable().ok_or(why)?;
            database.observer.unreadable(kind);
            let count = found.counts.damaged.entry(kind).or_default();
            *count = count.saturating_add(1);
        }
    }
    Ok(())
}

impl ScrubState {
    /// The last key that was looked at; none before a pass.
    pub(crate) fn after(&self) -> Option<Vec<u8>> {
        self.passes().after.clone()
    }

    /// Adds what a look found, which began after the key that [`Self::after`] gave.
    pub(crate) fn add(&self, counts: &Counts, after: Option<Vec<u8>>) {
        let mut passes = self.passes();
        if passes.after.is_none() {
            passes.running = Counts::default();
        }
        passes.running.add(counts);
        passes.after = after;
        if passes.after.is_some() {
            return;
        }
        let (checked, damaged) = (passes.running.checked, &passes.running.damaged);
        if damaged.is_empty() {
            tracing::info!(checked, "every stored record was looked at, and none is damaged");
        } else {
            tracing::error!(
                checked,
                ?damaged,
                "stored records are damaged, or a root key that was removed made them; they count as absent, and `postlude store check` lists them"
            );
        }
        passes.last = Some(passes.running.clone());
    }

    /// What the last pass found, or that which runs where none is complete, and whether one is.
    pub(crate) fn counts(&self) -> (Counts, bool) {
        let passes = self.passes();
        (passes.last.as_ref().unwrap_or(&passes.running).clone(), passes.last.is_some())
    }

    fn passes(&self) -> std::sync::MutexGuard<'_, Passes> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
