//! Version 1 of the stored orders. Frozen: it is never changed, only followed by another version.

use crate::format::common::v1::Digest;
use serde::{Deserialize, Serialize};

/// A tenant's orders. They borrow from the bytes that are read.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Orders<'a> {
    pub(super) version: u64,
    #[serde(borrow)]
    pub(super) kills: Vec<Kill<'a>>,
    pub(super) revocations: Vec<Revocation<'a>>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kill<'a> {
    pub(super) digest: Digest,
    pub(super) at: u64,
    pub(super) by: &'a str,
    pub(super) reason: &'a str,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Revocation<'a> {
    pub(super) digest: Digest,
    pub(super) name: Option<&'a str>,
    pub(super) before: u64,
    pub(super) by: &'a str,
    pub(super) reason: &'a str,
}
