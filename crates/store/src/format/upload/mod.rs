//! The stored note of an uploaded plugin.

pub(crate) mod v1;

use super::kind::RecordKind;
use super::stored::{DecodeError, Stored, append, parse};
use crate::api::Upload;

impl Stored for Upload {
    const KIND: RecordKind = RecordKind::Upload;
    const VERSION: u8 = 1;

    fn write(&self, to: Vec<u8>) -> Result<Vec<u8>, postcard::Error> {
        append(&v1::Upload::from(self), to)
    }

    fn read(version: u8, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => Ok(parse::<v1::Upload<'_>>(body)?.into()),
            other => Err(DecodeError::Version(other)),
        }
    }
}
