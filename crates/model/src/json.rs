//! JSON values as opaque canonical text, read strictly: no repeated key, no deep nesting.

use crate::limits;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};
use std::fmt;

/// One JSON value as canonical text: keys sorted, no insignificant white space, no key twice, at most
/// [`limits::JSON_DEPTH`] levels deep.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Json(String);

/// Why a text is not acceptable JSON (RFC 8259).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct JsonError(String);

impl Json {
    /// Reads a text strictly and keeps it in canonical form.
    ///
    /// # Errors
    /// When it is not one JSON value, repeats a key of an object, or is too deep.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        parse_value(text.as_bytes()).map(|value| Self::from_value(&value))
    }

    /// The canonical text of a value that is known to be acceptable.
    #[must_use]
    pub fn from_value(value: &Value) -> Self {
        let mut text = Vec::with_capacity(256);
        write(value, &mut text);
        // What was written is JSON, and therefore UTF-8.
        Self(String::from_utf8(text).unwrap_or_default())
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

/// Reads bytes strictly, as [`Json::parse`] does, into a value.
///
/// # Errors
/// When they are not one JSON value, repeat a key of an object, or nest too deep.
pub fn parse_value(bytes: &[u8]) -> Result<Value, JsonError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: limits::JSON_DEPTH }.deserialize(&mut reader).map_err(|e| JsonError(e.to_string()))?;
    reader.end().map_err(|e| JsonError(e.to_string()))?;
    Ok(value)
}

/// Writes the canonical text: the keys of objects in order, whether or not a crate of the build made serde_json keep insertion
/// order. Every request's event passes here, so nothing is cloned.
fn write(value: &Value, to: &mut Vec<u8>) {
    match value {
        Value::Array(items) => {
            to.push(b'[');
            for (at, item) in items.iter().enumerate() {
                separate(at, to);
                write(item, to);
            }
            to.push(b']');
        }
        Value::Object(members) => {
            to.push(b'{');
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            if !members.is_sorted_by_key(|(key, _)| *key) {
                members.sort_by_key(|(key, _)| *key);
            }
            for (at, (key, value)) in members.into_iter().enumerate() {
                separate(at, to);
                scalar(key, to);
                to.push(b':');
                write(value, to);
            }
            to.push(b'}');
        }
        other => scalar(other, to),
    }
}

fn separate(at: usize, to: &mut Vec<u8>) {
    if at > 0 {
        to.push(b',');
    }
}

/// Writing into memory does not fail.
fn scalar<T: Serialize>(value: &T, to: &mut Vec<u8>) {
    let _ = serde_json::to_writer(to, value);
}

/// A value's reader that refuses what a lenient reader would silently drop.
#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn inner<E: de::Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1);
        depth
            .map(|depth| Self { depth })
            .ok_or_else(|| E::custom(format_args!("nested deeper than {} levels", limits::JSON_DEPTH)))
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }
    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(Value::Number(v.into()))
    }
    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(Value::Number(v.into()))
    }
    fn visit_f64<E: de::Error>(self, v: f64) -> Result<Value, E> {
        Number::from_f64(v).map(Value::Number).ok_or_else(|| E::custom("a number out of range"))
    }
    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(Value::String(v.to_owned()))
    }
    fn visit_string<E>(self, v: String) -> Result<Value, E> {
        Ok(Value::String(v))
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let (inner, mut items) = (self.inner()?, Vec::new());
        while let Some(item) = seq.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let (inner, mut members) = (self.inner()?, Map::new());
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(inner)?;
            if members.contains_key(&key) {
                return Err(de::Error::custom(format_args!("key `{}` occurs twice", key.escape_default())));
            }
            members.insert(key, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
