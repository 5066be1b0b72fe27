//! The reader that writes canonical text as it reads, without a tree between: every request's event passes here.

use super::reader::{Depth, twice};
use super::value::Json;
use super::write::{scalar, separate};
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use smallvec::SmallVec;
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// Reads a member of an object as canonical text, as strictly as [`Json::parse`] does.
///
/// # Errors
/// When it repeats a key of an object, or nests too deep for a member.
pub fn canonical<'de, D: Deserializer<'de>>(member: D) -> Result<Json, D::Error> {
    let mut text = Vec::with_capacity(USUAL_BYTES);
    Canonical { depth: Depth::WHOLE.inner()?, to: &mut text }.deserialize(member)?;
    Ok(Json::of_canonical(text))
}

/// Room for most events, so that writing one does not grow its buffer step by step.
const USUAL_BYTES: usize = 2048;

/// Reads one value as strictly as the tree's reader does, and appends its canonical text.
pub(super) struct Canonical<'a> {
    pub(super) depth: Depth,
    pub(super) to: &'a mut Vec<u8>,
}

impl<'de> DeserializeSeed<'de> for Canonical<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Canonical<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_bool<E>(self, v: bool) -> Result<(), E> {
        scalar(&v, self.to);
        Ok(())
    }
    fn visit_i64<E>(self, v: i64) -> Result<(), E> {
        scalar(&v, self.to);
        Ok(())
    }
    fn visit_u64<E>(self, v: u64) -> Result<(), E> {
        scalar(&v, self.to);
        Ok(())
    }
    fn visit_f64<E: de::Error>(self, v: f64) -> Result<(), E> {
        if !v.is_finite() {
            return Err(E::custom("a number out of range"));
        }
        scalar(&v, self.to);
        Ok(())
    }
    fn visit_borrowed_str<E>(self, v: &'de str) -> Result<(), E> {
        quoted(v, self.to);
        Ok(())
    }
    fn visit_str<E>(self, v: &str) -> Result<(), E> {
        scalar(v, self.to);
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        self.to.extend_from_slice(b"null");
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let (depth, to) = (self.depth.inner()?, self.to);
        to.push(b'[');
        let mut end = to.len();
        // The separator is there before it is known whether an item follows.
        while seq.next_element_seed(Canonical { depth, to })?.is_some() {
            end = to.len();
            to.push(b',');
        }
        to.truncate(end);
        to.push(b']');
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (depth, to) = (self.depth.inner()?, self.to);
        to.push(b'{');
        let begin = to.len();
        let mut members = Members::default();
        while let Some(key) = map.next_key_seed(Text)? {
            separate(members.all.len(), to);
            let from = to.len();
            match &key {
                Cow::Borrowed(key) => quoted(key, to),
                Cow::Owned(key) => scalar(key, to),
            }
            to.push(b':');
            map.next_value_seed(Canonical { depth, to })?;
            members.add(key, from..to.len());
        }
        members.sort(begin, to)?;
        to.push(b'}');
        Ok(())
    }
}

/// Writes a text that stood in JSON without an escape: it needs none here either.
fn quoted(text: &str, to: &mut Vec<u8>) {
    to.push(b'"');
    to.extend_from_slice(text.as_bytes());
    to.push(b'"');
}

/// Members of an object that need no memory of their own: most objects of an event have fewer.
const FEW: usize = 12;

/// The members of an object as they came, and where each was written.
#[derive(Default)]
struct Members<'de> {
    all: SmallVec<[(Cow<'de, str>, Range<usize>); FEW]>,
    /// Whether a key came out of order: until then no key can have come twice.
    unsorted: bool,
}

impl<'de> Members<'de> {
    fn add(&mut self, key: Cow<'de, str>, at: Range<usize>) {
        self.unsorted |= self.all.last().is_some_and(|(last, _)| *last >= key);
        self.all.push((key, at));
    }

    /// Puts what was written after `begin` into the order of the keys, and errs where one is there twice.
    fn sort<E: de::Error>(mut self, begin: usize, to: &mut Vec<u8>) -> Result<(), E> {
        if !self.unsorted {
            return Ok(());
        }
        self.all.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        if let Some([(key, _), _]) = self.all.array_windows().find(|[(one, _), (other, _)]| one == other) {
            return Err(twice(key));
        }
        let mut sorted = Vec::with_capacity(to.len().saturating_sub(begin));
        for (at, (_, range)) in self.all.into_iter().enumerate() {
            separate(at, &mut sorted);
            sorted.extend_from_slice(to.get(range).unwrap_or_default());
        }
        to.truncate(begin);
        to.append(&mut sorted);
        Ok(())
    }
}

/// Reads a text, borrowed unless it has escapes.
#[derive(Debug, Clone, Copy)]
pub struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }
    fn visit_borrowed_str<E>(self, v: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(v))
    }
    fn visit_str<E>(self, v: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(v.to_owned()))
    }
    fn visit_string<E>(self, v: String) -> Result<Self::Value, E> {
        Ok(Cow::Owned(v))
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;
    use crate::json::{Json, parse_value};
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Event {
        #[serde(deserialize_with = "canonical")]
        event: Json,
    }

    /// JSON as people and attackers write it: keys in any order, sometimes twice, with escapes and white space.
    fn text() -> impl Strategy<Value = String> {
        let scalar = prop_oneof![
            Just("null".to_owned()),
            any::<bool>().prop_map(|b| b.to_string()),
            any::<i64>().prop_map(|n| n.to_string()),
            any::<f64>().prop_map(|n| format!("{n:e}")),
            key(),
        ];
        scalar.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(|all| format!("[{}]", all.join(" , "))),
                prop::collection::vec((key(), inner), 0..6).prop_map(|all| {
                    let members: Vec<_> = all.into_iter().map(|(key, value)| format!("{key} :{value}")).collect();
                    format!("{{ {} }}", members.join(","))
                }),
            ]
        })
    }

    fn key() -> impl Strategy<Value = String> {
        let any = any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap());
        prop_oneof![Just(r#""a""#.to_owned()), Just(r#""\u0061""#.to_owned()), Just(r#""b""#.to_owned()), any]
    }

    proptest! {
        /// What both readers take is equal to the byte, and so is why they refuse.
        #[test]
        fn it_reads_what_the_tree_reads(text in text()) {
            let by_tree = parse_value(text.as_bytes()).map(|value| Json::from_value(&value));
            prop_assert_eq!(Json::parse(&text), by_tree);
        }

        #[test]
        fn a_member_is_what_it_is_in_the_whole(member in text()) {
            let body = format!("{{\"event\":{member}}}");
            let whole = parse_value(body.as_bytes()).map(|value| Json::from_value(&value["event"]));
            let alone = serde_json::from_str::<Event>(&body).map(|read| read.event);
            prop_assert_eq!(alone.ok(), whole.ok());
        }
    }

    #[test]
    fn a_large_object_out_of_order_is_read_in_time() {
        let members: Vec<_> = (0..40_000).rev().map(|n| format!("\"{n:06}\":1")).collect();
        let json = Json::parse(&format!("{{{}}}", members.join(","))).unwrap();
        assert!(json.as_str().starts_with(r#"{"000000":1,"000001":1"#) && json.as_str().ends_with(r#""039999":1}"#));
    }
}
