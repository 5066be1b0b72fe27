//! Version 1 of the stored session. Frozen: it is never changed, only followed by another version.

use crate::format::common::v1::{Factor, Pairs};
use serde::{Deserialize, Serialize};

/// A session. It borrows from the bytes that are read.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Session<'a> {
    pub(super) id: &'a str,
    pub(super) user: Option<&'a str>,
    pub(super) generation: u64,
    pub(super) version: u64,
    #[serde(borrow)]
    pub(super) factors: Vec<Factor<'a>>,
    pub(super) metadata: Pairs<'a>,
    pub(super) created_at: u64,
    pub(super) last_used_at: u64,
    pub(super) moved_to: Option<&'a str>,
}
