//! A partner to test against: it signs with its own code path, from its own keys.

mod config;
mod request;
mod result;
mod vectors;

use super::*;
use crate::prim;
use crate::root::{RootKey, RootKeys};
use ed25519_dalek::Signer as _;
use postlude_model::decision::TokenRequest;
use postlude_model::names::{ActionName, FactorName, TenantName, Timestamp};
use postlude_model::token::{TokenContext, TokenError, TokenKeys, VerifiedResult};
use serde_json::{Value, json};
use std::sync::Arc;
use zeroize::Zeroizing;

const NOW: u64 = 1_800_000_000;
const SECRET: &[u8; 32] = b"0123456789abcdef0123456789abcdef";
const STATE: &str = "v1.kid.state";
const ISSUER: &str = "https://login.example/acme";
const PARTNER: &str = "https://partner.example";

pub(super) struct Case {
    action: ActionName,
    factor: Option<FactorName>,
}

impl Case {
    fn new() -> Self {
        Self {
            action: ActionName::new("face").unwrap(),
            factor: Some(FactorName::new("https://a.example/face").unwrap()),
        }
    }

    fn context(&self) -> TokenContext<'_> {
        TokenContext {
            issuer: ISSUER,
            continue_url: "https://login.example/acme/continue",
            action: &self.action,
            user_id: "auth0|1",
            state: STATE,
            factor: self.factor.as_ref(),
            now: Timestamp(NOW * 1000 + 999),
            jti: "run_1.0",
        }
    }
}

fn signer(root: u8) -> Arc<TenantSigner> {
    let roots = RootKeys::only(RootKey::from_bytes([root; 32]));
    Arc::new(TenantSigner::new(&roots, &TenantName::new("acme").unwrap()).unwrap())
}

fn config(name: &str, profile: KeyProfile, alg: Algorithm) -> KeyConfig {
    let verify = match alg {
        Algorithm::HS256 => VerifyWith::Secret(Zeroizing::new(SECRET.to_vec())),
        _ => VerifyWith::Jwks(partner_jwks().to_string()),
    };
    KeyConfig { name: name.to_owned(), profile, issuer: PARTNER.to_owned(), alg, verify }
}

/// Keys `ed`, `es`, `hs` of profile `postlude`, and `a0` of profile `auth0`.
fn keys() -> ActionKeys {
    let configs = vec![
        config("ed", KeyProfile::Postlude, Algorithm::EdDSA),
        config("es", KeyProfile::Postlude, Algorithm::ES256),
        config("hs", KeyProfile::Postlude, Algorithm::HS256),
        config("a0", KeyProfile::Auth0, Algorithm::HS256),
    ];
    ActionKeys::new(configs, signer(1)).unwrap()
}

fn partner_ed() -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&[9; 32])
}

fn partner_es() -> p256::ecdsa::SigningKey {
    p256::ecdsa::SigningKey::from_slice(&[9; 32]).unwrap()
}

fn ed_jwk() -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "kid": "e1", "x": prim::encode(partner_ed().verifying_key().as_bytes())})
}

fn es_jwk() -> Value {
    let point = partner_es().verifying_key().to_sec1_point(false);
    let (x, y) = point.as_bytes()[1..].split_at(32);
    json!({"kty": "EC", "crv": "P-256", "kid": "p1", "x": prim::encode(x), "y": prim::encode(y)})
}

fn partner_jwks() -> Value {
    json!({ "keys": [ed_jwk(), es_jwk(), {"kty": "RSA", "n": "AQAB", "e": "AQAB"}] })
}

fn claims() -> Value {
    json!({
        "iss": PARTNER, "sub": "auth0|1", "aud": "https://login.example/acme#face", "iat": NOW, "exp": NOW + 60,
        "jti": "j1", "state": STATE, "factor": "https://a.example/face", "verdict": "ok",
    })
}

/// A claim set with one claim changed, or removed by null.
fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(name);
    } else {
        claims[name] = value;
    }
    claims
}

fn header(key: &str) -> Value {
    match key {
        "ed" => json!({"alg": "EdDSA", "typ": RESULT_TYP, "kid": "e1"}),
        "es" => json!({"alg": "ES256", "typ": RESULT_TYP, "kid": "p1"}),
        "hs" => json!({"alg": "HS256", "typ": RESULT_TYP}),
        _ => json!({"alg": "HS256", "typ": "JWT"}),
    }
}

/// Signs as the partner does, with the key for results.
fn sign(key: &str, header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", prim::encode(header), prim::encode(claims));
    let message = signed.as_bytes();
    let signature = match key {
        "ed" => partner_ed().sign(message).to_bytes().to_vec(),
        "es" => {
            let signature: p256::ecdsa::Signature = partner_es().sign(message);
            signature.to_bytes().to_vec()
        }
        "hs" => prim::hmac(&prim::hkdf(SECRET, b"postlude prompt-result"), message).to_vec(),
        _ => prim::hmac(SECRET, message).to_vec(),
    };
    format!("{signed}.{}", prim::encode(signature))
}

fn token(key: &str, claims: &Value) -> String {
    sign(key, &header(key).to_string(), &claims.to_string())
}

fn refusal(key: &str, token: &str) -> String {
    match keys().verify(key, token, &Case::new().context()) {
        Err(TokenError::Invalid(check)) => check,
        other => format!("not refused as invalid: {other:?}"),
    }
}

fn parts(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| prim::decode(part).unwrap());
    let mut json = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    (json(), json())
}
