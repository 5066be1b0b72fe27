//! The request token: what a browser brings from Postlude.

use crate::PromptKit;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD as B64, Engine as _};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Map, Value};
use std::fmt;
use url::Url;

const REQUEST_TYP: &str = "prompt-request+jwt";
/// Seconds by which two clocks may differ.
const CLOCK_SKEW: u64 = 30;
/// Seconds that a token lives at most.
const MOST: u64 = 15 * 60;

/// A verified request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The user: authenticate this person.
    pub sub: String,
    /// The request's identifier: one browser may answer it, once.
    pub jti: String,
    /// What is asked for, where something is.
    pub factor: Option<String>,
    pub(crate) state: String,
    pub(crate) action: String,
    continue_url: Url,
    /// All claims, the plugin's own among them.
    pub claims: Map<String, Value>,
}

/// What is wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The tenant did not sign the token.
    Token,
    /// The tenant's keys have none of this name: fetch them again, and verify once more.
    UnknownKey,
    /// The token is no request.
    Type,
    /// A claim is missing, or is not of its kind.
    Claims,
    /// Another tenant's.
    Issuer,
    /// For another site.
    Audience,
    /// Too old, from the future, or of too long a life.
    Time,
    /// The address is about another login.
    State,
    /// The browser would return to elsewhere.
    ContinueUrl,
}

impl Refusal {
    /// The code that all kits share.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Token | Self::UnknownKey => "token",
            Self::Type => "type",
            Self::Claims => "claims",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Time => "time",
            Self::State => "state",
            Self::ContinueUrl => "continue_url",
        }
    }
}

/// A request that must not be answered.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct RequestRefused {
    /// What is wrong.
    pub refusal: Refusal,
    message: String,
}

fn refused<T>(refusal: Refusal, message: impl fmt::Display) -> Result<T, RequestRefused> {
    Err(RequestRefused { refusal, message: message.to_string() })
}

pub(crate) fn verify(
    kit: &PromptKit,
    token: &str,
    state: &str,
    tenant_keys: Option<&JwkSet>,
    now: u64,
) -> Result<Request, RequestRefused> {
    let header = header(token)?;
    let claims = signed(kit, token, &header, tenant_keys)?;
    if header.get("typ").and_then(Value::as_str) != Some(REQUEST_TYP) {
        return refused(Refusal::Type, format!("`typ` is not `{REQUEST_TYP}`"));
    }
    let text = |name: &str| match claims.get(name).and_then(Value::as_str) {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        _ => refused(Refusal::Claims, format!("`{name}` is not a text")),
    };
    let (sub, jti, of_token) = (text("sub")?, text("jti")?, text("state")?);
    let (action, continue_url) = (text("action")?, text("continue_url")?);
    let factor = claims.contains_key("factor").then(|| text("factor")).transpose()?;
    let seconds = |name: &str| match claims.get(name).and_then(Value::as_u64) {
        Some(seconds) => Ok(seconds),
        None => refused(Refusal::Claims, format!("`{name}` is not in whole seconds")),
    };
    let (iat, exp) = (seconds("iat")?, seconds("exp")?);
    let is = |name: &str, wanted: &str| claims.get(name).and_then(Value::as_str) == Some(wanted);
    if !is("iss", &kit.issuer) {
        return refused(Refusal::Issuer, "`iss` is not the tenant");
    }
    if !is("aud", &kit.site) {
        return refused(Refusal::Audience, "`aud` is not this site");
    }
    if exp.saturating_add(CLOCK_SKEW) <= now {
        return refused(Refusal::Time, "the request is too old");
    }
    if iat > now.saturating_add(CLOCK_SKEW) {
        return refused(Refusal::Time, "the request is from the future");
    }
    if exp.saturating_sub(iat) > MOST {
        return refused(Refusal::Time, "the request lives too long");
    }
    if of_token != state {
        return refused(Refusal::State, "`state` of the address and of the token differ");
    }
    if continue_url != format!("{}/continue", kit.issuer) {
        return refused(Refusal::ContinueUrl, "`continue_url` is not the tenant's");
    }
    let Ok(continue_url) = Url::parse(&continue_url) else {
        return refused(Refusal::ContinueUrl, "`continue_url` is no address");
    };
    Ok(Request { sub, jti, factor, state: of_token, action, continue_url, claims })
}

/// The header, which has nothing but what is needed: a library would ignore or follow the rest.
fn header(token: &str) -> Result<Map<String, Value>, RequestRefused> {
    let part = token.split('.').next().unwrap_or_default();
    let read = B64.decode(part).ok().and_then(|bytes| serde_json::from_slice::<Map<String, Value>>(&bytes).ok());
    let Some(header) = read else { return refused(Refusal::Token, "this is no token") };
    match header.keys().find(|name| !["alg", "typ", "kid"].contains(&name.as_str())) {
        Some(name) => refused(Refusal::Token, format!("a request's header has no `{name}`")),
        None => Ok(header),
    }
}

/// The claims of a token that the tenant signed. They are judged above, all of them alike.
fn signed(
    kit: &PromptKit,
    token: &str,
    header: &Map<String, Value>,
    tenant_keys: Option<&JwkSet>,
) -> Result<Map<String, Value>, RequestRefused> {
    let of_tenant;
    let key = if let Some(shared) = &kit.request_key {
        shared
    } else {
        let kid = header.get("kid").and_then(Value::as_str).unwrap_or_default();
        let Some(jwk) = tenant_keys.and_then(|keys| keys.find(kid)) else {
            return refused(Refusal::UnknownKey, format!("the tenant has no key `{kid}`"));
        };
        of_tenant = DecodingKey::from_jwk(jwk).or_else(|why| refused(Refusal::Token, why))?;
        &of_tenant
    };
    let mut validation = Validation::new(kit.alg);
    validation.required_spec_claims.clear();
    (validation.validate_exp, validation.validate_nbf, validation.validate_aud) = (false, false, false);
    match jsonwebtoken::decode::<Map<String, Value>>(token, key, &validation) {
        Ok(decoded) => Ok(decoded.claims),
        Err(why) => refused(Refusal::Token, format!("the tenant did not sign this: {why}")),
    }
}

impl Request {
    /// Where a form with the field `postlude_result` goes, by POST.
    #[must_use]
    pub fn form_action(&self) -> Url {
        let mut url = self.continue_url.clone();
        url.query_pairs_mut().append_pair("state", &self.state);
        url
    }

    /// Where the browser goes with a result: a redirect by 303.
    #[must_use]
    pub fn redirect_url(&self, result: &str) -> Url {
        let mut url = self.form_action();
        url.query_pairs_mut().append_pair("postlude_result", result);
        url
    }
}
