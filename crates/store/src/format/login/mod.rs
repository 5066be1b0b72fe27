//! The stored login record.

mod v1;
mod v2;

use super::kind::RecordKind;
use super::stored::{DecodeError, Stored, append, parse};
use postlude_model::login::LoginRecord;

impl Stored for LoginRecord {
    const KIND: RecordKind = RecordKind::Login;
    const VERSION: u8 = 2;

    fn write(&self, to: Vec<u8>) -> Result<Vec<u8>, postcard::Error> {
        append(&v2::Login::from(self), to)
    }

    fn read(version: u8, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => v2::Login::from(parse::<v1::Login<'_>>(body)?).try_into(),
            2 => parse::<v2::Login<'_>>(body)?.try_into(),
            other => Err(DecodeError::Version(other)),
        }
    }
}
