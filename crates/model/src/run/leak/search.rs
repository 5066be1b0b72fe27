//! Finds secrets in texts: in clear, percent-encoded, in hex and in base64, at whatever place of the text they begin.

use crate::action::Action;
use crate::json::Json;
use crate::limits::SECRET_BYTES;
use crate::named::named_values;
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

/// How often a text may be encoded: a URL in a parameter of a URL in a JSON text.
const ENCODED_TIMES: usize = 3;

named_values! {
    /// How a secret is written.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Form {
        /// As it is, or within a JSON string.
        Clear = "in clear",
        /// Hexadecimal digits.
        Hex = "in hex",
        /// Base64 or base64url (RFC 4648, sections 4 and 5).
        Base64 = "in base64",
        /// Any of these, percent-encoded (RFC 3986, section 2.1).
        Percent = "percent-encoded",
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A secret in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found<'a> {
    pub(super) secret: &'a str,
    pub(super) form: Form,
}

/// What is looked for: each secret in its forms.
#[derive(Debug)]
pub(super) struct Search<'a>(Vec<Forms<'a>>);

struct Forms<'a> {
    name: &'a str,
    clear: &'a str,
    /// As a JSON string has it, without its quotes.
    quoted: String,
    /// In small letters.
    hex: String,
    /// What base64 makes of the secret whatever stands before and after it: three ways in each alphabet.
    base64: BTreeSet<String>,
}

impl fmt::Debug for Forms<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Forms").field(&self.name).finish()
    }
}

impl<'a> Search<'a> {
    pub(super) fn of(action: &'a Action) -> Self {
        let secrets = action.secrets.iter().map(|(name, secret)| (name.as_str(), secret.reveal()));
        let long = secrets.filter(|(_, secret)| secret.len() >= SECRET_BYTES);
        Self(long.map(|(name, secret)| Forms::of(name, secret)).collect())
    }

    /// The first secret in a text, or in what becomes of the text once it is decoded as often as somebody may decode it.
    pub(super) fn text(&self, text: &str) -> Option<Found<'a>> {
        self.decoded(text, ENCODED_TIMES)
    }

    fn decoded(&self, text: &str, times: usize) -> Option<Found<'a>> {
        let as_is = self.in_any_form(text);
        if as_is.is_some() || times == 0 {
            return as_is;
        }
        let times = times.saturating_sub(1);
        let percent = |text: String| {
            let found = self.decoded(&text, times).or_else(|| self.in_any_form(&text.replace('+', " ")));
            found.map(|found| Found { form: Form::Percent, ..found })
        };
        let json = |text: String| self.decoded(&text, times);
        percent_decoded(text).and_then(percent).or_else(|| unescaped(text).and_then(json))
    }

    /// The first secret in a text or a name within a value.
    pub(super) fn json(&self, json: &Json) -> Option<Found<'a>> {
        // Outside of its texts a value has nothing but numbers and punctuation.
        self.text(json.as_str()).or_else(|| self.value(&json.to_value()))
    }

    fn value(&self, value: &Value) -> Option<Found<'a>> {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(items) => items.iter().find_map(|item| self.value(item)),
            Value::Object(members) => {
                members.iter().find_map(|(name, value)| self.text(name).or_else(|| self.value(value)))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => None,
        }
    }

    fn in_any_form(&self, text: &str) -> Option<Found<'a>> {
        // The shortest form of the shortest secret.
        if text.len() < SECRET_BYTES {
            return None;
        }
        let small = text.to_ascii_lowercase();
        self.0.iter().find_map(|forms| Some(Found { secret: forms.name, form: forms.form_in(text, &small)? }))
    }

    /// Puts a mark for each secret in a text; where it stands in another form than in clear, for the text.
    pub(super) fn cover(&self, text: &mut String) {
        for forms in &self.0 {
            for clear in [forms.clear, forms.quoted.as_str()] {
                if text.contains(clear) {
                    *text = text.replace(clear, &format!("[secret {}]", forms.name));
                }
            }
        }
        if let Some(Found { secret, form }) = self.text(text) {
            *text = format!("[left out: the secret {secret} stands here, {form}]");
        }
    }
}

impl<'a> Forms<'a> {
    fn of(name: &'a str, secret: &'a str) -> Self {
        let quoted = Value::from(secret).to_string();
        let quoted = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or(secret).to_owned();
        let mut hex = String::with_capacity(secret.len().saturating_mul(2));
        for byte in secret.bytes() {
            // Writing to a string does not fail.
            let _ = write!(hex, "{byte:02x}");
        }
        let base64 = (0..3).flat_map(|before| in_base64(secret.as_bytes(), before)).collect();
        Self { name, clear: secret, quoted, hex, base64 }
    }

    /// The form in which a text has the secret; `small` is the text in small letters.
    fn form_in(&self, text: &str, small: &str) -> Option<Form> {
        if text.contains(self.clear) || text.contains(&self.quoted) {
            Some(Form::Clear)
        } else if small.contains(&self.hex) {
            Some(Form::Hex)
        } else {
            self.base64.iter().any(|part| text.contains(part)).then_some(Form::Base64)
        }
    }
}

/// The digits of base64 that depend on the secret alone, where so many bytes stand before it in its group of three.
fn in_base64(secret: &[u8], before: usize) -> [String; 2] {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(secret);
    // A digit has six bits.
    let (first, end) = (before.saturating_mul(8).div_ceil(6), bytes.len().saturating_mul(8) / 6);
    let part = |encoded: String| encoded.get(first..end).unwrap_or_default().to_owned();
    [part(BASE64_STANDARD_NO_PAD.encode(&bytes)), part(BASE64_URL_SAFE_NO_PAD.encode(&bytes))]
}

/// The text with each `%XX` decoded; none where there is none.
fn percent_decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    let mut any = false;
    for part in parts {
        let code = part.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                any = true;
                bytes.push(byte);
                bytes.extend_from_slice(part.get(2..).unwrap_or_default().as_bytes());
            }
            None => {
                bytes.push(b'%');
                bytes.extend_from_slice(part.as_bytes());
            }
        }
    }
    any.then(|| String::from_utf8_lossy(&bytes).into_owned())
}

/// The text with each escape of a JSON string (RFC 8259, section 7) decoded; none where there is none.
fn unescaped(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.split_once('\\').map(|(before, rest)| {
        out.push_str(before);
        rest
    })?;
    loop {
        let mut characters = rest.chars();
        let escape = characters.next();
        let code = rest.get(1..5).and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
        rest = match (escape, code) {
            (Some('u'), Some(character)) => {
                out.push(character);
                rest.get(5..).unwrap_or_default()
            }
            (Some(escape), _) => {
                out.push(match escape {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    other => other,
                });
                characters.as_str()
            }
            (None, _) => return Some(out),
        };
        let Some((before, after)) = rest.split_once('\\') else {
            out.push_str(rest);
            return Some(out);
        };
        out.push_str(before);
        rest = after;
    }
}
