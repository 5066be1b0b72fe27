//! The stored session.

pub(crate) mod v1;
pub(crate) mod v2;

use super::kind::RecordKind;
use super::stored::{DecodeError, Stored, append, parse};
use postlude_model::session::Session;

impl Stored for Session {
    const KIND: RecordKind = RecordKind::Session;
    const VERSION: u8 = 2;

    fn write(&self, to: Vec<u8>) -> Result<Vec<u8>, postcard::Error> {
        append(&v2::Session::from(self), to)
    }

    fn read(version: u8, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => v2::Session::from(parse::<v1::Session<'_>>(body)?).try_into(),
            2 => parse::<v2::Session<'_>>(body)?.try_into(),
            other => Err(DecodeError::Version(other)),
        }
    }
}
