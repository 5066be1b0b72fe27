//! Version 1 of the stored cache. Frozen: it is never changed, only followed by another version.

use crate::format::common::v1::CacheValue;
use crate::format::stored::DecodeError;
use postlude_model::cache;
use serde::{Deserialize, Serialize};

/// A cache, in the order of its keys.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Cache<'a>(#[serde(borrow)] Vec<(&'a str, CacheValue<'a>)>);

impl<'a> From<&'a cache::Cache> for Cache<'a> {
    fn from(cache: &'a cache::Cache) -> Self {
        Self(cache.iter().map(|(key, entry)| (key.as_str(), CacheValue::from(entry))).collect())
    }
}

impl TryFrom<Cache<'_>> for cache::Cache {
    type Error = DecodeError;
    fn try_from(stored: Cache<'_>) -> Result<Self, DecodeError> {
        stored.0.into_iter().map(|(key, value)| Ok((key.to_owned(), value.try_into()?))).collect()
    }
}
