//! Patterns that are compared with JSON: what a pattern does not name is not compared, and matchers stand for values that no text
//! can say exactly.

use regex::Regex;
use serde_json::{Map, Value};

/// One place at which a value is not as its pattern says.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Where, as `redirect.token.sub`; empty for the whole value.
    pub path: String,
    /// What the pattern says.
    pub expected: String,
    /// The value that is there; none where there is none.
    pub found: Option<Value>,
}

/// Why a pattern cannot be compared with anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}`: {why}")]
pub struct PatternError {
    /// Where in the pattern.
    pub path: String,
    /// What is wrong.
    pub why: String,
}

/// The matchers: a table with exactly one of these members is one.
pub const MATCHERS: [&str; 10] =
    ["any", "absent", "equals", "not", "contains", "matches", "one_of", "at_least", "at_most", "length"];

/// Checks that every matcher of a pattern is well formed.
///
/// # Errors
/// The first one that is not.
pub fn check(pattern: &Value) -> Result<(), PatternError> {
    check_at(pattern, "")
}

fn check_at(pattern: &Value, path: &str) -> Result<(), PatternError> {
    let fail = |why: String| Err(PatternError { path: path.to_owned(), why });
    match pattern {
        Value::Object(members) => {
            if let Some((name, argument)) = matcher(members) {
                return match (name, argument) {
                    ("any" | "absent", Value::Bool(_)) => Ok(()),
                    ("any" | "absent", _) => fail(format!("`{name}` takes `true` or `false`")),
                    ("matches", Value::String(text)) => match Regex::new(text) {
                        Ok(_) => Ok(()),
                        Err(why) => {
                            // The last line says what is wrong; those before it draw where.
                            let why = why
                                .to_string()
                                .lines()
                                .last()
                                .unwrap_or_default()
                                .trim_start_matches("error: ")
                                .to_owned();
                            fail(format!("`{text}` is not a regular expression: {why}"))
                        }
                    },
                    ("matches", _) => fail("`matches` takes a regular expression as text".to_owned()),
                    ("at_least" | "at_most", argument) if !argument.is_number() => {
                        fail(format!("`{name}` takes a number"))
                    }
                    ("one_of", Value::Array(all)) => all.iter().try_for_each(|one| check_at(one, path)),
                    ("one_of", _) => fail("`one_of` takes an array".to_owned()),
                    ("not" | "contains" | "length", argument) => check_at(argument, path),
                    _ => Ok(()),
                };
            }
            members.iter().try_for_each(|(name, member)| check_at(member, &join(path, name)))
        }
        Value::Array(elements) => {
            elements.iter().enumerate().try_for_each(|(at, element)| check_at(element, &join(path, &at.to_string())))
        }
        _ => Ok(()),
    }
}

/// Every difference between a value and its pattern, in the order of the pattern.
#[must_use]
pub fn differences(pattern: &Value, found: Option<&Value>) -> Vec<Difference> {
    let mut all = Vec::new();
    compare(pattern, found, "", &mut all);
    all
}

/// Whether a value is as its pattern says.
#[must_use]
pub fn fits(pattern: &Value, found: Option<&Value>) -> bool {
    differences(pattern, found).is_empty()
}

fn compare(pattern: &Value, found: Option<&Value>, path: &str, all: &mut Vec<Difference>) {
    match (pattern, found) {
        (Value::Object(members), found) if matcher(members).is_some() => {
            let Some((name, argument)) = matcher(members) else { return };
            if !holds(name, argument, found) {
                all.push(difference(path, words(name, argument), found));
            }
        }
        (Value::Object(members), Some(Value::Object(values))) => {
            for (name, member) in members {
                compare(member, values.get(name), &join(path, name), all);
            }
        }
        (Value::Array(elements), Some(Value::Array(values))) if elements.len() == values.len() => {
            for (at, (element, value)) in elements.iter().zip(values).enumerate() {
                compare(element, Some(value), &join(path, &at.to_string()), all);
            }
        }
        (_, Some(value)) if same(pattern, value) => {}
        _ => all.push(difference(path, shown(pattern), found)),
    }
}

fn difference(path: &str, expected: String, found: Option<&Value>) -> Difference {
    Difference { path: path.to_owned(), expected, found: found.cloned() }
}

/// Equal, where a number of TOML that is whole and one of JSON that is not are the same number.
fn same(one: &Value, other: &Value) -> bool {
    one == other || one.as_f64().zip(other.as_f64()).is_some_and(|(one, other)| one == other)
}

fn matcher(members: &Map<String, Value>) -> Option<(&'static str, &Value)> {
    if members.len() != 1 {
        return None;
    }
    let (name, argument) = members.iter().next()?;
    MATCHERS.iter().find(|known| **known == name).map(|name| (*name, argument))
}

fn holds(name: &str, argument: &Value, found: Option<&Value>) -> bool {
    match name {
        "any" => found.is_some() == (*argument == Value::Bool(true)),
        "absent" => found.is_none() == (*argument == Value::Bool(true)),
        "equals" => found.is_some_and(|found| found == argument),
        "not" => !fits(argument, found),
        "one_of" => argument.as_array().is_some_and(|all| all.iter().any(|one| fits(one, found))),
        "matches" => {
            let regex = argument.as_str().and_then(|text| Regex::new(text).ok());
            regex.zip(found).is_some_and(|(regex, found)| text_of(found).is_some_and(|text| regex.is_match(&text)))
        }
        "contains" => found.is_some_and(|found| contains(found, argument)),
        "at_least" => found.and_then(Value::as_f64).zip(argument.as_f64()).is_some_and(|(found, least)| found >= least),
        "at_most" => found.and_then(Value::as_f64).zip(argument.as_f64()).is_some_and(|(found, most)| found <= most),
        "length" => found.and_then(length).is_some_and(|length| fits(argument, Some(&length.into()))),
        _ => false,
    }
}

