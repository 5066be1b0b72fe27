//! Faults under the real program: a disk that fails or hangs, clocks that step.
//!
//! A small library is loaded before libc (`LD_PRELOAD`); it does what the words of a shared file say at the moment.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

/// What can be made wrong. A word of zero: it is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Fault {
    /// The wall clock is ahead by so many milliseconds.
    WallMillis = 0,
    /// The machine's clock that includes suspend is ahead by so many milliseconds.
    BootMillis = 1,
    /// Writing and truncating fail with this error number.
    Write = 2,
    /// Syncing a file fails with this error number.
    Sync = 3,
    /// Syncing a file waits for as long as this is set.
    SyncHangs = 4,
    /// Opening a file fails with this error number.
    Open = 5,
    /// Renaming a file fails with this error number.
    Rename = 6,
    /// Syncing a folder fails with this error number.
    FolderSync = 7,
    /// Writing waits for as long as this is set.
    WriteHangs = 8,
}

/// How often a fault was met, behind the faults.
const INJECTED: u64 = 9;

/// Words of the file.
const WORDS: u64 = 10;

/// Error numbers of Linux.
pub mod errno {
    /// Input/output error.
    pub const EIO: i64 = 5;
    /// Too many open files.
    pub const EMFILE: i64 = 24;
    /// No space left on the device.
    pub const ENOSPC: i64 = 28;
    /// Read-only file system.
    pub const EROFS: i64 = 30;
}

/// The library: compiled once for all tests of a process, by the C compiler that links Rust programs.
static LIBRARY: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = crate::files::program().with_file_name("testkit");
    std::fs::create_dir_all(&folder).unwrap();
    let (source, library) = (folder.join("faults.c"), folder.join("faults.so"));
    let text = include_str!("shim.c");
    if library.exists() && std::fs::read_to_string(&source).is_ok_and(|compiled| compiled == text) {
        return library;
    }
    let own = folder.join(format!("faults-{}.so", std::process::id()));
    std::fs::write(&source, text).unwrap();
    let mut cc = Command::new("cc");
    let built = cc.args(["-shared", "-fPIC", "-O1", "-Wall", "-o"]).arg(&own).arg(&source).args(["-ldl"]).status();
    assert!(built.expect("cc is there, as for every Rust program").success(), "the library of faults is compiled");
    std::fs::rename(&own, &library).unwrap();
    library
});

/// The faults of one server.
#[derive(Debug)]
pub struct Faults {
    words: File,
    path: PathBuf,
}

impl Faults {
    /// No faults yet, in a file of this folder.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        let path = folder.join("faults");
        let words = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
        words.set_len(WORDS * 8).unwrap();
        Self { words, path }
    }

    /// The environment in which a program meets the faults, in files whose path begins with one of `below`.
    #[must_use]
    pub fn variables(&self, below: &[PathBuf]) -> Vec<(String, String)> {
        let below: Vec<_> = below.iter().map(|path| path.display().to_string()).collect();
        let own = |name: &str, value: String| (name.to_owned(), value);
        vec![
            own("LD_PRELOAD", LIBRARY.display().to_string()),
            own("POSTLUDE_FAULTS", self.path.display().to_string()),
            own("POSTLUDE_FAULTS_BELOW", below.join(":")),
        ]
    }

    /// Sets a fault; zero ends it.
    pub fn set(&self, fault: Fault, value: i64) {
        self.words.write_all_at(&value.to_le_bytes(), fault as u64 * 8).unwrap();
    }

    /// Ends a fault.
    pub fn clear(&self, fault: Fault) {
        self.set(fault, 0);
    }

    /// Sets the wall clock by so much off; true: back.
    pub fn step_wall(&self, by: Duration, back: bool) {
        let millis = i64::try_from(by.as_millis()).unwrap();
        self.set(Fault::WallMillis, if back { -millis } else { millis });
    }

    /// How often a fault was met.
    #[must_use]
    pub fn injected(&self) -> i64 {
        let mut bytes = [0; 8];
        self.words.read_exact_at(&mut bytes, INJECTED * 8).unwrap();
        i64::from_le_bytes(bytes)
    }
}
