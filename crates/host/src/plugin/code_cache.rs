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
        let made_by = self.mac.made_by(code, tag).ok_or(Unusable::Foreign)?;
        if made_by > 0
            && let Err(cause) = self.write(digest, code)
        {
            tracing::warn!(file = %path.display(), %cause, "compiled code keeps the tag of an earlier root key; without that key it is compiled anew");
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

#[cfg(test)]
mod tests {
    use super::*;
    use postlude_crypto::root::RootKey;
    use postlude_sandbox::{Sandbox, SandboxConfig};
    use std::sync::LazyLock;
    use std::time::Duration;

    static ENGINE: LazyLock<EngineId> = LazyLock::new(|| Sandbox::new(SandboxConfig::single()).unwrap().engine_id());

    fn cache(dir: &Path, root: u8) -> CodeCache {
        CodeCache::open(dir, &RootKeys::only(RootKey::from_bytes([root; 32])), &ENGINE).unwrap()
    }

    fn digest(n: u8) -> Digest {
        Digest::from_bytes([n; 32])
    }

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir.join(FOLDER)).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_written_is_read_and_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let cache = cache(&dir.path().join("deep/data"), 1);
        assert!(cache.read(&digest(1)).unwrap().is_none());
        for code in [b"one".as_slice(), b"another", b""] {
            cache.write(&digest(1), code).unwrap();
            assert_eq!(cache.read(&digest(1)).unwrap().unwrap(), code);
        }
        let names = names(&dir.path().join("deep/data"));
        assert_eq!(names.len(), 1, "{names:?}");
        assert!(names[0].starts_with("0101") && names[0].ends_with(".code"), "{names:?}");
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(cache.path(&digest(1))).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&cache.folder).unwrap().permissions().mode() & 0o777, 0o700);
    }

    /// T05: every bit counts.
    #[test]
    fn a_changed_cut_or_foreign_file_is_not_used() {
        let dir = tempfile::tempdir().unwrap();
        let cache_ = cache(dir.path(), 1);
        cache_.write(&digest(1), b"machine code").unwrap();
        let path = cache_.path(&digest(1));
        let good = fs::read(&path).unwrap();
        assert_eq!(good.len(), 12 + TAG);
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, bad).unwrap();
            assert!(matches!(cache_.read(&digest(1)), Err(Unusable::Foreign)), "bit {bit}");
        }
        for length in 0..good.len() {
            fs::write(&path, &good[..length]).unwrap();
            assert!(matches!(cache_.read(&digest(1)), Err(Unusable::Foreign)), "{length} bytes");
        }
        fs::write(&path, [good.as_slice(), b"x"].concat()).unwrap();
        assert!(matches!(cache_.read(&digest(1)), Err(Unusable::Foreign)));
        fs::write(&path, &good).unwrap();
        assert!(cache_.read(&digest(1)).unwrap().is_some());
        assert!(matches!(cache(dir.path(), 2).read(&digest(1)), Err(Unusable::Foreign)), "another root key");
        File::create(&path).unwrap().set_len(Limits::largest_code_bytes() + TAG as u64 + 1).unwrap();
        assert!(matches!(cache_.read(&digest(1)), Err(Unusable::TooLarge)));
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert!(matches!(cache_.read(&digest(1)), Err(Unusable::Foreign)), "a link is not followed");
    }

    /// Code that an earlier root key made is tagged again when it is read, and refused once that key is gone.
    #[test]
    fn code_outlives_its_root_key_where_it_is_read_before() {
        let dir = tempfile::tempdir().unwrap();
        let key = |n| RootKey::from_bytes([n; 32]);
        for n in [1, 2] {
            cache(dir.path(), 1).write(&digest(n), b"code").unwrap();
        }
        let both = CodeCache::open(dir.path(), &RootKeys::new(key(2), vec![key(1)]).unwrap(), &ENGINE).unwrap();
        assert_eq!(both.read(&digest(1)).unwrap().unwrap(), b"code");
        let alone = cache(dir.path(), 2);
        assert_eq!(alone.read(&digest(1)).unwrap().unwrap(), b"code");
        assert!(matches!(alone.read(&digest(2)), Err(Unusable::Foreign)));
    }

    #[test]
    fn half_written_files_go_at_the_next_start() {
        let dir = tempfile::tempdir().unwrap();
        let first = cache(dir.path(), 1);
        first.write(&digest(1), b"code").unwrap();
        fs::write(first.path(&digest(2)).with_extension("1-0.tmp"), b"half").unwrap();
        assert_eq!(names(dir.path()).len(), 2);
        cache(dir.path(), 1);
        assert_eq!(names(dir.path()).len(), 1);
    }

    #[test]
    fn old_code_goes_but_for_the_newest() {
        let dir = tempfile::tempdir().unwrap();
        let cache = cache(dir.path(), 1);
        let files = u8::try_from(UNNAMED_FILES).unwrap() + 2;
        for n in 0..=files {
            cache.write(&digest(n), b"code").unwrap();
            let age = Duration::from_secs(60 * u64::from(files - n));
            File::options()
                .write(true)
                .open(cache.path(&digest(n)))
                .unwrap()
                .set_modified(SystemTime::now() - age)
                .unwrap();
        }
        let other = cache.folder.join(format!("{}-0000000000000000.code", digest(9).hex()));
        fs::write(&other, b"code of another engine").unwrap();
        assert_eq!(
            cache.prune(&[digest(0)].into()).unwrap(),
            3,
            "the oldest two that are not named, and the other engine's"
        );
        assert!(!other.exists());
        for (n, kept) in [(0, true), (1, false), (2, false), (3, true), (files, true)] {
            assert_eq!(cache.path(&digest(n)).exists(), kept, "{n}");
        }
        assert_eq!(cache.prune(&[digest(0)].into()).unwrap(), 0);
    }
}
