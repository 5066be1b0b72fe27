//! The stored header: whole, damaged, or of a host whose root key is not there.

use super::database::Database;
use super::high_water::HighWater;
use super::keys::{self, KeyKind};
use crate::api::{OpenError, StoreError};
use crate::format::codec::Codec;
use crate::format::description::Description;
use crate::format::header::Header;
use std::io;
use std::path::Path;

/// Records of a kind that are looked at to tell a damaged header from a root key that was lost.
const SAMPLE: usize = 64;

/// What was found of a store's header.
#[derive(Debug)]
pub(crate) enum Found {
    /// There is none: the store is new.
    None,
    Whole(Header),
    /// Root keys of this host made other records of the store, or its high-water file.
    Damaged,
    /// None of the root keys made anything that is stored; the name of the one that did, as far as the store says.
    Foreign(String),
}

/// Reads the stored header.
///
/// # Errors
/// When a newer program wrote it, or the disk fails.
pub(crate) fn read_header(database: &Database, dir: &Path, high_water: &HighWater) -> Result<Found, OpenError> {
    match database.get(&keys::header()) {
        Ok(header) => return Ok(header.map_or(Found::None, Found::Whole)),
        Err(StoreError::Corrupt(_) | StoreError::Unreadable(..)) => {}
        Err(why) => return Err(opened(dir, why)),
    }
    let stored = high_water.stored().map_err(|why| OpenError::Io { path: high_water.path().to_owned(), why })?;
    if stored.is_some() || any_of_ours(database).map_err(|why| opened(dir, why))? {
        return Ok(Found::Damaged);
    }
    let bytes = database.records.bytes(&keys::description()).map_err(|why| opened(dir, why))?.unwrap_or_default();
    let made_under = Codec::unauthenticated::<Description>(&bytes).and_then(|it| it.root_keys.last().cloned());
    Ok(Found::Foreign(made_under.map_or_else(|| "unknown".to_owned(), |(kid, _)| kid)))
}

/// Whether one of some records has a tag of one of the root keys.
fn any_of_ours(database: &Database) -> Result<bool, StoreError> {
    for kind in KeyKind::ALL.into_iter().filter(|kind| kind.record().is_some()) {
        let all = keys::all_of(kind).to_vec();
        for entry in database.records.entries(all.clone()..keys::end_of(&all)).take(SAMPLE) {
            if matches!(database.records.made_by(&entry?.0), Ok(Some(_))) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// An error of the store while it is opened.
pub(crate) fn opened(dir: &Path, why: StoreError) -> OpenError {
    match why {
        StoreError::Newer(_) => OpenError::Newer(dir.to_owned()),
        other => OpenError::Engine { dir: dir.to_owned(), why: other.to_string() },
    }
}

/// An error of a file or folder.
pub(crate) fn io_at(path: &Path) -> impl Fn(io::Error) -> OpenError + use<> {
    let path = path.to_owned();
    move |why| OpenError::Io { path: path.clone(), why }
}
