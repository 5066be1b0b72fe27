//! What all strict readers of JSON share: one value and nothing after it, a limited depth, no key twice.

use crate::limits;
use serde::de::{self, DeserializeSeed};

/// Why a text is not acceptable JSON (RFC 8259).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct JsonError(String);

/// Reads one value, and refuses anything after it.
pub(super) fn whole<'de, S: DeserializeSeed<'de>>(bytes: &'de [u8], seed: S) -> Result<S::Value, JsonError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = seed.deserialize(&mut reader).map_err(|e| JsonError(e.to_string()))?;
    reader.end().map_err(|e| JsonError(e.to_string()))?;
    Ok(value)
}

/// The number of levels that may follow.
#[derive(Clone, Copy)]
pub(super) struct Depth(usize);

impl Depth {
    pub(super) const WHOLE: Self = Self(limits::JSON_DEPTH);

    pub(super) fn inner<E: de::Error>(self) -> Result<Self, E> {
        let inner = self.0.checked_sub(1).map(Self);
        inner.ok_or_else(|| E::custom(format_args!("nested deeper than {} levels", limits::JSON_DEPTH)))
    }
}

pub(super) fn twice<E: de::Error>(key: &str) -> E {
    E::custom(format_args!("key `{}` occurs twice", key.escape_default()))
}
