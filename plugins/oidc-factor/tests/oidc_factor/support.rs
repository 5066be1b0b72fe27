//! A provider as the tests script it.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use postlude_sdk::testing::{Exchange, FakeHost};
use postlude_sdk::{Value, json};

pub const FACTOR: &str = "https://acme.example/partner";
pub const ISSUER: &str = "https://idp.example";
/// The clock of [`host`], in seconds.
pub const NOW: u64 = 1_800_000_000;
/// How long ago the provider was asked, in seconds: people read.
pub const ASKED: u64 = 45;
/// RFC 7636, appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

pub fn settings() -> Value {
    json!({
        "factor": FACTOR, "issuer": ISSUER, "client_id": "postlude",
        "client_auth": { "method": "client_secret_basic", "secret": "secret" },
        "match": { "claim": "email", "pointer": "/user/email" },
    })
}

pub fn host() -> FakeHost {
    host_with(&json!({}))
}

/// A host with settings changed.
pub fn host_with(changes: &Value) -> FakeHost {
    let mut settings = settings();
    settings.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    FakeHost::new()
        .manifest(include_str!("../../manifest.json"))
        .settings(settings)
        .secret("secret", "t0p")
        .event(json!({ "user": { "email": "ana@acme.example" } }))
        .asked_for(FACTOR)
        .grant_external(FACTOR)
        .now(NOW * 1000)
}

pub fn metadata() -> Value {
    json!({
        "issuer": ISSUER, "authorization_endpoint": "https://idp.example/authorize",
        "token_endpoint": "https://idp.example/token", "authorization_response_iss_parameter_supported": true,
        "jwks_uri": "https://idp.example/jwks",
    })
}

pub fn discovery() -> Exchange {
    Exchange::get("https://idp.example/.well-known/openid-configuration").answers(200, &metadata())
}

/// The host when the browser is back with a code.
pub fn returned(host: FakeHost) -> FakeHost {
    host.stash(json!({ "verifier": VERIFIER, "nonce": "n", "asked_at": (NOW - ASKED) * 1000 }))
        .query("code", "c")
        .query("iss", ISSUER)
}

/// The exchange of that code for an ID token.
pub fn token(id_token: &str) -> Exchange {
    Exchange::post("https://idp.example/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .form("grant_type", "authorization_code")
        .form("code", "c")
        .form("redirect_uri", "https://login.example/continue")
        .form("code_verifier", VERIFIER)
        .answers(200, &json!({ "token_type": "Bearer", "access_token": "a", "id_token": id_token }))
}

/// The whole way back, with an ID token of these claims.
pub fn back(claims: &Value) -> FakeHost {
    returned(host()).exchange(discovery()).exchange(token(&id_token(claims)))
}

/// Claims that count.
pub fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": "postlude", "sub": "s1", "nonce": "n", "iat": NOW, "exp": NOW + 300, "auth_time": NOW,
        "email": "ana@acme.example", "email_verified": true,
    })
}

/// A compact JWS whose signature nobody looks at.
pub fn id_token(claims: &Value) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2ln", part(&json!({ "alg": "ES256" })), part(claims))
}
