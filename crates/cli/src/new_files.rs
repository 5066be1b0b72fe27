//! Files of a new folder: none is written unless all can be, and none that exists is ever overwritten.

use anyhow::{Context, Result, bail};
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// A file that is to be written.
pub(crate) struct NewFile {
    /// Where it goes, below the folder.
    pub(crate) path: &'static str,
    /// What is in it.
    pub(crate) bytes: Vec<u8>,
    /// Whether only its owner may read it.
    pub(crate) secret: bool,
    /// What it is for, in a few words.
    pub(crate) purpose: &'static str,
}

impl NewFile {
    /// The file's permission bits.
    pub(crate) const fn mode(&self) -> u32 {
        if self.secret { 0o600 } else { 0o644 }
    }
}

/// Writes all files below the folder, which is made where it is missing.
pub(crate) fn write_all(folder: &Path, files: &[NewFile]) -> Result<()> {
    let there: Vec<_> =
        files.iter().map(|file| folder.join(file.path)).filter(|path| path.symlink_metadata().is_ok()).collect();
    if !there.is_empty() {
        let names: Vec<_> = there.iter().map(|path| format!("`{}`", path.display())).collect();
        bail!(
            "{} {} there already, and nothing is overwritten: name another folder, or move what is there away",
            names.join(", "),
            if names.len() == 1 { "is" } else { "are" }
        );
    }
    let mut written = Vec::new();
    let outcome = files.iter().try_for_each(|file| write(folder, file, &mut written));
    if outcome.is_err() {
        // What was begun is taken back, so that the same command can be repeated.
        written.iter().for_each(|path| drop(fs::remove_file(path)));
    }
    outcome
}

fn write(folder: &Path, file: &NewFile, written: &mut Vec<PathBuf>) -> Result<()> {
    let path = folder.join(file.path);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(|| format!("the folder `{}` cannot be made", parent.display()))?;
    }
    let new = OpenOptions::new().write(true).create_new(true).mode(file.mode()).open(&path);
    let mut new = new.with_context(|| format!("`{}` cannot be made", path.display()))?;
    written.push(path.clone());
    new.write_all(&file.bytes)
        .and_then(|()| new.sync_all())
        .with_context(|| format!("`{}` was not written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn file(path: &'static str, secret: bool) -> NewFile {
        NewFile { path, bytes: b"x".to_vec(), secret, purpose: "" }
    }

    #[test]
    fn secrets_are_their_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        write_all(dir.path(), &[file("open", false), file("below/secret", true)]).unwrap();
        let mode = |name: &str| fs::metadata(dir.path().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("below/secret"), mode("open") & 0o600), (0o600, 0o600));
    }

    #[test]
    fn nothing_is_overwritten_and_nothing_is_left_behind() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("b"), "mine").unwrap();
        let refused = write_all(dir.path(), &[file("a", false), file("b", false)]).unwrap_err().to_string();
        assert!(refused.contains("/b` is there already"), "{refused}");
        assert!(!dir.path().join("a").exists());
        // `b` is no folder, so that the second file cannot be made after the first one was.
        assert!(write_all(dir.path(), &[file("a", false), file("b/c", false)]).is_err());
        assert!(!dir.path().join("a").exists());
        assert_eq!(fs::read_to_string(dir.path().join("b")).unwrap(), "mine");
    }
}
