//! The subject that a well-formed event names, found in its text without a tree.

use postlude_model::json::{Json, Text};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// `/user/user_id`, `/client/client_id` and, where there is a session, `/session/id`.
pub(super) type SubjectTexts<'a> = (Cow<'a, str>, Cow<'a, str>, Option<Cow<'a, str>>);

/// What an event names. It errs where something is missing or of another type than usual, and says nothing useful then.
pub(super) fn subject_of(event: &Json) -> serde_json::Result<SubjectTexts<'_>> {
    serde_json::Deserializer::from_str(event.as_str()).deserialize_map(Event)
}

struct Event;

impl<'de> Visitor<'de> for Event {
    type Value = SubjectTexts<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut user, mut client, mut session) = (None, None, None);
        while let Some(part) = map.next_key_seed(Text)? {
            match part.as_ref() {
                "user" => user = Some(map.next_value_seed(Part("user_id"))?),
                "client" => client = Some(map.next_value_seed(Part("client_id"))?),
                "session" => session = Some(map.next_value_seed(Part("id"))?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let missing = <A::Error as serde::de::Error>::missing_field;
        Ok((user.ok_or_else(|| missing("user"))?, client.ok_or_else(|| missing("client"))?, session))
    }
}

/// A part of the event: an object, of which one text is wanted.
struct Part(&'static str);

impl<'de> DeserializeSeed<'de> for Part {
    type Value = Cow<'de, str>;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Part {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = map.next_key_seed(Text)? {
            if name == self.0 {
                found = Some(map.next_value_seed(Text)?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        found.ok_or_else(|| serde::de::Error::missing_field(self.0))
    }
}
