//! Version 1 of the place of a store. Frozen: it is never changed, only followed by another version.

use serde::{Deserialize, Serialize};

/// The place: the inode of the lock file, and when it was made, in ns since 1970, where the file system says so.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) inode: u64,
    pub(crate) born: Option<u64>,
}
