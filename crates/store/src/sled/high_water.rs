//! The high-water file: the number of the newest commit that is known to be durable, outside of the data folder.
//!
//! A data folder whose number is lower is an older copy: what was acknowledged since is not in it, so its states must not
//! be taken for unused ones. The file is written after the commit is durable, so after a crash it is lower, never higher.

use crate::api::RecordMac;
use crate::content_files;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often it is written at most.
pub(crate) const EVERY: Duration = Duration::from_secs(1);

/// The file, and what was written to it last.
#[derive(Debug)]
pub(crate) struct HighWater {
    path: PathBuf,
    mac: Arc<dyn RecordMac>,
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
    pub(crate) fn new(path: PathBuf, mac: Arc<dyn RecordMac>) -> Self {
        Self { path, mac, written: None }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Compares the file with the number of a folder's newest commit.
    pub(crate) fn compare(&self, commit: u64) -> io::Result<Finding> {
        Ok(match self.stored()? {
            Some(number) if number <= commit => Finding::Newest,
            Some(number) => Finding::Older(number),
            None => Finding::Unknown,
        })
    }

    /// The number in the file; none where there is no file, or no root key of this host made it.
    pub(crate) fn stored(&self) -> io::Result<Option<u64>> {
        match fs::read(&self.path) {
            Ok(bytes) => Ok(self.read(&bytes)),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(why) => Err(why),
        }
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
        content_files::replace(&self.path, &bytes)?;
        self.written = Some((Instant::now(), commit));
        Ok(())
    }
}

/// A tag of this file is no tag of a record.
fn labelled(number: &[u8; 8]) -> Vec<u8> {
    [&b"high water"[..], number].concat()
}
