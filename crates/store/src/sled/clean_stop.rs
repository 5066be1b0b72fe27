//! The file that says that the store was closed: without it the last moments before this opening may be forgotten.
//!
//! It stands in the data folder from a clean stop to the next opening, and holds the number of the newest commit: one that came
//! with a backup of another moment says nothing.

use crate::content_files;
use std::io::{self, ErrorKind};
use std::path::Path;

/// The file's name in the data folder.
const STOPPED: &str = "stopped";

/// Whether the store was closed when this was its newest commit.
pub(super) fn was_clean(dir: &Path, commit: u64) -> io::Result<bool> {
    match std::fs::read(dir.join(STOPPED)) {
        Ok(text) => Ok(text == commit.to_string().as_bytes()),
        Err(why) if why.kind() == ErrorKind::NotFound => Ok(false),
        Err(why) => Err(why),
    }
}

/// Removes the file, durably: from now on a crash may forget.
pub(super) fn forget(dir: &Path) -> io::Result<()> {
    content_files::remove_leftovers(dir, |name| name.starts_with(STOPPED))?;
    match std::fs::remove_file(dir.join(STOPPED)) {
        Ok(()) => content_files::sync_folder(dir),
        Err(why) if why.kind() == ErrorKind::NotFound => Ok(()),
        Err(why) => Err(why),
    }
}

/// Writes, durably, that the store was closed after this commit.
pub(super) fn note(dir: &Path, commit: u64) -> io::Result<()> {
    content_files::replace(&dir.join(STOPPED), commit.to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_note_of_the_newest_commit_counts_and_only_once() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        assert!(!was_clean(dir, 7).unwrap());
        note(dir, 7).unwrap();
        assert!(was_clean(dir, 7).unwrap());
        for other in [0, 6, 8, 77] {
            assert!(!was_clean(dir, other).unwrap(), "{other}");
        }
        std::fs::write(dir.join("stopped.1-1.tmp"), "half").unwrap();
        forget(dir).unwrap();
        assert!(!was_clean(dir, 7).unwrap());
        assert_eq!(std::fs::read_dir(dir).unwrap().count(), 0);
        forget(dir).unwrap();
    }
}
