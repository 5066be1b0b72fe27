//! Keys that sign nothing: tokens with the shape of a JWS, so that a plugin's own code is tested and no cryptography.

use super::fake::mixed;
use crate::error::KeyError;
use serde_json::{Value, json};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A token that the fake host's `keys.verify-jwt` accepts for this key, and for no other.
///
/// Any program that knows the key's name can make one: these keys are for tests alone.
#[must_use]
pub fn signed(key: &str, claims: &Value) -> String {
    with_header(key, &json!({}), claims)
}

/// The claims of a token, not verified; null where it is none.
#[must_use]
pub fn claims_of(token: &str) -> Value {
    part(token, 1)
}

/// The header of a token, not verified; null where it is none.
#[must_use]
pub fn header_of(token: &str) -> Value {
    part(token, 0)
}

pub(super) fn with_header(key: &str, header: &Value, claims: &Value) -> String {
    let mut whole = json!({ "alg": "FAKE" });
    for (name, value) in header.as_object().into_iter().flatten() {
        whole.as_object_mut().and_then(|whole| whole.insert(name.clone(), value.clone()));
    }
    format!("{}.{}.{}", encode(&whole.to_string()), encode(&claims.to_string()), encode(&format!("signed by {key}")))
}

pub(super) fn verified(key: &str, token: &str) -> Result<Value, KeyError> {
    let signature = token.split('.').nth(2).unwrap_or_default();
    match claims_of(token) {
        claims @ Value::Object(_) if signature == encode(&format!("signed by {key}")) => Ok(claims),
        _ => Err(KeyError::Invalid("the signature".to_owned())),
    }
}

/// 32 bytes that depend on the key's name and the data, and are no HMAC.
pub(super) fn tag(key: &str, data: &[u8]) -> Vec<u8> {
    let bytes = key.bytes().chain([0]).chain(data.iter().copied());
    let mut state = bytes.fold(0, |state, byte| mixed(state ^ u64::from(byte)));
    std::iter::repeat_with(|| {
        state = mixed(state);
        state.to_le_bytes()
    })
    .take(4)
    .flatten()
    .collect()
}

fn part(token: &str, at: usize) -> Value {
    let text = token.split('.').nth(at).and_then(decode);
    text.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or(Value::Null)
}

/// Base64url without padding (RFC 4648, section 5).
fn encode(text: &str) -> String {
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let group = (0..3).fold(0_u32, |group, at| group << 8 | chunk.get(at).map_or(0, |byte| u32::from(*byte)));
        for at in 0..=chunk.len() {
            let index = (group >> (18 - 6 * at)) & 63;
            let symbol = usize::try_from(index).ok().and_then(|index| ALPHABET.get(index));
            out.extend(symbol.map(|symbol| char::from(*symbol)));
        }
    }
    out
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let (mut bits, mut count, mut out) = (0_u32, 0_u32, Vec::new());
    for symbol in text.bytes() {
        let value = ALPHABET.iter().position(|known| *known == symbol)?;
        bits = bits << 6 | u32::try_from(value).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(bits >> count & 255).ok()?);
        }
    }
    Some(out)
}
