//! Reads a file that somebody may be changing: opened once, a regular one, bounded, and the same when it is read twice.
//!
//! What is hashed, checked, compiled and stored are the bytes that [`read`] returned; nobody opens the file again for them.

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Where a symbolic link in the place of a file may lead.
#[derive(Debug, Clone, Copy)]
pub(super) enum Links<'a> {
    /// Anywhere: the file is the operator's own.
    Anywhere,
    /// Into the folder in which it stands, or into this one; as Kubernetes mounts files.
    Within(&'a Path),
}

/// Why a file is not read. The messages follow the file's name.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error("is {0}, not a regular file")]
    Kind(&'static str),
    #[error("has more than {0} bytes")]
    TooLarge(u64),
    #[error("changed while it was read")]
    Changed,
    #[error("is a symbolic link that leads out of its folder")]
    Link,
}

impl From<Errno> for FileError {
    fn from(why: Errno) -> Self {
        Self::Unreadable(why.into())
    }
}

/// The content of a regular file of at most `most` bytes.
pub(super) fn read(path: &Path, most: u64, links: Links<'_>) -> Result<Vec<u8>, FileError> {
    // Before it is opened: to open a device may already do something.
    regular(&fs::metadata(path)?)?;
    read_twice(open(path, links)?, most, || {})
}

/// Reads an open file, and again after `between`, which is for tests.
fn read_twice(mut file: File, most: u64, between: impl FnOnce()) -> Result<Vec<u8>, FileError> {
    let before = file.metadata()?;
    regular(&before)?;
    if before.len() > most {
        return Err(FileError::TooLarge(most));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(before.len()).unwrap_or_default());
    (&mut file).take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(FileError::TooLarge(most));
    }
    between();
    // Clocks are coarse, two writes may have one time: so the content is compared as well.
    let same = reads_as(&mut file, &bytes)? && version(&before) == version(&file.metadata()?);
    if same { Ok(bytes) } else { Err(FileError::Changed) }
}

/// Reads a file as text.
pub(super) fn read_text(path: &Path, most: u64) -> Result<String, FileError> {
    let bytes = read(path, most, Links::Anywhere)?;
    let not_text = |_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8");
    String::from_utf8(bytes).map_err(not_text).map_err(FileError::Unreadable)
}

/// What changes when a file is written. Not the time of its inode: that changes as well when another file takes its name, and
/// then this one is still whole.
fn version(of: &Metadata) -> (u64, i64, i64) {
    (of.len(), of.mtime(), of.mtime_nsec())
}

fn reads_as(file: &mut File, bytes: &[u8]) -> io::Result<bool> {
    file.seek(SeekFrom::Start(0))?;
    let (mut rest, mut part) = (bytes, vec![0; 64 << 10]);
    loop {
        let read = file.read(&mut part)?;
        let Some(again) = part.get(..read).filter(|again| !again.is_empty()) else { return Ok(rest.is_empty()) };
        match rest.split_at_checked(again.len()) {
            Some((head, tail)) if head == again => rest = tail,
            _ => return Ok(false),
        }
    }
}

fn regular(of: &Metadata) -> Result<(), FileError> {
    let kind = of.file_type();
    Err(FileError::Kind(match () {
        () if kind.is_file() => return Ok(()),
        () if kind.is_dir() => "a folder",
        () if kind.is_fifo() => "a FIFO",
        () if kind.is_socket() => "a socket",
        () => "a device",
    }))
}

/// Without waiting for a writer, should a FIFO have taken the file's place.
const FLAGS: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

fn open(path: &Path, links: Links<'_>) -> Result<File, FileError> {
    let Links::Within(base) = links else { return Ok(openat(CWD, path, FLAGS, Mode::empty())?.into()) };
    match openat(CWD, path, FLAGS | OFlags::NOFOLLOW, Mode::empty()) {
        Ok(file) => Ok(file.into()),
        Err(Errno::LOOP) => beneath(path, base),
        Err(why) => Err(why.into()),
    }
}

