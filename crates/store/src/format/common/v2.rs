//! Version 2 of what several kinds of records contain: factors know the orders. Frozen: it is never changed, only followed by another
//! version.

use super::v1;
use crate::format::stored::DecodeError;
use postlude_model::session::FactorRecord;
use serde::{Deserialize, Serialize};

/// A recorded factor.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Factor<'a> {
    #[serde(borrow)]
    factor: v1::Factor<'a>,
    orders_seen: Option<u64>,
}

impl<'a> From<v1::Factor<'a>> for Factor<'a> {
    fn from(factor: v1::Factor<'a>) -> Self {
        Self { factor, orders_seen: None }
    }
}

impl<'a> From<&'a FactorRecord> for Factor<'a> {
    fn from(record: &'a FactorRecord) -> Self {
        Self { factor: record.into(), orders_seen: record.orders_seen }
    }
}

impl TryFrom<Factor<'_>> for FactorRecord {
    type Error = DecodeError;
    fn try_from(stored: Factor<'_>) -> Result<Self, DecodeError> {
        Ok(Self { orders_seen: stored.orders_seen, ..stored.factor.try_into()? })
    }
}
