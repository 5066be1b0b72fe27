//! JSON values as opaque canonical text, read strictly: no repeated key, no deep nesting.

mod canonical;

use crate::limits;
use canonical::Canonical;
pub use canonical::Text;
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
        let mut canonical = Vec::with_capacity(text.len());
        whole(text.as_bytes(), Canonical { depth: Depth::WHOLE, to: &mut canonical })?;
        Ok(Self::of_canonical(canonical))
    }

    /// What was written is JSON, and therefore UTF-8.
    fn of_canonical(text: Vec<u8>) -> Self {
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

/// Reads bytes strictly, as [`Json::parse`] does, into a value.
///
/// # Errors
/// When they are not one JSON value, repeat a key of an object, or nest too deep.
pub fn parse_value(bytes: &[u8]) -> Result<Value, JsonError> {
    whole(bytes, Strict(Depth::WHOLE))
}

/// Reads an object strictly: its member of this name as canonical text, the others as values.
///
/// # Errors
/// As [`parse_value`]; and when it is not an object.
pub fn parse_apart(bytes: &[u8], name: &str) -> Result<(Map<String, Value>, Option<Json>), JsonError> {
    whole(bytes, Apart { name, bytes: bytes.len() })
}

/// One value, and nothing after it.
fn whole<'de, S: DeserializeSeed<'de>>(bytes: &'de [u8], seed: S) -> Result<S::Value, JsonError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = seed.deserialize(&mut reader).map_err(|e| JsonError(e.to_string()))?;
    reader.end().map_err(|e| JsonError(e.to_string()))?;
    Ok(value)
}

/// Writes the canonical text: the keys of objects in order, whether or not a crate of the build made serde_json keep insertion
/// order.
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
fn scalar<T: Serialize + ?Sized>(value: &T, to: &mut Vec<u8>) {
    let _ = serde_json::to_writer(to, value);
}

/// How many levels may follow.
#[derive(Clone, Copy)]
struct Depth(usize);

impl Depth {
    const WHOLE: Self = Self(limits::JSON_DEPTH);

    fn inner<E: de::Error>(self) -> Result<Self, E> {
        let inner = self.0.checked_sub(1).map(Self);
        inner.ok_or_else(|| E::custom(format_args!("nested deeper than {} levels", limits::JSON_DEPTH)))
    }
}

fn twice<E: de::Error>(key: &str) -> E {
    E::custom(format_args!("key `{}` occurs twice", key.escape_default()))
}

/// A value's reader that refuses what a lenient reader would silently drop.
#[derive(Clone, Copy)]
struct Strict(Depth);

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
        let (inner, mut items) = (Self(self.0.inner()?), Vec::new());
        while let Some(item) = seq.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let (inner, mut members) = (Self(self.0.inner()?), Map::new());
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(inner)?;
            if members.contains_key(&key) {
                return Err(twice(&key));
            }
            members.insert(key, value);
        }
        Ok(Value::Object(members))
    }
}

/// The reader of an object of which one member is large.
struct Apart<'a> {
    name: &'a str,
    bytes: usize,
}

impl<'de> DeserializeSeed<'de> for Apart<'_> {
    type Value = (Map<String, Value>, Option<Json>);
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Apart<'_> {
    type Value = (Map<String, Value>, Option<Json>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (inner, mut members, mut apart) = (Depth::WHOLE.inner()?, Map::new(), None);
        while let Some(key) = map.next_key::<String>()? {
            if key == self.name {
                let mut text = Vec::with_capacity(self.bytes);
                map.next_value_seed(Canonical { depth: inner, to: &mut text })?;
                if apart.replace(Json::of_canonical(text)).is_some() {
                    return Err(twice(&key));
                }
                continue;
            }
            let value = map.next_value_seed(Strict(inner))?;
            if members.contains_key(&key) {
                return Err(twice(&key));
            }
            members.insert(key, value);
        }
        Ok((members, apart))
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
