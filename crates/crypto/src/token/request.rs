//! The request token: what the browser takes to the prompt site.

use super::action_key::{ActionKey, Verifier};
use super::algorithm::Algorithm;
use super::config::KeyProfile;
use super::jws;
use super::signer::TenantSigner;
use super::terms::{REQUEST_LABEL, REQUEST_TYP, audience, secret_for};
use crate::prim;
use postlude_model::json::parse_value;
use postlude_model::limits;
use postlude_model::token::{TokenContext, TokenError};
use serde_json::{Map, Value, json};

/// Claims of profile `postlude` that only the host sets. `verdict` and `nbf` belong to results alone.
const RESERVED: [&str; 12] =
    ["iss", "sub", "aud", "iat", "exp", "nbf", "jti", "state", "factor", "continue_url", "action", "verdict"];

pub(super) fn encode(
    key: &ActionKey,
    signer: &TenantSigner,
    own: &str,
    ttl: u32,
    context: &TokenContext<'_>,
) -> Result<String, TokenError> {
    let own = own_claims(own)?;
    let longest = limits::TOKEN_LIFETIME.as_secs();
    if ttl == 0 || u64::from(ttl) > longest {
        return Err(TokenError::InvalidClaims(format!("the lifetime of {ttl} s is not 1 to {longest} s")));
    }
    let iat = context.now.seconds();
    let exp = iat.saturating_add(u64::from(ttl));
    match key.profile {
        KeyProfile::Postlude => {
            let claims = postlude_claims(key, own, iat, exp, context)?;
            let mut header = json!({ "alg": key.alg.as_str(), "typ": REQUEST_TYP });
            if let (Some(kid), Some(header)) = (signer.kid(key.alg), header.as_object_mut()) {
                header.insert("kid".to_owned(), kid.into());
            }
            sign(key, signer, jws::unsigned(&header, &claims))
        }
        KeyProfile::Auth0 => {
            let claims = auth0_claims(own, iat, exp, context)?;
            sign(key, signer, jws::unsigned(&json!({ "alg": "HS256", "typ": "JWT" }), &claims))
        }
    }
}

fn own_claims(text: &str) -> Result<Map<String, Value>, TokenError> {
    let refused = |why: String| Err(TokenError::InvalidClaims(why));
    if text.len() > limits::CLAIMS_BYTES {
        return refused(format!("they have {} bytes, more than {}", text.len(), limits::CLAIMS_BYTES));
    }
    match parse_value(text.as_bytes()) {
        Ok(Value::Object(claims)) => Ok(claims),
        Ok(_) => refused("they are not an object".to_owned()),
        Err(why) => refused(why.to_string()),
    }
}

fn postlude_claims(
    key: &ActionKey,
    own: Map<String, Value>,
    iat: u64,
    exp: u64,
    context: &TokenContext<'_>,
) -> Result<Value, TokenError> {
    if let Some(name) = RESERVED.into_iter().find(|name| own.contains_key(*name)) {
        return Err(TokenError::InvalidClaims(format!("only the host sets `{name}`")));
    }
    let mut claims = json!({
        "iss": context.issuer, "sub": context.user_id, "aud": key.issuer, "iat": iat, "exp": exp, "jti": context.jti,
        "state": context.state, "continue_url": context.continue_url, "action": audience(context),
    });
    if let Some(claims) = claims.as_object_mut() {
        if let Some(factor) = context.factor {
            claims.insert("factor".to_owned(), factor.as_str().into());
        }
        claims.extend(own);
    }
    Ok(claims)
}

/// As Auth0 makes it: the action's own claims come last and may override, but `state` is refused, since a token with
/// it would pass as this step's result.
fn auth0_claims(own: Map<String, Value>, iat: u64, exp: u64, context: &TokenContext<'_>) -> Result<Value, TokenError> {
    if own.contains_key("state") {
        return Err(TokenError::InvalidClaims("`state` belongs to the result token; name it otherwise".to_owned()));
    }
    let mut claims = json!({ "iss": host_name(context.issuer), "sub": context.user_id, "iat": iat, "exp": exp });
    if let Some(claims) = claims.as_object_mut() {
        claims.extend(own);
    }
    Ok(claims)
}

/// The bare host name of an issuer URL, which the configuration has parsed and normalised.
fn host_name(issuer: &str) -> &str {
    let after_scheme = issuer.split_once("://").map_or(issuer, |(_, rest)| rest);
    let authority = after_scheme.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.split_once(']') {
        Some((address, _)) => address.trim_start_matches('['),
        None => host.split_once(':').map_or(host, |(name, _)| name),
    }
}

pub(super) fn sign(key: &ActionKey, signer: &TenantSigner, unsigned: String) -> Result<String, TokenError> {
    let signature = match (&key.verifier, key.alg) {
        (Verifier::Shared(secret), Algorithm::HS256) => {
            let secret = secret_for(key.profile, secret, REQUEST_LABEL);
            Some(prim::hmac(&secret, unsigned.as_bytes()).to_vec())
        }
        (_, alg) => signer.sign(alg, unsigned.as_bytes()),
    };
    let signature = signature.ok_or_else(|| TokenError::Other("signing failed".to_owned()))?;
    Ok(format!("{unsigned}.{}", prim::encode(signature)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_host_name_is_bare() {
        for (issuer, host) in [
            ("https://login.example/acme", "login.example"),
            ("http://localhost:8480/acme", "localhost"),
            ("http://[::1]:8480", "::1"),
            ("https://a@login.example?x", "login.example"),
        ] {
            assert_eq!(super::host_name(issuer), host);
        }
    }
}
