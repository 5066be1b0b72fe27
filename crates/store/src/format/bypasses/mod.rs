//! The stored list of a user's bypasses.

mod v1;

use super::kind::RecordKind;
use super::stored::{DecodeError, Stored, append, parse};
use postlude_model::policy::bypass::Bypass;

impl Stored for Vec<Bypass> {
    const KIND: RecordKind = RecordKind::Bypasses;
    const VERSION: u8 = 1;

    fn write(&self, to: Vec<u8>) -> Result<Vec<u8>, postcard::Error> {
        append(&v1::Bypasses::from(self.as_slice()), to)
    }

    fn read(version: u8, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => parse::<v1::Bypasses<'_>>(body)?.try_into(),
            other => Err(DecodeError::Version(other)),
        }
    }
}
