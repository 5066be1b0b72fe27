//! A partner's public keys: checked enough that a mistake shows at `check`, not at the first login.

use super::problem::Complaint;
use postlude_crypto::token::Algorithm;
use postlude_model::json::parse_value;
use serde_json::Value;

/// Keys in a set at most: rotation needs two or three.
pub const MOST_KEYS: usize = 16;

/// Checks the text of a JWK set (RFC 7517): public keys only, and one at least that fits the algorithm.
///
/// # Errors
/// When it is no such set. The text is not repeated: it may hold a private key.
pub(super) fn check(text: &str, alg: Algorithm) -> Result<(), Complaint> {
    const HINT: &str = "a JWK set is `{\"keys\": [..]}` (RFC 7517, section 5)";
    let set = parse_value(text.as_bytes()).map_err(|_| Complaint::new("is not JSON").hint(HINT))?;
    let keys =
        set.get("keys").and_then(Value::as_array).ok_or_else(|| Complaint::new("is not a JWK set").hint(HINT))?;
    if keys.len() > MOST_KEYS {
        return Err(Complaint::new(format!("has {} keys, more than {MOST_KEYS}", keys.len())));
    }
    let is_private = |key: &Value| ["d", "k", "p", "q", "oth"].iter().any(|member| key.get(member).is_some());
    if keys.iter().any(is_private) {
        return Err(Complaint::new("holds a private or secret key")
            .hint("ask the partner for the public keys only, and to replace that one"));
    }
    let (kind, curve) = match alg {
        Algorithm::EdDSA => ("OKP", Some("Ed25519")),
        Algorithm::RS256 => ("RSA", None),
        _ => ("EC", Some("P-256")),
    };
    let text_of = |key: &Value, member: &str| key.get(member).and_then(Value::as_str).map(str::to_owned);
    let fits = |key: &Value| text_of(key, "kty").as_deref() == Some(kind) && text_of(key, "crv").as_deref() == curve;
    if keys.iter().any(fits) {
        Ok(())
    } else {
        Err(Complaint::new(format!("has no key for {alg}")).hint(match curve {
            Some(curve) => format!("a key with `\"kty\": \"{kind}\", \"crv\": \"{curve}\"`"),
            None => format!("a key with `\"kty\": \"{kind}\"`"),
        }))
    }
}
