//! What is stored about revisions: their contents' hashes, their numbers, until when they are needed, and which one is
//! active. The contents themselves are files of JSON text, whose format the configuration owns.

mod v1;

use super::kind::RecordKind;
use super::stored::{DecodeError, Stored, append, parse};
use crate::api::ActiveRevision;
use postlude_model::names::{TenantName, Timestamp};

/// The SHA-256 of a revision's content, found by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RevisionHash(pub(crate) [u8; 32]);

/// The number of a revision, found by its content's hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RevisionNumber(pub(crate) u64);

/// Until when a revision is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RevisionNeed {
    pub(crate) tenant: TenantName,
    pub(crate) number: u64,
    pub(crate) until: Timestamp,
}

impl Stored for RevisionHash {
    const KIND: RecordKind = RecordKind::RevisionHash;
    const VERSION: u8 = 1;

    fn write(&self, to: Vec<u8>) -> Result<Vec<u8>, postcard::Error> {
        append(&v1::RevisionHash(self.0), to)
    }

    fn read(version: u8, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => Ok(Self(parse::<v1::RevisionHash>(body)?.0)),
            other => Err(DecodeError::Version(other)),
        }
    }
}

impl Stored for RevisionNumber {
    const KIND: RecordKind = RecordKind::RevisionNumber;
    const VERSION: u8 = 1;

    fn write(&self, to: Vec<u8>) -> Result<Vec<u8>, postcard::Error> {
        append(&v1::RevisionNumber(self.0), to)
    }

    fn read(version: u8, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => Ok(Self(parse::<v1::RevisionNumber>(body)?.0)),
            other => Err(DecodeError::Version(other)),
        }
    }
}

impl Stored for RevisionNeed {
    const KIND: RecordKind = RecordKind::RevisionNeed;
    const VERSION: u8 = 1;

    fn write(&self, to: Vec<u8>) -> Result<Vec<u8>, postcard::Error> {
        append(&v1::RevisionNeed { tenant: self.tenant.as_str(), number: self.number, until: self.until.0 }, to)
    }

    fn read(version: u8, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => {
                let v1::RevisionNeed { tenant, number, until } = parse(body)?;
                Ok(Self { tenant: tenant.parse()?, number, until: Timestamp(until) })
            }
            other => Err(DecodeError::Version(other)),
        }
    }
}

impl Stored for ActiveRevision {
    const KIND: RecordKind = RecordKind::ActiveRevision;
    const VERSION: u8 = 1;

    fn write(&self, to: Vec<u8>) -> Result<Vec<u8>, postcard::Error> {
        append(&v1::ActiveRevision { number: self.number, version: self.version }, to)
    }

    fn read(version: u8, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => {
                let v1::ActiveRevision { number, version } = parse(body)?;
                Ok(Self { number, version })
            }
            other => Err(DecodeError::Version(other)),
        }
    }
}
