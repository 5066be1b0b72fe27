//! The client of the provider: its authorization request, and the exchange of a code for an ID token.

use crate::provider::{Provider, sent};
use crate::settings::{ClientAuth, Settings};
use crate::stash::Stash;
use crate::text::{base64url, random, shown};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use postlude_sdk::{Context, Failure, Pairs, Value, http, json};
use serde::Deserialize;
use serde_json::Map;
use sha2::{Digest, Sha256};

/// How long a signed request or assertion is good, in seconds: for one redirect, and clocks that differ.
const SIGNED_SECONDS: u64 = 300;
/// A client assertion by JWT (RFC 7523, section 2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The query of the authorization request. The host adds `state`.
pub(crate) fn authorization_request(cx: &Context, settings: &Settings, stash: &Stash) -> Result<Pairs, Failure> {
    let mut pairs = vec![
        ("client_id", settings.client_id.clone()),
        ("response_type", "code".to_owned()),
        ("scope", settings.scope.clone()),
        ("redirect_uri", cx.redirect().continue_url()),
        ("nonce", stash.nonce.clone()),
        ("code_challenge", base64url(Sha256::digest(&stash.verifier))),
        ("code_challenge_method", "S256".to_owned()),
    ];
    pairs.extend(settings.max_age.map(|seconds| ("max_age", seconds.to_string())));
    pairs.extend(settings.prompt.clone().map(|prompt| ("prompt", prompt)));
    pairs.extend(settings.hint(cx)?.map(|hint| ("login_hint", hint)));
    if !settings.acr_values.is_empty() {
        pairs.push(("acr_values", settings.acr_values.join(" ")));
    }
    if let Some(object) = &settings.request_object {
        let signed = request_object(cx, settings, &object.key, &pairs)?;
        // What OAuth and OpenID require outside of it as well (OpenID Connect Core 1.0, section 6.1).
        pairs.truncate(3);
        pairs.push(("request", signed));
    }
    Ok(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// The request as a signed object (RFC 9101, section 4); `state` is in it, so that nobody can put another beside it.
fn request_object(cx: &Context, settings: &Settings, key: &str, pairs: &[(&str, String)]) -> Result<String, Failure> {
    let mut claims = signed_claims(cx, settings, &settings.issuer);
    claims.extend(pairs.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
    claims.insert("state".to_owned(), json!(cx.redirect().state()));
    if let Some(seconds) = settings.max_age {
        claims.insert("max_age".to_owned(), json!(seconds));
    }
    let header = Map::from_iter([("typ".to_owned(), json!("oauth-authz-req+jwt"))]);
    Ok(cx.keys().sign_jwt(key, &header, &claims)?)
}

fn signed_claims(cx: &Context, settings: &Settings, audience: &str) -> Map<String, Value> {
    let now = cx.clock().now() / 1000;
    Map::from_iter([
        ("iss".to_owned(), json!(settings.client_id)),
        ("aud".to_owned(), json!(audience)),
        ("iat".to_owned(), json!(now)),
        ("exp".to_owned(), json!(now.saturating_add(SIGNED_SECONDS))),
        ("jti".to_owned(), json!(random(cx))),
    ])
}

/// What the token endpoint made of a code.
pub(crate) enum Grant {
    IdToken(String),
    /// The code is none of ours, was used, or is too old.
    Refused(String),
}

/// A response of the token endpoint (RFC 6749, sections 5.1 and 5.2).
#[derive(Debug, Deserialize)]
struct TokenResponse {
    id_token: Option<String>,
    error: Option<String>,
}

/// Exchanges the code (RFC 6749, section 4.1.3; RFC 7636, section 4.5).
pub(crate) fn redeem(
    cx: &Context,
    settings: &Settings,
    provider: &Provider,
    code: &str,
    verifier: &str,
) -> Result<Grant, Failure> {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &cx.redirect().continue_url()),
        ("code_verifier", verifier),
    ];
    let form = form.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    let response = sent(cx, "the token endpoint", authenticated(cx, settings, &provider.token_endpoint, form)?)?;
    let answer = serde_json::from_slice::<TokenResponse>(&response.body);
    match (response.status, answer) {
        (200, Ok(TokenResponse { id_token: Some(token), .. })) => Ok(Grant::IdToken(token)),
        (400, Ok(TokenResponse { error: Some(error), .. })) if error == "invalid_grant" => {
            Ok(Grant::Refused("the provider does not take the code".to_owned()))
        }
        (status, answer) => {
            let error = answer.ok().and_then(|answer| answer.error).unwrap_or_else(|| "no ID token".to_owned());
            Err(Failure::Other(format!("the token endpoint answers {status}: {:.64}", shown(&error))))
        }
    }
}

/// The token request, with the client's authentication.
fn authenticated(
    cx: &Context,
    settings: &Settings,
    endpoint: &str,
    mut form: Vec<(&str, String)>,
) -> Result<http::Request, Failure> {
    let client_id = ("client_id", settings.client_id.clone());
    let mut request = http::Request::new("POST", endpoint)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "application/json");
    match &settings.client_auth {
        ClientAuth::ClientSecretBasic { secret } => {
            // Both are encoded as in a form first (RFC 6749, section 2.3.1).
            let pair = format!("{}:{}", encoded(&settings.client_id), encoded(&cx.secrets().get(secret)?));
            request = request.header("authorization", format!("Basic {}", BASE64_STANDARD.encode(pair)));
        }
        ClientAuth::ClientSecretPost { secret } => {
            form.extend([client_id, ("client_secret", cx.secrets().get(secret)?)]);
        }
        ClientAuth::PrivateKeyJwt { key, audience } => {
            let mut claims = signed_claims(cx, settings, audience.as_ref().unwrap_or(&settings.issuer));
            claims.insert("sub".to_owned(), json!(settings.client_id));
            let assertion = cx.keys().sign_jwt(key, &Map::new(), &claims)?;
            form.extend([client_id, ("client_assertion_type", JWT_BEARER.to_owned()), ("client_assertion", assertion)]);
        }
        ClientAuth::None => form.push(client_id),
    }
    let pairs = form.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    Ok(request.body(pairs.collect::<Vec<_>>().join("&")))
}

/// A text as a form has it: everything but RFC 3986's unreserved characters is percent-encoded.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}