/// A part of a text, an element of an array that fits or has the text in it, or the name of a member.
fn contains(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::String(text), Value::String(part)) => text.contains(part),
        (Value::Array(elements), wanted) => elements.iter().any(|element| {
            fits(wanted, Some(element)) || (wanted.is_string() && element.is_string() && contains(element, wanted))
        }),
        (Value::Object(members), Value::String(name)) => members.contains_key(name),
        _ => false,
    }
}

fn length(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(text.chars().count()),
        Value::Array(elements) => Some(elements.len()),
        Value::Object(members) => Some(members.len()),
        _ => None,
    }
}

/// A value as text: a text itself, anything else as JSON.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

fn words(name: &str, argument: &Value) -> String {
    let yes = *argument == Value::Bool(true);
    match name {
        "any" if yes => "anything".to_owned(),
        "any" | "absent" if yes != (name == "any") => "nothing".to_owned(),
        "absent" => "anything".to_owned(),
        "equals" => shown(argument),
        "not" => format!("not {}", shown(argument)),
        "at_least" => format!("at least {}", shown(argument)),
        "at_most" => format!("at most {}", shown(argument)),
        "one_of" => format!("one of {}", shown(argument)),
        "length" => format!("a length of {}", shown(argument)),
        "matches" => format!("a match of /{}/", argument.as_str().unwrap_or_default()),
        _ => format!("{name} {}", shown(argument)),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Object(members) => match matcher(members) {
            Some((name, argument)) => words(name, argument),
            None => value.to_string(),
        },
        other => other.to_string(),
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn paths(pattern: &Value, found: &Value) -> Vec<String> {
        differences(pattern, Some(found)).into_iter().map(|difference| difference.path).collect()
    }

    #[test]
    fn what_is_not_named_is_not_compared() {
        let found =
            json!({ "outcome": "redirect", "redirect": { "url": "https://a.example/", "token": { "sub": "ana" } } });
        assert!(paths(&json!({ "outcome": "redirect", "redirect": { "token": { "sub": "ana" } } }), &found).is_empty());
        let wrong = json!({ "outcome": "deny", "redirect": { "token": { "sub": "ben", "amr": 1 } } });
        assert_eq!(paths(&wrong, &found), ["outcome", "redirect.token.amr", "redirect.token.sub"]);
    }

    #[test]
    fn arrays_are_compared_whole() {
        assert!(paths(&json!({ "amr": ["pwd", "mfa"] }), &json!({ "amr": ["pwd", "mfa"] })).is_empty());
        assert_eq!(paths(&json!({ "amr": ["pwd"] }), &json!({ "amr": ["pwd", "mfa"] })), ["amr"]);
        assert_eq!(paths(&json!({ "amr": ["mfa", "mfa"] }), &json!({ "amr": ["pwd", "mfa"] })), ["amr.0"]);
    }

    #[test]
    fn each_matcher_holds_and_fails() {
        let found = json!({ "text": "face is known", "list": ["one", "two"], "number": 7 });
        for (pattern, holds) in [
            (json!({ "text": { "contains": "is" } }), true),
            (json!({ "text": { "contains": "are" } }), false),
            (json!({ "text": { "matches": "^face .* known$" } }), true),
            (json!({ "text": { "matches": "^is" } }), false),
            (json!({ "list": { "contains": "two" } }), true),
            (json!({ "list": { "contains": "three" } }), false),
            (json!({ "list": { "length": 2 } }), true),
            (json!({ "list": { "length": { "at_least": 3 } } }), false),
            (json!({ "number": { "at_most": 7 } }), true),
            (json!({ "number": { "at_least": 8 } }), false),
            (json!({ "number": { "one_of": [6, 7] } }), true),
            (json!({ "number": { "one_of": [6] } }), false),
            (json!({ "number": { "any": true } }), true),
            (json!({ "none": { "any": true } }), false),
            (json!({ "none": { "absent": true } }), true),
            (json!({ "text": { "absent": true } }), false),
            (json!({ "text": { "not": "x" } }), true),
            (json!({ "text": { "not": { "contains": "face" } } }), false),
            (json!({ "list": { "equals": ["one", "two"] } }), true),
            (json!({ "list": { "equals": ["one"] } }), false),
            (json!({ "number": 7.0 }), true),
        ] {
            assert_eq!(fits(&pattern, Some(&found)), holds, "{pattern}");
        }
    }

    #[test]
    fn a_broken_matcher_is_named_with_its_place() {
        let why = check(&json!({ "a": { "b": { "matches": "(" } } })).unwrap_err();
        assert_eq!(why.path, "a.b");
        assert!(why.why.contains("regular expression"), "{why}");
        assert!(check(&json!({ "a": { "at_most": "7" } })).is_err());
        assert!(check(&json!({ "a": { "contains": { "matches": ")" } } })).is_err());
        assert!(
            check(&json!({ "a": { "contains": "x", "matches": 1 } })).is_ok(),
            "two members are a table, no matcher"
        );
    }
}
