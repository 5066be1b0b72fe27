//! The stored cache of an action.

mod v1;

use super::kind::RecordKind;
use super::stored::{DecodeError, Stored, append, parse};
use postlude_model::cache::Cache;

impl Stored for Cache {
    const KIND: RecordKind = RecordKind::Cache;
    const VERSION: u8 = 1;

    fn write(&self, to: Vec<u8>) -> Result<Vec<u8>, postcard::Error> {
        append(&v1::Cache::from(self), to)
    }

    fn read(version: u8, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => parse::<v1::Cache<'_>>(body)?.try_into(),
            other => Err(DecodeError::Version(other)),
        }
    }
}
