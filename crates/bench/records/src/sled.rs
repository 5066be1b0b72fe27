//! sled: a record and an entry of its user's list, as the store wrote them; and records packed into larger values.

use crate::engine::{BYTES, Record, Table, id_of, list_of};
use anyhow::{Context, Result};
use sled::{Config, Db, Mode, Tree};
use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Two inserts a record, and two more for 32 records: when they expire, and the store's header.
pub struct Separate {
    tree: Tree,
    file: File,
    _db: Db,
}

/// Five records in a value of less than 4,000 bytes; two small entries a record lead to it.
pub struct Packed {
    sled: Separate,
    next: AtomicU64,
}

fn login(id: &[u8; 32]) -> Vec<u8> {
    [&b"Lacme"[..], id].concat()
}

impl Separate {
    pub fn open(folder: &Path) -> Result<Self> {
        let config = Config::new().path(folder.join("db")).cache_capacity(1 << 30).mode(Mode::LowSpace);
        let db = config.flush_every_ms(None).open()?;
        Ok(Self { tree: db.open_tree("records")?, file: File::open(folder.join("db/db"))?, _db: db })
    }

    fn list_by(&self, user: u64, most: usize, get: impl Fn(&[u8; 32]) -> Result<Option<Vec<u8>>>) -> Result<usize> {
        let mut found = 0;
        for key in self.tree.scan_prefix(list_of(user)).keys().take(most) {
            found += usize::from(get(&id_of(&key?).context("a key is cut off")?)?.is_some());
        }
        Ok(found)
    }
}

impl Table for Separate {
    fn apply(&self, batch: &[Record]) -> Result<()> {
        let Some(first) = batch.first() else { return Ok(()) };
        let expiry = [&b"E"[..], &(first.at / 3_600_000).to_be_bytes(), &first.id].concat();
        self.tree.insert(expiry, batch.iter().flat_map(|record| login(&record.id)).collect::<Vec<u8>>())?;
        for record in batch {
            self.tree.insert(record.list_key(), &[])?;
            self.tree.insert(login(&record.id), record.bytes.as_slice())?;
        }
        self.tree.insert(b"M", &first.at.to_be_bytes())?;
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        self.tree.flush()?;
        Ok(self.file.sync_data()?)
    }

    fn get(&self, id: &[u8; 32]) -> Result<Option<Vec<u8>>> {
        Ok(self.tree.get(login(id))?.map(|bytes| bytes.to_vec()))
    }

    fn list(&self, user: u64, most: usize) -> Result<usize> {
        self.list_by(user, most, |id| self.get(id))
    }
}

impl Packed {
    pub fn open(folder: &Path) -> Result<Self> {
        Ok(Self { sled: Separate::open(folder)?, next: AtomicU64::new(0) })
    }
}

impl Table for Packed {
    fn apply(&self, batch: &[Record]) -> Result<()> {
        let tree = &self.sled.tree;
        for together in batch.chunks(5) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let bytes: Vec<u8> = together.iter().flat_map(|record| record.bytes.iter().copied()).collect();
            tree.insert([&b"Z"[..], &number.to_be_bytes()].concat(), bytes)?;
            for (place, record) in (0_u8..).zip(together) {
                tree.insert(record.list_key(), &[])?;
                tree.insert(login(&record.id), [&number.to_be_bytes()[..], &[place]].concat())?;
            }
        }
        tree.insert(b"M", b"header")?;
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        self.sled.sync()
    }

    fn get(&self, id: &[u8; 32]) -> Result<Option<Vec<u8>>> {
        let Some(at) = self.sled.get(id)? else { return Ok(None) };
        let (number, place) = at.split_at(8);
        let together = self.sled.tree.get([b"Z", number].concat())?.context("a value is missing")?;
        let start = usize::from(place.first().copied().unwrap_or_default()) * (BYTES + 16);
        Ok(together.get(start..start + BYTES + 16).map(<[u8]>::to_vec))
    }

    fn list(&self, user: u64, most: usize) -> Result<usize> {
        self.sled.list_by(user, most, |id| self.get(id))
    }
}
