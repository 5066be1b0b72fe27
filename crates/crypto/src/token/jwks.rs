//! A partner's public JWK set (RFC 7517), read into keys of one algorithm.

use super::algorithm::Algorithm;
use super::config::{KeyProblem, MOST_KEYS};
use crate::prim;
use p256::ecdsa::signature::Verifier as _;
use postlude_model::json::parse_value;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::{Map, Value};

/// Members that only private and secret keys have (RFC 7518, section 6).
pub(crate) const PRIVATE: [&str; 8] = ["d", "k", "p", "q", "dp", "dq", "qi", "oth"];

/// A public key of the partner.
#[derive(Clone)]
pub(crate) enum PartnerKey {
    Ed25519(Box<ed25519_dalek::VerifyingKey>),
    P256(Box<p256::ecdsa::VerifyingKey>),
    /// Modulus and exponent, big-endian and without zeros before them.
    Rsa(Box<RsaPublicKeyComponents<Vec<u8>>>),
}

/// The partner's public keys with their `kid`s.
pub(super) type KeySet = Vec<(Option<String>, PartnerKey)>;

impl PartnerKey {
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let bytes = <&[u8; 64]>::try_from(signature);
        match (self, bytes) {
            // Strict: no small-order points, so that a signature is of one message and one key.
            (Self::Ed25519(key), Ok(bytes)) => {
                key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(bytes)).is_ok()
            }
            (Self::P256(key), Ok(bytes)) => {
                p256::ecdsa::Signature::from_slice(bytes).is_ok_and(|s| key.verify(message, &s).is_ok())
            }
            (Self::Rsa(key), _) => key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok(),
            (_, Err(_)) => false,
        }
    }
}

/// Reads the keys for one algorithm. Keys of another type are skipped, as RFC 7517, section 5 says.
pub(super) fn parse(text: &str, alg: Algorithm) -> Result<KeySet, KeyProblem> {
    let bad = |why: &str| KeyProblem::BadSet(why.to_owned());
    let set = parse_value(text.as_bytes()).map_err(|e| bad(&e.to_string()))?;
    let keys = set.get("keys").and_then(Value::as_array).ok_or_else(|| bad("it is not `{\"keys\": [..]}`"))?;
    if keys.len() > MOST_KEYS {
        return Err(KeyProblem::TooMany(keys.len()));
    }
    let mut read = KeySet::new();
    for (at, key) in keys.iter().enumerate() {
        let key = key.as_object().ok_or_else(|| bad("a key is not an object"))?;
        if let Some(member) = PRIVATE.into_iter().find(|member| key.contains_key(*member)) {
            return Err(KeyProblem::Private(member));
        }
        if fits(key, alg) {
            usable(key, alg).map_or(Ok(()), |member| Err(KeyProblem::WrongUse { at, member }))?;
            let public = public(key, alg).map_err(|why| KeyProblem::BadKey { at, why })?;
            read.push((kid(key).map_err(|why| KeyProblem::BadKey { at, why })?, public));
        }
    }
    distinct(read, alg)
}

fn distinct(keys: KeySet, alg: Algorithm) -> Result<KeySet, KeyProblem> {
    if keys.is_empty() {
        return Err(KeyProblem::NoKeyFor(alg));
    }
    let mut seen = std::collections::BTreeSet::new();
    for (at, (kid, _)) in keys.iter().enumerate() {
        match kid {
            None if keys.len() > 1 => return Err(KeyProblem::NoKid(at)),
            Some(kid) if !seen.insert(kid) => return Err(KeyProblem::KidTwice(kid.clone())),
            _ => {}
        }
    }
    Ok(keys)
}

fn text<'a>(key: &'a Map<String, Value>, member: &str) -> Option<&'a str> {
    key.get(member).and_then(Value::as_str)
}

pub(crate) fn fits(key: &Map<String, Value>, alg: Algorithm) -> bool {
    let wanted = match alg {
        Algorithm::RS256 => return text(key, "kty") == Some("RSA"),
        Algorithm::EdDSA => ("OKP", "Ed25519"),
        Algorithm::ES256 => ("EC", "P-256"),
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => return false,
    };
    (text(key, "kty"), text(key, "crv")) == (Some(wanted.0), Some(wanted.1))
}

/// The member that forbids the key's use, if one does.
pub(crate) fn usable(key: &Map<String, Value>, alg: Algorithm) -> Option<&'static str> {
    let names = |name: &str| name == alg.as_str() || (alg == Algorithm::EdDSA && name == "Ed25519");
    let says = |member: &str, good: &dyn Fn(&Value) -> bool| key.get(member).is_none_or(good);
    if !says("alg", &|v| v.as_str().is_some_and(names)) {
        return Some("alg");
    }
    if !says("use", &|v| v == "sig") {
        return Some("use");
    }
    let verifies = |v: &Value| v.as_array().is_some_and(|ops| ops.iter().any(|op| op == "verify"));
    (!says("key_ops", &verifies)).then_some("key_ops")
}

pub(crate) fn kid(key: &Map<String, Value>) -> Result<Option<String>, &'static str> {
    match key.get("kid") {
        None => Ok(None),
        Some(Value::String(kid)) if !kid.is_empty() && kid.len() <= 256 => Ok(Some(kid.clone())),
        Some(_) => Err("its `kid` is not a text of 1 to 256 bytes"),
    }
}

pub(crate) fn public(key: &Map<String, Value>, alg: Algorithm) -> Result<PartnerKey, &'static str> {
    if alg == Algorithm::RS256 {
        return rsa(key);
    }
    let coordinate = |member| text(key, member).and_then(prim::decode).and_then(|b| <[u8; 32]>::try_from(b).ok());
    let x = coordinate("x").ok_or("its `x` is not 32 bytes in base64url")?;
    if alg == Algorithm::EdDSA {
        let key = ed25519_dalek::VerifyingKey::from_bytes(&x).map_err(|_| "`x` is no point of the curve")?;
        return if key.is_weak() { Err("`x` has a small order") } else { Ok(PartnerKey::Ed25519(Box::new(key))) };
    }
    let y = coordinate("y").ok_or("its `y` is not 32 bytes in base64url")?;
    let point = [&[4], x.as_slice(), &y].concat();
    let key =
        p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).map_err(|_| "`x` and `y` are no point of the curve")?;
    Ok(PartnerKey::P256(Box::new(key)))
}

/// Bytes of a modulus: 2048 bits at least (RFC 7518, section 3.3), 8192 at most.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=1024;

fn rsa(key: &Map<String, Value>) -> Result<PartnerKey, &'static str> {
    let number = |member| {
        let bytes = text(key, member).and_then(prim::decode)?;
        // Base64urlUInt has no zeros before it; some write one, as DER does.
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        Some(bytes.get(zeros..)?.to_vec())
    };
    let n = number("n").ok_or("its `n` is not a number in base64url")?;
    let e = number("e").ok_or("its `e` is not a number in base64url")?;
    if !MODULUS.contains(&n.len()) || n.len() == 256 && n.first().is_none_or(|top| *top < 0x80) {
        return Err("its `n` does not have 2048 to 8192 bits");
    }
    let good = e.len() <= 4 && e.last().is_some_and(|low| low % 2 == 1) && e != [1];
    if good { Ok(PartnerKey::Rsa(Box::new(RsaPublicKeyComponents { n, e }))) } else { Err("its `e` is no exponent") }
}
