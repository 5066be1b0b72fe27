//! Version 2 of the store's header: the latest clock. Frozen: it is never changed, only followed by another version.

use super::v1;
use serde::{Deserialize, Serialize};

/// The header.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) epoch: u64,
    pub(crate) boot: u64,
    pub(crate) commit: u64,
    pub(crate) at: u64,
    pub(crate) latest: u64,
}

impl From<v1::Header> for Header {
    fn from(v1::Header { epoch, boot, commit, at }: v1::Header) -> Self {
        Self { epoch, boot, commit, at, latest: at }
    }
}
