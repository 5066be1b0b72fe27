//! What an ID token must say before it counts (OpenID Connect Core 1.0, section 3.1.3.7).

use crate::settings::Settings;
use crate::stash::Stash;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use postlude_sdk::{Context, Failure, KeyError, Value};

/// How far the provider's clock may differ, in seconds.
const SKEW_SECONDS: f64 = 30.0;
/// How long ago the token may have been issued, in seconds: it came with this very response.
const ISSUED_SECONDS: f64 = 300.0;

/// What an ID token says; the inner error says why its signature does not count.
///
/// Without the provider's keys, the TLS connection to the token endpoint vouches for it (section 3.1.3.7, number 6).
///
/// # Errors
/// When the keys cannot be had: that says nothing about the token.
pub(crate) fn read(cx: &Context, settings: &Settings, token: &str) -> Result<Result<Value, String>, Failure> {
    let Some(key) = &settings.id_token_key else {
        return Ok(unverified(token).ok_or_else(|| "the ID token is not a compact JWS".to_owned()));
    };
    match cx.keys().verify_jwt(key, token) {
        Ok(claims) => Ok(Ok(claims)),
        Err(KeyError::Invalid(why)) => Ok(Err(format!("the ID token does not verify: {why}"))),
        Err(KeyError::Other(why)) => Err(Failure::Unavailable(format!("the provider's keys: {why}"))),
        Err(other) => Err(other.into()),
    }
}

/// Checks what it says, but for the account; the error names the claim.
pub(crate) fn check(cx: &Context, settings: &Settings, claims: &Value, stash: &Stash) -> Result<(), String> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    // Times are numbers of seconds, with a fraction perhaps (RFC 7519, section 2).
    let now = cx.clock().now() as f64 / 1000.0;
    let within = |name: &str, oldest: f64, newest: f64| {
        claims.get(name).and_then(Value::as_f64).is_some_and(|time| time >= oldest && time <= newest)
    };
    let check = |name: &str, holds: bool| if holds { Ok(()) } else { Err(format!("the ID token's `{name}`")) };
    check("iss", text("iss") == Some(&settings.issuer))?;
    check("aud", is_for(claims, &settings.client_id))?;
    check("azp", claims.get("azp").is_none_or(|azp| azp.as_str() == Some(&settings.client_id)))?;
    check("sub", text("sub").is_some_and(|sub| !sub.is_empty()))?;
    check("nonce", text("nonce") == Some(stash.nonce.as_str()))?;
    check("exp", within("exp", now - SKEW_SECONDS, f64::INFINITY))?;
    check("iat", within("iat", now - ISSUED_SECONDS, now + SKEW_SECONDS))?;
    if let Some(max_age) = settings.max_age {
        // Its measure is the request (section 3.1.2.1): how long the user takes at the provider afterwards does not count.
        let oldest = stash.asked_at as f64 / 1000.0 - max_age as f64 - SKEW_SECONDS;
        check("auth_time", within("auth_time", oldest, now + SKEW_SECONDS))?;
    }
    let asked = |acr: &str| settings.acr_values.iter().any(|asked| asked == acr);
    check("acr", settings.acr_values.is_empty() || text("acr").is_some_and(asked))
}

/// Whether the configured claim is what the event says of the user. Without this, anyone's account would be the factor.
pub(crate) fn is_the_users(settings: &Settings, claims: &Value, expected: Option<&str>) -> bool {
    let name = settings.matching.claim.as_str();
    let found = match claims.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => return false,
    };
    // An address that nobody verified is whatever the account's owner typed.
    let verified = name != "email" || claims.get("email_verified") == Some(&Value::Bool(true));
    verified && !found.is_empty() && expected == Some(&found)
}

/// The only audience is this client.
fn is_for(claims: &Value, client_id: &str) -> bool {
    match claims.get("aud") {
        Some(Value::String(audience)) => audience == client_id,
        Some(Value::Array(audiences)) => {
            !audiences.is_empty() && audiences.iter().all(|audience| audience.as_str() == Some(client_id))
        }
        _ => false,
    }
}

fn unverified(token: &str) -> Option<Value> {
    let parts: Vec<&str> = token.split('.').collect();
    let [_, payload, _] = parts.as_slice() else { return None };
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&payload).ok().filter(Value::is_object)
}
