//! The high-water file: the number of the newest commit that is known to be durable, outside of the data folder.
//!
//! A data folder whose number is lower is an older copy: what was acknowledged since is not in it, so its states must not
//! be taken for unused ones. The file is written after the commit is durable, so after a crash it is lower, never higher.
//!
//! It is held open, so that it can be written when no file can be opened any more. It has two places, each for a number with its
//! tag, which are written in turn: a write that a crash tears leaves the other one. Each is in a sector of its own.

use crate::api::RecordMac;
use crate::content_files;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often it is written at most.
pub(crate) const EVERY: Duration = Duration::from_secs(1);

/// Bytes of a number with its tag.
const BYTES: usize = 24;

/// Where the two places begin.
const PLACES: [u64; 2] = [0, 512];

/// The file, and what was written to it last.
#[derive(Debug)]
pub(crate) struct HighWater {
    path: PathBuf,
    mac: Arc<dyn RecordMac>,
    /// None until there is one.
    file: Option<File>,
    /// The place that is written next.
    next: usize,
    written: Option<(Instant, u64)>,
}

/// What the file says about a data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finding {
    /// The folder is the newest.
    Newest,
    /// The folder is older than what was acknowledged: this commit was.
    Older(u64),
    /// There is no file, or none that this host wrote.
    Unknown,
}

impl HighWater {
    /// The file of a path, where there is one. What a crash left beside it is removed.
    pub(crate) fn open(path: PathBuf, mac: Arc<dyn RecordMac>) -> io::Result<Self> {
        let file = match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(file) => Some(file),
            Err(why) if why.kind() == ErrorKind::NotFound => None,
            Err(why) => return Err(why),
        };
        if let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            let of_it = |other: &str| other.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
            if let Err(cause) = content_files::remove_leftovers(folder, of_it) {
                tracing::debug!(folder = %folder.display(), %cause, "leftovers of a crash were not looked for");
            }
        }
        Ok(Self { path, mac, file, next: 0, written: None })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The number in the file; none where there is no file, or no root key of this host made it.
    pub(crate) fn stored(&self) -> io::Result<Option<u64>> {
        Ok(self.newest()?.map(|(number, _)| number))
    }

    /// Compares the file with the number of a folder's newest commit.
    pub(crate) fn compare(&mut self, commit: u64) -> io::Result<Finding> {
        let Some((number, place)) = self.newest()? else { return Ok(Finding::Unknown) };
        self.next = 1 - place;
        Ok(if number <= commit { Finding::Newest } else { Finding::Older(number) })
    }

    /// The highest number in it, and the place where that stands.
    fn newest(&self) -> io::Result<Option<(u64, usize)>> {
        let Some(file) = &self.file else { return Ok(None) };
        let mut newest: Option<(u64, usize)> = None;
        for (place, offset) in PLACES.into_iter().enumerate() {
            let mut bytes = [0; BYTES];
            match file.read_exact_at(&mut bytes, offset) {
                Err(why) if why.kind() == ErrorKind::UnexpectedEof => {}
                read => {
                    read?;
                    newest = newest.max(self.read(&bytes).map(|number| (number, place)));
                }
            }
        }
        Ok(newest)
    }

    fn read(&self, bytes: &[u8]) -> Option<u64> {
        let (number, tag) = bytes.split_first_chunk::<8>()?;
        let tag: &[u8; 16] = tag.try_into().ok()?;
        self.mac.verify(&labelled(number), tag).then(|| u64::from_be_bytes(*number))
    }

    /// Writes the number of a durable commit, unless that was done a moment ago.
    pub(crate) fn raise(&mut self, commit: u64) -> io::Result<()> {
        match self.written {
            Some((at, number)) if number == commit || at.elapsed() < EVERY => Ok(()),
            _ => self.write(commit),
        }
    }

    /// Whether there is a newer number to write, once its second has passed.
    pub(crate) fn lags(&self, commit: u64) -> bool {
        self.written.is_none_or(|(_, number)| number != commit)
    }

    /// Writes the number now.
    pub(crate) fn write(&mut self, commit: u64) -> io::Result<()> {
        let number = commit.to_be_bytes();
        let bytes = [&number[..], &self.mac.tag(&labelled(&number))].concat();
        match &self.file {
            Some(file) => {
                file.write_all_at(&bytes, PLACES.get(self.next).copied().unwrap_or_default())?;
                file.sync_data()?;
                self.next = 1 - self.next;
            }
            None => {
                content_files::replace(&self.path, &bytes)?;
                self.file = Some(OpenOptions::new().read(true).write(true).open(&self.path)?);
                self.next = 1;
            }
        }
        self.written = Some((Instant::now(), commit));
        Ok(())
    }
}

/// A tag of this file is no tag of a record.
fn labelled(number: &[u8; 8]) -> Vec<u8> {
    [&b"high water"[..], number].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Mac;

    impl RecordMac for Mac {
        fn tag(&self, bytes: &[u8]) -> [u8; 16] {
            let sum = bytes.iter().fold(7_u128, |sum, byte| sum.wrapping_mul(257).wrapping_add(u128::from(*byte)));
            sum.to_be_bytes()
        }
        fn verify(&self, bytes: &[u8], tag: &[u8; 16]) -> bool {
            self.tag(bytes) == *tag
        }
    }

    /// Either place may be torn: the other one counts.
    #[test]
    fn a_torn_write_leaves_the_number_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("high-water");
        let open = || HighWater::open(path.clone(), Arc::new(Mac)).unwrap();
        let mut file = open();
        assert_eq!(file.compare(9).unwrap(), Finding::Unknown);
        for number in 1..=4 {
            file.write(number).unwrap();
            assert_eq!(open().compare(number).unwrap(), Finding::Newest);
            assert_eq!(open().compare(number - 1).unwrap(), Finding::Older(number));
        }
        // It goes on in the place of the older one.
        let mut again = open();
        again.compare(4).unwrap();
        again.write(5).unwrap();
        assert_eq!(open().compare(4).unwrap(), Finding::Older(5));
        let raw = OpenOptions::new().write(true).open(&path).unwrap();
        raw.write_all_at(&[0xff; 3], PLACES[0] + 5).unwrap();
        assert_eq!(open().compare(3).unwrap(), Finding::Older(4));
        raw.write_all_at(&[0xff; 3], PLACES[1] + 5).unwrap();
        assert_eq!(open().compare(3).unwrap(), Finding::Unknown);
    }
}