/// Follows a link within one of two folders. The kernel holds the walk to the folder, so that nobody can bend it on the way.
#[cfg(target_os = "linux")]
fn beneath(path: &Path, base: &Path) -> Result<File, FileError> {
    use rustix::fs::{ResolveFlags, openat2};
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    for (folder, rest) in roots(path, base) {
        let folder_file = openat(CWD, folder, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let mut opened = openat2(&folder_file, rest, FLAGS, Mode::empty(), resolve);
        if let (Err(Errno::XDEV), Some(rest)) = (&opened, below(path, folder)) {
            opened = openat2(&folder_file, rest, FLAGS, Mode::empty(), resolve);
        }
        match opened {
            Ok(file) => return Ok(file.into()),
            Err(Errno::XDEV) => {}
            // An older kernel, or a container that does not let the call through.
            Err(Errno::NOSYS | Errno::PERM) => return resolved(path, base),
            Err(Errno::AGAIN) => return Err(FileError::Changed),
            Err(why) => return Err(why.into()),
        }
    }
    Err(FileError::Link)
}

/// What an absolute link names, as seen from a folder that it is below: the kernel's walk refuses every absolute one.
#[cfg(target_os = "linux")]
fn below(link: &Path, folder: &Path) -> Option<PathBuf> {
    let target = fs::read_link(link).ok().filter(|target| target.is_absolute())?;
    let rest = target.strip_prefix(folder).map(Path::to_owned);
    rest.or_else(|_| target.strip_prefix(fs::canonicalize(folder).unwrap_or_default()).map(Path::to_owned)).ok()
}

#[cfg(not(target_os = "linux"))]
fn beneath(path: &Path, base: &Path) -> Result<File, FileError> {
    resolved(path, base)
}

/// Opens a file where the kernel does not help: looks where the path leads, then opens that without following.
fn resolved(path: &Path, base: &Path) -> Result<File, FileError> {
    let target = fs::canonicalize(path)?;
    let within =
        roots(path, base).any(|(folder, _)| fs::canonicalize(folder).is_ok_and(|root| target.starts_with(root)));
    if !within {
        return Err(FileError::Link);
    }
    Ok(openat(CWD, &target, FLAGS | OFlags::NOFOLLOW, Mode::empty())?.into())
}

/// The folders in which a link may lead about, with the file's path from there.
fn roots<'p>(path: &'p Path, base: &'p Path) -> impl Iterator<Item = (&'p Path, &'p Path)> {
    let own = path.parent().zip(path.file_name().map(Path::new));
    let configuration = path.strip_prefix(base).ok().map(|rest| (base, rest));
    own.into_iter().chain(configuration)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    const MOST: u64 = 100;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plugins");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("a.wasm"), "component").unwrap();
        (folder, path)
    }

    fn why(path: &Path, base: &Path) -> String {
        read(path, MOST, Links::Within(base)).unwrap_err().to_string()
    }

    #[test]
    fn a_regular_file_is_read_up_to_the_limit() {
        let (base, plugins) = folder();
        assert_eq!(read(&plugins.join("a.wasm"), MOST, Links::Within(base.path())).unwrap(), b"component");
        for (size, fits) in [(0, true), (100, true), (101, false), (5000, false)] {
            let path = plugins.join("sized");
            fs::write(&path, vec![7; size]).unwrap();
            let read = read(&path, MOST, Links::Within(base.path()));
            assert_eq!(read.is_ok(), fits, "{size}: {read:?}");
        }
        assert_eq!(why(&plugins.join("sized"), base.path()), "has more than 100 bytes");
    }

    /// O05: what is no file is refused by name, and nobody waits for it.
    #[test]
    fn what_is_no_regular_file_is_refused_by_name() {
        let (base, plugins) = folder();
        let fifo = plugins.join("fifo");
        rustix::fs::mknodat(CWD, &fifo, rustix::fs::FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        assert_eq!(why(&fifo, base.path()), "is a FIFO, not a regular file");
        assert_eq!(why(&plugins, base.path()), "is a folder, not a regular file");
        assert_eq!(why(Path::new("/dev/null"), base.path()), "is a device, not a regular file");
        let socket = plugins.join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert_eq!(why(&socket, base.path()), "is a socket, not a regular file");
        symlink(&fifo, plugins.join("link")).unwrap();
        assert_eq!(why(&plugins.join("link"), base.path()), "is a FIFO, not a regular file");
        assert!(why(&plugins.join("missing"), base.path()).contains("No such file"));
    }

    /// O05.
    #[test]
    fn a_link_may_lead_about_in_its_folder_or_the_configurations() {
        let (base, plugins) = folder();
        let link = |target: &str, name: &str| {
            symlink(target, plugins.join(name)).unwrap();
            read(&plugins.join(name), MOST, Links::Within(base.path())).map_err(|why| why.to_string())
        };
        // As Kubernetes mounts a volume.
        fs::create_dir(plugins.join("..2026")).unwrap();
        fs::write(plugins.join("..2026/b.wasm"), "mounted").unwrap();
        symlink("..2026", plugins.join("..data")).unwrap();
        assert_eq!(link("..data/b.wasm", "b.wasm").unwrap(), b"mounted");
        fs::write(base.path().join("shared.wasm"), "shared").unwrap();
        assert_eq!(link("../shared.wasm", "c.wasm").unwrap(), b"shared");
        let absolute = |path: &str| base.path().join(path).to_str().unwrap().to_owned();
        assert_eq!(link(&absolute("plugins/a.wasm"), "g.wasm").unwrap(), b"component");
        assert_eq!(link(&absolute("shared.wasm"), "h.wasm").unwrap(), b"shared");
        let out_again = absolute("plugins/../../x");
        assert!(link(&out_again, "i.wasm").is_err(), "it names its folder, and leads out of it");
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "secret").unwrap();
        let out = outside.path().join("secret");
        let refused = "is a symbolic link that leads out of its folder";
        assert_eq!(link(out.to_str().unwrap(), "d.wasm").unwrap_err(), refused);
        symlink(outside.path(), plugins.join("folder")).unwrap();
        assert_eq!(link("folder/secret", "e.wasm").unwrap_err(), refused);
        assert_eq!(read(&plugins.join("d.wasm"), MOST, Links::Anywhere).unwrap(), b"secret");
        assert!(link("f.wasm", "f.wasm").unwrap_err().contains("symbolic links"));
        // Without the kernel's help.
        assert_eq!(resolved(&plugins.join("d.wasm"), base.path()).unwrap_err().to_string(), refused);
        assert!(resolved(&plugins.join("c.wasm"), base.path()).is_ok());
    }

    /// O06: a file that is changed while it is read is refused, also where neither its size nor its time would show it.
    #[test]
    fn a_file_that_changes_while_it_is_read_is_refused() {
        let (_base, plugins) = folder();
        let path = plugins.join("changing");
        let read = |change: &dyn Fn()| {
            fs::write(&path, "content").unwrap();
            read_twice(File::open(&path).unwrap(), MOST, change).map_err(|why| why.to_string())
        };
        let refused = Err("changed while it was read".to_owned());
        assert_eq!(read(&|| {}).unwrap(), b"content");
        assert_eq!(read(&|| fs::write(&path, "another").unwrap()), refused);
        assert_eq!(read(&|| fs::write(&path, "content and more").unwrap()), refused);
        assert_eq!(read(&|| fs::write(&path, "cont").unwrap()), refused);
        let time = fs::metadata(&path).unwrap().modified().unwrap();
        let unseen = || {
            fs::write(&path, "another").unwrap();
            File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        };
        assert_eq!(read(&unseen), refused);
        // Renamed over: what was opened is still whole.
        let rename = || {
            fs::write(path.with_extension("new"), "another").unwrap();
            fs::rename(path.with_extension("new"), &path).unwrap();
        };
        assert_eq!(read(&rename).unwrap(), b"content");
    }
}
