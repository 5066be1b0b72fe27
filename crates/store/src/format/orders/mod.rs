//! The stored orders of a tenant's operators.

mod v1;
mod v2;

use super::kind::RecordKind;
use super::stored::{DecodeError, Stored, append, parse};
use postlude_model::policy::orders::Orders;

impl Stored for Orders {
    const KIND: RecordKind = RecordKind::Orders;
    const VERSION: u8 = 2;

    fn write(&self, to: Vec<u8>) -> Result<Vec<u8>, postcard::Error> {
        append(&v2::Orders::from(self), to)
    }

    fn read(version: u8, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => v2::Orders::from(parse::<v1::Orders<'_>>(body)?).try_into(),
            2 => parse::<v2::Orders<'_>>(body)?.try_into(),
            other => Err(DecodeError::Version(other)),
        }
    }
}
