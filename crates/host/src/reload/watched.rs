//! The files that the watch looks at, and how they were when they were last read.

use super::fingerprint::Fingerprint;
use postlude_config::watched_files;
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long files must stay as they are before a change of them is taken. An editor or copy that goes through several steps has
/// them within milliseconds; a person does not notice it.
pub const SETTLE_TIME: Duration = Duration::from_millis(250);

/// How many times [`SETTLE_TIME`] a reload that was asked for waits for a file that is being written: two seconds in all.
const WAITS_FOR_WRITERS: u32 = 8;

/// The files of a configuration at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Watched {
    /// Whether a change is taken without being asked for.
    pub(super) on: bool,
    pub(super) files: BTreeSet<PathBuf>,
    /// How they were when they were last read.
    pub(super) seen: Fingerprint,
}

impl Watched {
    /// How the files are now, before they are read.
    pub(crate) fn now(config: &Path, on: bool) -> Self {
        let files = watched_files(config);
        let seen = Fingerprint::of(&files);
        Self { on, files, seen }
    }
}

/// Files that were written to and not closed since: they are not whole yet, however long their writer takes.
#[derive(Debug, Clone, Default)]
pub(super) struct OpenForWriting(Arc<Mutex<HashSet<PathBuf>>>);

impl OpenForWriting {
    /// One of the files.
    pub(super) fn any(&self) -> Option<PathBuf> {
        self.with(|files| files.iter().next().cloned())
    }

    pub(super) fn with<T>(&self, change: impl FnOnce(&mut HashSet<PathBuf>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits a moment for writers that are in the middle of a file. A part of a configuration may be one as well, with an
    /// action less. Not for ever: the kernel may have lost the event of a file that was closed, and then a signal must do.
    pub(super) async fn wait_for_writers(&self) {
        for _ in 0..WAITS_FOR_WRITERS {
            if self.any().is_none() {
                return;
            }
            tokio::time::sleep(SETTLE_TIME).await;
        }
        let file = self.any().map(|file| file.display().to_string());
        tracing::warn!(file, "a file of the configuration is still being written; it is taken as it is, as asked");
    }
}
