//! Version 1 of what is stored about revisions. Frozen: it is never changed, only followed by another version.

use serde::{Deserialize, Serialize};

/// The SHA-256 of a revision's content.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RevisionHash(pub(crate) [u8; 32]);

/// The number of a revision.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RevisionNumber(pub(crate) u64);

/// Until when a revision is needed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RevisionNeed<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) number: u64,
    pub(crate) until: u64,
}

/// The revision that a tenant's new logins take.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ActiveRevision {
    pub(crate) number: u64,
    pub(crate) version: u64,
}
