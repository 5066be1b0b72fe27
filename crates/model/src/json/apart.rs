//! The strict reader of an object of which one member is large and stays text.

use super::canonical::Canonical;
use super::reader::{Depth, JsonError, twice, whole};
use super::strict::Strict;
use super::value::Json;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// Reads an object strictly: its member of this name as canonical text, the others as values.
///
/// # Errors
/// As [`parse_value`]; and when it is not an object.
pub fn parse_apart(bytes: &[u8], name: &str) -> Result<(Map<String, Value>, Option<Json>), JsonError> {
    whole(bytes, Apart { name, bytes: bytes.len() })
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
