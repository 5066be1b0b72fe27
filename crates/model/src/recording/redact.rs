//! Takes out of a recorded run what nobody may find in a file: secrets, live handles, and signatures of tokens.

use crate::action::Action;
use crate::limits::SECRET_BYTES;
use serde_json::Value;
use std::borrow::Cow;
use url::form_urlencoded::byte_serialize;

/// The state that stands for the one of the suspension that a run would make.
pub(super) const STATE: &str = "state-of-this-run";

/// The state that stands for the one with which a run was resumed.
pub(super) const RESUMED_STATE: &str = "state-of-the-prompt";

/// Why a run is not recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotRecorded {
    /// The secret could be anywhere in the run, and cannot be found there.
    #[error("the secret `{0}` of action `{1}` has fewer than {SECRET_BYTES} bytes and cannot be told from other text")]
    ShortSecret(String, String),
    /// A value of the run does not fit the format: a defect.
    #[error("the run does not fit the format of recordings: {0}")]
    Format(String),
}

/// What stands for a secret of so many bytes in a recording and in its replay.
#[must_use]
pub fn stand_in(name: &str, bytes: usize) -> String {
    let word = format!("stand-in-for-{name}-");
    word.chars().filter(char::is_ascii).cycle().take(bytes).collect()
}

/// Texts and what stands for each.
#[derive(Debug)]
pub(super) struct Redaction(Vec<(String, String)>);

impl Redaction {
    /// What one run may hold: the secrets of its action and its states.
    pub(super) fn new(action: &Action, state: &str, resumed: Option<&str>) -> Result<Self, NotRecorded> {
        let mut pairs = Vec::new();
        for (name, secret) in &action.secrets {
            let secret = secret.reveal();
            if secret.len() < SECRET_BYTES {
                return Err(NotRecorded::ShortSecret(name.clone(), action.spec.name.to_string()));
            }
            add(&mut pairs, secret, &stand_in(name, secret.len()));
        }
        add(&mut pairs, state, STATE);
        resumed.into_iter().for_each(|state| add(&mut pairs, state, RESUMED_STATE));
        // A secret may be part of another one.
        pairs.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        Ok(Self(pairs))
    }

    /// Goes through every text of a value. Tokens keep their claims, which a replay needs, and lose their signature.
    pub(super) fn input(&self, value: &mut Value) {
        each_text(value, &|text| unsigned(&self.replaced(text), |token| format!("{token}.redacted")).into_owned());
    }

    /// As [`Redaction::input`]; a token in what came out was made by keys that a replay does not have, and is left out whole.
    pub(super) fn output(&self, value: &mut Value) {
        each_text(value, &|text| unsigned(&self.replaced(text), |_| "a-token".to_owned()).into_owned());
    }

    fn replaced(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (from, to)| replaced(&text, from, to))
    }
}

/// A text as it is, within a JSON string, and within a form or a query.
fn add(pairs: &mut Vec<(String, String)>, text: &str, to: &str) {
    if text.is_empty() || text == to {
        return;
    }
    let quoted = Value::from(text).to_string();
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned();
    let form: String = byte_serialize(text.as_bytes()).collect();
    let percent = form.replace('+', "%20");
    let forms = std::collections::BTreeSet::from([text.to_owned(), inner, form, percent]);
    pairs.extend(forms.into_iter().map(|form| (form, to.to_owned())));
}

/// The text with another for `from`. Of a percent-encoded one the case does not count: libraries write `%2f` and `%2F`.
fn replaced(text: &str, from: &str, to: &str) -> String {
    if !from.contains('%') {
        return text.replace(from, to);
    }
    let (lower, from) = (text.to_ascii_lowercase(), from.to_ascii_lowercase());
    let (mut out, mut end) = (String::new(), 0);
    for (at, found) in lower.match_indices(&from) {
        out.push_str(text.get(end..at).unwrap_or_default());
        out.push_str(to);
        end = at.saturating_add(found.len());
    }
    out.push_str(text.get(end..).unwrap_or_default());
    out
}

fn each_text(value: &mut Value, change: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_text(item, change)),
        Value::Object(members) => {
            let all = std::mem::take(members);
            members.extend(all.into_iter().map(|(name, mut value)| {
                each_text(&mut value, change);
                (change(&name), value)
            }));
        }
        _ => {}
    }
}

/// The text with each compact JWS (RFC 7515, section 7.1) in it changed; the change is given header and claims.
fn unsigned(text: &str, change: impl Fn(&str) -> String) -> Cow<'_, str> {
    // The header of every JWS begins with `{"`, in base64url.
    let Some(at) = text.find("eyJ") else { return Cow::Borrowed(text) };
    let (before, rest) = text.split_at(at);
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let end = rest.find(|c| !inside(c)).unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    let mut parts = word.splitn(3, '.');
    let changed = match (parts.next(), parts.next(), parts.next()) {
        (Some(header), Some(claims), Some(signature)) if !claims.is_empty() && !signature.is_empty() => {
            change(&format!("{header}.{claims}"))
        }
        _ => word.to_owned(),
    };
    Cow::Owned(format!("{before}{changed}{}", unsigned(after, change)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_stand_in_has_the_length_of_its_secret() {
        assert_eq!(stand_in("api_token", 30), "stand-in-for-api_token-stand-i");
        assert_eq!(stand_in("a", 4), "stan");
    }

    #[test]
    fn texts_are_found_in_every_form() {
        let mut pairs = Vec::new();
        add(&mut pairs, "a\"b c/d", "X");
        let redaction = Redaction(pairs);
        let mut value =
            json!({ "a\"b c/d": ["in a\"b c/d", r#"{"json":"a\"b c/d"}"#, "form=a%22b+c%2Fd&x", "/a%22b%20c%2fd"] });
        redaction.input(&mut value);
        assert_eq!(value, json!({ "X": ["in X", r#"{"json":"X"}"#, "form=X&x", "/X"] }));
    }

    #[test]
    fn tokens_lose_their_signature() {
        let redaction = Redaction(Vec::new());
        let text = "t=eyJhbGciOiJIUzI1NiJ9.e30.c2ln&u=eyJh.e30.x eyJ eyJh.b";
        let mut value = json!(text);
        redaction.input(&mut value);
        assert_eq!(value, "t=eyJhbGciOiJIUzI1NiJ9.e30.redacted&u=eyJh.e30.redacted eyJ eyJh.b");
        let mut value = json!(text);
        redaction.output(&mut value);
        assert_eq!(value, "t=a-token&u=a-token eyJ eyJh.b");
    }
}
