//! A part of a canonical text, found without reading the rest into a tree: every login asks its event for a few names.

use super::value::Json;
use std::borrow::Cow;

/// A value within canonical text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonPart<'t>(&'t str);

impl Json {
    /// The whole value, to look for a part of it.
    #[must_use]
    pub fn as_part(&self) -> JsonPart<'_> {
        JsonPart(self.as_str())
    }
}

impl<'t> JsonPart<'t> {
    /// The canonical text of the part.
    #[must_use]
    pub const fn as_str(self) -> &'t str {
        self.0
    }

    /// The member of this name, where it is an object that has one. The name is one that JSON writes without an escape.
    #[must_use]
    pub fn member(self, name: &str) -> Option<Self> {
        let [member] = self.members([name]);
        member
    }

    /// The members of these names, as [`Self::member`] finds each, in one pass.
    #[must_use]
    pub fn members<const N: usize>(self, names: [&str; N]) -> [Option<Self>; N] {
        let mut found = [None; N];
        let Some(elements) = Elements::of(self.0, b'{', b'}') else { return found };
        for element in elements {
            for (name, found) in names.iter().zip(&mut found) {
                let value = || element.strip_prefix('"')?.strip_prefix(name)?.strip_prefix("\":");
                *found = found.or_else(|| value().map(Self));
            }
            if found.iter().all(Option::is_some) {
                break;
            }
        }
        found
    }

    /// The items, where it is a list.
    #[must_use]
    pub fn items(self) -> Option<impl Iterator<Item = Self>> {
        Some(Elements::of(self.0, b'[', b']')?.map(JsonPart))
    }

    /// The text, where it is one.
    #[must_use]
    pub fn text(self) -> Option<Cow<'t, str>> {
        let inner = self.0.strip_prefix('"')?.strip_suffix('"')?;
        if inner.contains('\\') {
            serde_json::from_str(self.0).ok().map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(inner))
        }
    }

    /// Whether it is null.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.0 == "null"
    }
}

/// The elements of an object or a list: what stands between its commas.
struct Elements<'t>(&'t str);

impl<'t> Elements<'t> {
    fn of(text: &'t str, open: u8, close: u8) -> Option<Self> {
        let (first, rest) = text.as_bytes().split_first()?;
        let (last, _) = rest.split_last()?;
        (*first == open && *last == close).then(|| Self(text.get(1..text.len() - 1).unwrap_or_default()))
    }
}

impl<'t> Iterator for Elements<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        if self.0.is_empty() {
            return None;
        }
        let (element, rest) = self.0.split_at(end_of_element(self.0.as_bytes()));
        self.0 = rest.get(1..).unwrap_or_default();
        Some(element)
    }
}

/// Where the first comma stands that belongs to no text and to no object or list within.
fn end_of_element(bytes: &[u8]) -> usize {
    let (mut at, mut depth) = (0_usize, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_text(bytes, at),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// Where the quote stands that ends the text whose first quote stands here.
fn end_of_text(bytes: &[u8], begin: usize) -> usize {
    let mut at = begin + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn value() -> impl Strategy<Value = Value> {
        let text = prop_oneof![any::<String>(), "[\\[\\]{},:\"\\\\a]{0,6}"];
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            text.prop_map(Value::from),
        ];
        scalar.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map("[a-c]{1,2}|.{0,3}", inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// Every part says what the tree says.
    fn check(part: JsonPart<'_>, value: &Value) {
        assert_eq!(part.as_str(), Json::from_value(value).as_str());
        assert_eq!(part.text().as_deref(), value.as_str());
        assert_eq!(part.is_null(), value.is_null());
        match part.items() {
            Some(items) => {
                let items: Vec<_> = items.collect();
                let expected = value.as_array().unwrap();
                assert_eq!(items.len(), expected.len());
                items.iter().zip(expected).for_each(|(item, value)| check(*item, value));
            }
            None => assert!(!value.is_array()),
        }
        for (name, member) in value.as_object().into_iter().flatten() {
            // Others are never asked for.
            if name.chars().all(|c| c.is_ascii_alphanumeric()) {
                check(part.member(name).unwrap(), member);
            }
        }
        assert_eq!(part.members(["missing", "a"]), [None, value.get("a").and(part.member("a"))]);
    }

    proptest! {
        #[test]
        fn a_part_is_what_it_is_in_the_tree(value in value()) {
            check(Json::from_value(&value).as_part(), &value);
        }
    }
}
