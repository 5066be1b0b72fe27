//! Files that are named by the hash of their content: plugins and revisions. Each is written whole or not at all.

use postlude_model::names::Digest;
use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A folder of files that are named by the SHA-256 of their content, in hexadecimal.
#[derive(Debug, Clone)]
pub(crate) struct ContentFiles {
    folder: PathBuf,
    ending: &'static str,
    /// Files that this process knows to be on the disk: one that is there may be no more than a rename that was not synced.
    durable: Arc<Mutex<HashSet<String>>>,
}

impl ContentFiles {
    pub(crate) fn open(folder: PathBuf, ending: &'static str) -> io::Result<Self> {
        private_folder(&folder)?;
        remove_leftovers(&folder, |name| name.contains(ending))?;
        Ok(Self { folder, ending, durable: Arc::default() })
    }

    /// The content of a file, whatever it is; the caller compares its hash.
    pub(crate) fn read(&self, hash: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.path(hash)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(why) => Err(why),
        }
    }

    /// Writes a file, durably, unless its content is there already.
    pub(crate) fn write(&self, hash: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(hash);
        if self.read(hash)?.is_none_or(|there| there != bytes) {
            replace(&path, bytes)?;
        } else if !self.durable().contains(hash) {
            File::open(&path)?.sync_all()?;
            sync_folder(&self.folder)?;
        }
        self.durable().insert(hash.to_owned());
        Ok(())
    }

    fn durable(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.durable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The hashes of all files; whatever else lies there is none of ours.
    pub(crate) fn list(&self) -> io::Result<Vec<[u8; 32]>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            let hash = name.to_str().and_then(|name| name.strip_suffix(self.ending)?.strip_suffix('.'));
            let digest = hash.and_then(|hash| format!("sha256:{hash}").parse::<Digest>().ok());
            found.extend(digest.map(|digest| *digest.as_bytes()));
        }
        Ok(found)
    }

    /// Deletes a file. That the folder forgets it need not be durable: who comes back finds it unneeded again.
    pub(crate) fn remove(&self, hash: &str) -> io::Result<()> {
        self.durable().remove(hash);
        match fs::remove_file(self.path(hash)) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => Err(why),
            _ => Ok(()),
        }
    }

    fn path(&self, hash: &str) -> PathBuf {
        self.folder.join(format!("{hash}.{}", self.ending))
    }
}

/// What the names of temporary files end with.
const TEMPORARY: &str = ".tmp";

/// Removes temporary files that a crash left, of those whose names `are_ours`.
pub(crate) fn remove_leftovers(folder: &Path, are_ours: impl Fn(&str) -> bool) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        if name.to_str().is_some_and(|name| name.ends_with(TEMPORARY) && are_ours(name)) {
            match fs::remove_file(folder.join(&name)) {
                Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
                _ => tracing::info!(file = ?name, "a temporary file that a crash left was removed"),
            }
        }
    }
    Ok(())
}

/// Puts content in the place of a file: a crash leaves the old or the new one.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // A process of another container may have had the same id, and left such a file: the next name is taken.
    let (temporary, written) = loop {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}-{}{TEMPORARY}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        let temporary = path.with_file_name(name);
        match write_synced(&temporary, bytes) {
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {}
            written => break (temporary, written),
        }
    };
    let written = written.and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

/// A folder that only its owner may enter; one that others may enter is closed to them, where that is permitted.
pub(crate) fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    #[cfg(unix)]
    close_to_others(folder)?;
    sync_folder(folder.parent().unwrap_or(Path::new(".")))
}

#[cfg(unix)]
fn close_to_others(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(folder)?.permissions().mode();
    if mode & 0o077 != 0
        && let Err(cause) = fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
    {
        tracing::warn!(folder = %folder.display(), %cause, "others than the owner may enter the data folder");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A container's process has the id 1 each time: what an earlier one left must not stop the next.
    #[test]
    fn leftovers_of_a_crash_are_in_nobodys_way_and_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.wasm");
        for number in 0..200 {
            fs::write(folder.path().join(format!("one.wasm.{}-{number}.tmp", std::process::id())), "half").unwrap();
        }
        replace(&path, b"whole").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        fs::write(folder.path().join("another.tmp"), "somebody's").unwrap();
        ContentFiles::open(folder.path().to_owned(), "wasm").unwrap();
        let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["another.tmp", "one.wasm"]);
    }
}
