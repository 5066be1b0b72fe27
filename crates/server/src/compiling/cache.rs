//! Compiled code on the disk. A file is used only with the tag of this host's root key, and only from private memory.
//!
//! A file is code as the sandbox writes it, which names its engine and its component, and the tag over all of that. Its
//! name is the component's digest and the first 16 digits of the engine's identity.

use super::limits::{Limits, UNNAMED_FILES};
use postlude_crypto::mac::RecordMac;
use postlude_crypto::root::RootKeys;
use postlude_model::names::Digest;
use postlude_sandbox::EngineId;
use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

/// The folder, within the data folder.
const FOLDER: &str = "code";
const ENDING: &str = "code";
const TEMPORARY: &str = "tmp";
/// Bytes of a tag.
const TAG: usize = 16;

/// Why a file is not used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("it is larger than any code of this host")]
    TooLarge,
    #[error("it was changed, or was written under another root key")]
    Foreign,
}

/// Compiled code on the disk.
#[derive(Debug)]
pub(super) struct CodeCache {
    folder: PathBuf,
    engine: String,
    mac: RecordMac,
}

impl CodeCache {
    /// Makes the folder, for its owner alone, and removes what a crash left half written.
    pub(super) fn open(data_dir: &Path, roots: &RootKeys, engine: &EngineId) -> io::Result<Self> {
        let folder = data_dir.join(FOLDER);
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let engine = engine.as_bytes().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let cache = Self { folder, engine, mac: RecordMac::labelled(roots, "code") };
        for path in cache.entries()?.filter(|path| path.extension().is_some_and(|ending| ending == TEMPORARY)) {
            fs::remove_file(path)?;
        }
        Ok(cache)
    }

    /// The code of a component, authenticated; nothing when there is none.
    pub(super) fn read(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Unusable> {
        let path = self.path(digest);
        // A link, pipe or device in its place is not waited for.
        let size = match fs::symlink_metadata(&path) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(why) => return Err(why.into()),
            Ok(found) if !found.is_file() => return Err(Unusable::Foreign),
            Ok(found) => found.len(),
        };
        let most = Limits::largest_code_bytes() + TAG as u64;
        let mut bytes = Vec::with_capacity(usize::try_from(size.min(most)).unwrap_or_default());
        File::open(&path)?.take(most + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most {
            return Err(Unusable::TooLarge);
        }
        let (code, tag) = bytes.split_last_chunk::<TAG>().ok_or(Unusable::Foreign)?;
        if !self.mac.verify(code, tag) {
            return Err(Unusable::Foreign);
        }
        bytes.truncate(bytes.len() - TAG);
        Ok(Some(bytes))
    }

    /// Keeps the code of a component. A crash leaves the old file or the new one.
    pub(super) fn write(&self, digest: &Digest, code: &[u8]) -> io::Result<()> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let path = self.path(digest);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let temporary = path.with_extension(format!("{}-{number}.{TEMPORARY}", std::process::id()));
        let written = write_synced(&temporary, code, &self.mac.tag(code)).and_then(|()| fs::rename(&temporary, &path));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// Removes the code of other engines, and that of components that nobody names but for the newest
    /// [`UNNAMED_FILES`]. Returns how many files went.
    pub(super) fn prune(&self, named: &BTreeSet<Digest>) -> io::Result<usize> {
        let named: BTreeSet<PathBuf> = named.iter().map(|digest| self.path(digest)).collect();
        let code = |path: &PathBuf| path.extension().is_some_and(|ending| ending == ENDING);
        let (mut gone, mut unnamed) = (Vec::new(), Vec::new());
        for path in self.entries()?.filter(code).filter(|path| !named.contains(path)) {
            let ours = path.file_stem().and_then(|name| name.to_str()).is_some_and(|name| name.ends_with(&self.engine));
            if ours { unnamed.push((modified(&path), path)) } else { gone.push(path) }
        }
        unnamed.sort_by(|a, b| b.cmp(a));
        gone.extend(unnamed.into_iter().skip(UNNAMED_FILES).map(|(_, path)| path));
        for path in &gone {
            fs::remove_file(path)?;
        }
        Ok(gone.len())
    }

    /// The file of a component.
    pub(super) fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(format!("{}-{}.{ENDING}", digest.hex(), self.engine))
    }

    fn entries(&self) -> io::Result<impl Iterator<Item = PathBuf>> {
        Ok(fs::read_dir(&self.folder)?.filter_map(|entry| entry.ok().map(|entry| entry.path())))
    }
}

fn write_synced(path: &Path, code: &[u8], tag: &[u8; TAG]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(code)?;
    file.write_all(tag)?;
    file.sync_data()
}

fn modified(path: &Path) -> SystemTime {
    fs::symlink_metadata(path).and_then(|found| found.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}
