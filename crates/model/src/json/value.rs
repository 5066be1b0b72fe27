//! One JSON value as canonical text.

use super::canonical::Canonical;
use super::reader::{Depth, JsonError, whole};
use super::strict::first_error;
use super::write::write;
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// One JSON value as canonical text: keys sorted, no insignificant white space, no key twice, at most
/// [`limits::JSON_DEPTH`] levels deep.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Json(String);

impl Json {
    /// Reads a text strictly and keeps it in canonical form.
    ///
    /// # Errors
    /// When it is not one JSON value, repeats a key of an object, or is too deep.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        let mut canonical = Vec::with_capacity(text.len());
        let read = whole(text.as_bytes(), Canonical { depth: Depth::WHOLE, to: &mut canonical });
        read.map(|()| Self::of_canonical(canonical)).map_err(|why| first_error(text.as_bytes(), why))
    }

    /// What was written is JSON, and therefore UTF-8.
    pub(super) fn of_canonical(text: Vec<u8>) -> Self {
        Self(String::from_utf8(text).unwrap_or_default())
    }

    /// The canonical text of a value that is known to be acceptable.
    #[must_use]
    pub fn from_value(value: &Value) -> Self {
        let mut text = Vec::with_capacity(256);
        write(value, &mut text);
        Self::of_canonical(text)
    }

    /// A JSON string.
    #[must_use]
    pub fn string(text: &str) -> Self {
        Self::from_value(&Value::String(text.to_owned()))
    }

    /// The empty object.
    #[must_use]
    pub fn object() -> Self {
        Self("{}".to_owned())
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value. Canonical text always reads back; a broken one would read as null.
    #[must_use]
    pub fn to_value(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// The value at an RFC 6901 pointer.
    #[must_use]
    pub fn pointer(&self, pointer: &str) -> Option<Self> {
        self.to_value().pointer(pointer).map(Self::from_value)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(from)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits;

    #[test]
    fn canonical_text_sorts_keys_and_drops_space() {
        assert_eq!(Json::parse(" {\"b\": [1, 2.5],\n \"a\": null} ").unwrap().as_str(), r#"{"a":null,"b":[1,2.5]}"#);
    }

    #[test]
    fn a_key_twice_is_refused_at_any_level() {
        let error = Json::parse(r#"{"a":{"sub":1,"sub":2}}"#).unwrap_err().to_string();
        assert!(error.starts_with("key `sub` occurs twice"), "{error}");
    }

    #[test]
    fn depth_is_limited_at_the_edge() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(Json::parse(&nested(limits::JSON_DEPTH)).is_ok());
        let error = Json::parse(&nested(limits::JSON_DEPTH + 1)).unwrap_err().to_string();
        assert!(error.contains("nested deeper than 32 levels"), "{error}");
    }

    #[test]
    fn what_is_not_one_value_is_refused() {
        for bad in ["", "{", "1 2", "{\"a\":1}x", "nul", "\"\u{1}\"", "01", "[1,]"] {
            assert!(Json::parse(bad).is_err(), "`{bad}` was read");
        }
    }
}
