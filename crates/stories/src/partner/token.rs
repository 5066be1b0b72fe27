//! Compact tokens (RFC 7515), taken apart without a look at their signature.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD as B64, Engine as _};
use serde_json::Value;

/// The header and the claims of a token, where the text has the form of one.
pub(super) fn parts(token: &str) -> Option<(Value, Value)> {
    let mut parts = token.split('.');
    let (header, claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let read = |part: &str| serde_json::from_slice::<Value>(&B64.decode(part).ok()?).ok();
    Some((read(header)?, read(claims)?)).filter(|(header, claims)| header.is_object() && claims.is_object())
}

/// A token whose claims were changed after it was signed: its signature is that of other claims.
pub(super) fn with_other_claims(token: &str, change: impl FnOnce(&mut Value)) -> Option<String> {
    let (_, mut claims) = parts(token)?;
    change(&mut claims);
    let mut parts = token.split('.');
    let (header, _, signature) = (parts.next()?, parts.next()?, parts.next()?);
    Some(format!("{header}.{}.{signature}", B64.encode(claims.to_string())))
}

/// A token that says that it is not signed (RFC 7519, section 6).
pub(super) fn unsigned(header: &Value, claims: &Value) -> String {
    let mut header = header.clone();
    if let Some(header) = header.as_object_mut() {
        header.insert("alg".to_owned(), "none".into());
    }
    format!("{}.{}.", B64.encode(header.to_string()), B64.encode(claims.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_three_parts_of_json_are_a_token() {
        let token = format!("{}x", unsigned(&json!({ "typ": "JWT" }), &json!({ "sub": "ana" })));
        assert_eq!(parts(&token).unwrap().1, json!({ "sub": "ana" }));
        let changed = with_other_claims(&token, |claims| claims["sub"] = json!("eve")).unwrap();
        assert_eq!(parts(&changed).unwrap().1, json!({ "sub": "eve" }));
        assert!(changed.ends_with(".x"));
        for other in ["", "a.b", "a.b.c", "e30.e30.x.y", "W10.e30.x"] {
            assert_eq!(parts(other), None, "{other}");
        }
    }
}
