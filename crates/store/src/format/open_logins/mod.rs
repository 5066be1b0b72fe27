//! The stored list of a user's suspended logins.

mod v1;

use super::kind::RecordKind;
use super::stored::{DecodeError, Stored, append, parse};
use crate::rules::open_logins::OpenLogin;

impl Stored for Vec<OpenLogin> {
    const KIND: RecordKind = RecordKind::OpenLogins;
    const VERSION: u8 = 1;

    fn write(&self, to: Vec<u8>) -> Result<Vec<u8>, postcard::Error> {
        append(&v1::OpenLogins::from(self.as_slice()), to)
    }

    fn read(version: u8, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => parse::<v1::OpenLogins<'_>>(body)?.try_into(),
            other => Err(DecodeError::Version(other)),
        }
    }
}
