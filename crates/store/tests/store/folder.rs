//! A folder for an embedded store, which can be opened, backed up and restored.

use postlude_store::conformance::Engine;
use postlude_store::{OpenError, RecordMac, SledOptions, SledStore, Store, open_sled};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Debug)]
pub struct Mac(pub &'static str);

impl RecordMac for Mac {
    fn tag(&self, bytes: &[u8]) -> [u8; 16] {
        *Sha256::digest([self.0.as_bytes(), bytes].concat()).first_chunk().unwrap()
    }
    fn verify(&self, bytes: &[u8], tag: &[u8; 16]) -> bool {
        self.tag(bytes) == *tag
    }
}

/// A data folder with its high-water file beside it.
pub struct Home {
    root: PathBuf,
    _folder: Option<tempfile::TempDir>,
}

impl Home {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { root: folder.path().to_owned(), _folder: Some(folder) }
    }

    /// One that somebody else made, and removes.
    pub fn at(root: PathBuf) -> Self {
        Self { root, _folder: None }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    pub fn high_water(&self) -> PathBuf {
        self.root.join("data.high-water")
    }

    pub fn options(&self) -> SledOptions {
        SledOptions::new(self.data(), self.high_water(), Arc::new(Mac("test key")))
    }

    pub fn try_open(&self) -> Result<SledStore, OpenError> {
        open_sled(self.options())
    }

    pub fn open(&self) -> SledStore {
        self.try_open().unwrap()
    }

    /// Copies the data folder, as a backup would.
    pub fn back_up(&self, name: &str) -> PathBuf {
        let to = self.root.join(name);
        copy(&self.data(), &to);
        to
    }

    pub fn restore(&self, backup: &Path) {
        std::fs::remove_dir_all(self.data()).unwrap();
        copy(backup, &self.data());
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

impl Engine for Home {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(Self::open(self))
    }
}

/// The one tree of a folder's database, as it is on the disk.
pub fn tree(home: &Home) -> (sled::Db, sled::Tree) {
    let db = sled::Config::new().path(home.data().join("db")).flush_every_ms(None).open().unwrap();
    let tree = db.open_tree("records").unwrap();
    (db, tree)
}
