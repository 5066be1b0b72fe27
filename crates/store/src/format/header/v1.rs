//! Version 1 of the store's header. Frozen: it is never changed, only followed by another version.

use serde::{Deserialize, Serialize};

/// The header.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) epoch: u64,
    pub(crate) boot: u64,
    pub(crate) commit: u64,
    pub(crate) at: u64,
}
