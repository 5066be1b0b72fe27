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
        let busy = |why: &OpenError| matches!(why, OpenError::Engine { why, .. } if is_locked(why));
        patiently(|| open_sled(self.options()), busy)
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

    /// Puts the engine's files and the high-water file of a backup into this folder, which stays the same one.
    pub fn restore_engine(&self, backup: &Path, high_water: &[u8]) {
        std::fs::remove_dir_all(self.data().join("db")).unwrap();
        copy(&backup.join("db"), &self.data().join("db"));
        std::fs::write(self.high_water(), high_water).unwrap();
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

/// Whether the engine's file is locked. A process that another test starts holds the lock from its fork to its exec.
fn is_locked(why: &str) -> bool {
    why.contains("could not acquire lock")
}

/// Tries again for two seconds as long as the engine's file is locked.
fn patiently<T, E>(mut open: impl FnMut() -> Result<T, E>, busy: impl Fn(&E) -> bool) -> Result<T, E> {
    let began = std::time::Instant::now();
    loop {
        match open() {
            Err(why) if busy(&why) && began.elapsed().as_secs() < 2 => {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            opened => return opened,
        }
    }
}

/// The one tree of a folder's database, as it is on the disk.
pub fn tree(home: &Home) -> (sled::Db, sled::Tree) {
    let open = || sled::Config::new().path(home.data().join("db")).flush_every_ms(None).open();
    let db = patiently(open, |why: &sled::Error| is_locked(&why.to_string())).unwrap();
    let tree = db.open_tree("records").unwrap();
    (db, tree)
}
