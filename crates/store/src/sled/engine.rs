//! The engine's own files: opening them, and leaving them so that the next opening is short.
//!
//! The engine is a log. At each opening it reads what was written since its last page table (`snap.*`), some second for a GB, and
//! writes a new page table; it writes none at any other time.

use super::cache_size::cache_bytes;
use super::header::io_at;
use crate::api::OpenError;
use crate::content_files;
use std::fs::File;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::time::{Duration, Instant};

/// The engine writes its page table to a file of such a name first, and would read it at the next opening: cut short by a crash, it counts
/// there as damage of the newest one.
const TORN_PAGE_TABLE: &str = ".generating";

/// How long a store that is closed may write its page table; the next opening does what is left.
pub(crate) const CHECKPOINT: Duration = Duration::from_secs(20);

/// How long calls may still hold the engine when its store was closed.
const LET_GO: Duration = Duration::from_secs(1);

/// The engine, and our own handle of its file.
pub(crate) fn engine(dir: &Path) -> Result<(sled::Db, File), OpenError> {
    let database = dir.join("db");
    remove_torn_page_table(&database)?;
    let config = sled::Config::new().path(&database).cache_capacity(cache_bytes()).mode(sled::Mode::LowSpace);
    let opened = config.flush_every_ms(None).open();
    let db = opened.map_err(|why| OpenError::Engine { dir: dir.to_owned(), why: why.to_string() })?;
    let file = database.join("db");
    let handle = File::open(&file).map_err(io_at(&file))?;
    for folder in [&database, dir] {
        content_files::sync_folder(folder).map_err(io_at(folder))?;
    }
    Ok((db, handle))
}

/// Makes the engine write its page table, by opening it once more after everybody has let go of it. Nothing depends on it but how
/// long the next opening takes, so a failure is told and goes no further.
pub(crate) fn checkpoint(dir: &Path) {
    let began = Instant::now();
    let opened = loop {
        // The engine panics at some failures of the disk.
        let opened = panic::catch_unwind(AssertUnwindSafe(|| engine(dir).map(drop)));
        match opened {
            Ok(Err(why)) if is_held(&why) && began.elapsed() < LET_GO => {
                std::thread::sleep(Duration::from_millis(10));
            }
            opened => break opened,
        }
    };
    match opened {
        Ok(Ok(())) => tracing::debug!(took = ?began.elapsed(), "the next start need not read what was written"),
        Ok(Err(cause)) => tracing::warn!(%cause, "the next start reads all that was written since this one"),
        Err(_) => tracing::warn!("the engine panicked; the next start reads all that was written since this one"),
    }
}

/// Whether something that is going away still holds the engine's file.
pub(crate) fn is_held(why: &OpenError) -> bool {
    matches!(why, OpenError::Engine { why, .. } if why.contains("could not acquire lock"))
}

fn remove_torn_page_table(database: &Path) -> Result<(), OpenError> {
    let entries = match std::fs::read_dir(database) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(io_at(database))?,
    };
    for entry in entries {
        let path = entry.map_err(io_at(database))?.path();
        if path.to_str().is_some_and(|name| name.ends_with(TORN_PAGE_TABLE)) {
            std::fs::remove_file(&path).map_err(io_at(&path))?;
            tracing::info!(file = %path.display(), "a page table that a crash cut short was removed");
        }
    }
    Ok(())
}
