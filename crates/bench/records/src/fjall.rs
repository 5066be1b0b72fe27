//! fjall, a log-structured merge tree: records in one keyspace, users' lists in another; with the records in the tree, or apart.

use crate::engine::{Record, Table, id_of, list_of};
use anyhow::{Context, Result};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, KvSeparationOptions, PersistMode};
use std::path::Path;

pub struct Fjall {
    db: Database,
    logins: Keyspace,
    by_user: Keyspace,
}

impl Fjall {
    pub fn open(folder: &Path, apart: bool) -> Result<Self> {
        let builder = Database::builder(folder).cache_size(256 << 20).worker_threads(1);
        let db = builder.manual_journal_persist(true).open()?;
        let options = KeyspaceCreateOptions::default;
        let blobs = apart.then(|| KvSeparationOptions::default().separation_threshold(256));
        let logins = db.keyspace("logins", || options().with_kv_separation(blobs))?;
        let by_user = db.keyspace("by_user", options)?;
        Ok(Self { db, logins, by_user })
    }
}

impl Table for Fjall {
    fn apply(&self, records: &[Record]) -> Result<()> {
        let mut batch = self.db.batch();
        for record in records {
            batch.insert(&self.logins, record.id, record.bytes.as_slice());
            batch.insert(&self.by_user, record.list_key(), &[][..]);
        }
        Ok(batch.commit()?)
    }

    fn sync(&self) -> Result<()> {
        Ok(self.db.persist(PersistMode::SyncData)?)
    }

    fn get(&self, id: &[u8; 32]) -> Result<Option<Vec<u8>>> {
        Ok(self.logins.get(id)?.map(|bytes| bytes.to_vec()))
    }

    fn list(&self, user: u64, most: usize) -> Result<usize> {
        let mut found = 0;
        for entry in self.by_user.prefix(list_of(user)).take(most) {
            found += usize::from(self.get(&id_of(&entry.key()?).context("a key is cut off")?)?.is_some());
        }
        Ok(found)
    }
}
