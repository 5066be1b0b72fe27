//! The store's own header, written with each commit.

mod v1;
mod v2;

use super::kind::RecordKind;
use super::stored::{DecodeError, Stored, append, parse};
use postlude_model::names::Timestamp;

/// What the store knows of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    /// Changes whenever the data may be older than what was acknowledged.
    pub(crate) epoch: u64,
    /// How often the store was opened.
    pub(crate) boot: u64,
    /// How many commits there were.
    pub(crate) commit: u64,
    /// The clock of the newest commit.
    pub(crate) at: Timestamp,
    /// The latest clock of any commit, also of one that was ahead: no record is dated later.
    pub(crate) latest: Timestamp,
}

impl Stored for Header {
    const KIND: RecordKind = RecordKind::Header;
    const VERSION: u8 = 2;

    fn write(&self, to: Vec<u8>) -> Result<Vec<u8>, postcard::Error> {
        let Self { epoch, boot, commit, at, latest } = *self;
        append(&v2::Header { epoch, boot, commit, at: at.0, latest: latest.0 }, to)
    }

    fn read(version: u8, body: &[u8]) -> Result<Self, DecodeError> {
        let v2::Header { epoch, boot, commit, at, latest } = match version {
            1 => parse::<v1::Header>(body)?.into(),
            2 => parse(body)?,
            other => return Err(DecodeError::Version(other)),
        };
        Ok(Self { epoch, boot, commit, at: Timestamp(at), latest: Timestamp(latest) })
    }
}
