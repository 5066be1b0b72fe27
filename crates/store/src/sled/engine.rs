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

/// What the names of its page tables begin with.
const PAGE_TABLE: &str = "snap.";

/// How long a store that is closed may write its page table; the next opening does what is left.
pub(crate) const CHECKPOINT: Duration = Duration::from_secs(20);

/// How long calls may still hold the engine when its store was closed.
const LET_GO: Duration = Duration::from_secs(1);

/// The engine, and our own handle of its file.
pub(crate) fn engine(dir: &Path) -> Result<(sled::Db, File), OpenError> {
    let database = dir.join("db");
    remove_damaged_page_tables(&database)?;
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

/// Removes page tables that the engine would refuse to open with: those that a crash cut short, and all of them where one is damaged.
/// A page table has nothing that the log does not say: without one the engine reads the whole log. An older one is no way out, since
/// what came after it may have been written over what it points to.
fn remove_damaged_page_tables(database: &Path) -> Result<(), OpenError> {
    let entries = match std::fs::read_dir(database) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(io_at(database))?,
    };
    let (mut whole, mut damaged) = (Vec::new(), false);
    for entry in entries {
        let path = entry.map_err(io_at(database))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if !name.starts_with(PAGE_TABLE) {
            continue;
        }
        if name.ends_with(TORN_PAGE_TABLE) {
            std::fs::remove_file(&path).map_err(io_at(&path))?;
            tracing::info!(file = %path.display(), "a page table that a crash cut short was removed");
        } else {
            damaged |= !is_whole(&std::fs::read(&path).map_err(io_at(&path))?);
            whole.push(path);
        }
    }
    if damaged {
        for path in whole {
            std::fs::remove_file(&path).map_err(io_at(&path))?;
            tracing::warn!(file = %path.display(), "a damaged page table was removed; all that was ever written is read instead");
        }
        content_files::sync_folder(database).map_err(io_at(database))?;
    }
    Ok(())
}

/// Whether a page table has the checksum that stands at its end, behind eight bytes of its length.
fn is_whole(table: &[u8]) -> bool {
    let Some((rest, checksum)) = table.split_last_chunk::<4>() else { return false };
    let Some((table, _)) = rest.split_last_chunk::<8>() else { return false };
    !table.is_empty() && crc32fast::hash(table) == u32::from_le_bytes(*checksum)
}
