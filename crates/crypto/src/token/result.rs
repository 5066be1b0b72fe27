//! The result token: what the browser brings back from the prompt site, compared claim by claim.

use super::action_key::{ActionKey, Verifier};
use super::algorithm::Algorithm;
use super::config::KeyProfile;
use super::jws::Jws;
use super::terms::{LEEWAY, RESULT_LABEL, RESULT_TYP, audience, invalid, secret_for};
use crate::prim;
use postlude_model::json::Json;
use postlude_model::limits;
use postlude_model::token::{TokenContext, TokenError, Verdict, VerifiedResult};
use serde_json::{Map, Value};

/// The last second of the year 9999: a later date is a mistake, such as milliseconds.
const LATEST: u64 = 253_402_300_799;

pub(super) fn verify(key: &ActionKey, token: &str, context: &TokenContext<'_>) -> Result<VerifiedResult, TokenError> {
    let jws = Jws::read(token)?;
    if jws.alg != key.alg.as_str() {
        return Err(invalid(format!("`alg` is not {}", key.alg)));
    }
    check_type(key.profile, jws.typ.as_deref())?;
    check_signature(key, &jws)?;
    let claims = Claims(jws.claims()?);
    let verdict = match key.profile {
        KeyProfile::Postlude => Some(postlude(key, &claims, context)?),
        KeyProfile::Auth0 => auth0(&claims, context).map(|()| None)?,
    };
    Ok(VerifiedResult { claims: Json::from_value(&Value::Object(claims.0)), verdict })
}

fn check_type(profile: KeyProfile, typ: Option<&str>) -> Result<(), TokenError> {
    let good = match profile {
        KeyProfile::Postlude => typ == Some(RESULT_TYP),
        KeyProfile::Auth0 => typ.is_none_or(|typ| typ.eq_ignore_ascii_case("JWT")),
    };
    let wanted = if profile == KeyProfile::Postlude { RESULT_TYP } else { "JWT" };
    if good { Ok(()) } else { Err(invalid(format!("`typ` is not `{wanted}`"))) }
}

fn check_signature(key: &ActionKey, jws: &Jws<'_>) -> Result<(), TokenError> {
    let good = match (&key.verifier, key.alg) {
        (Verifier::Shared(secret), Algorithm::HS256) => {
            let secret = secret_for(key.profile, secret, RESULT_LABEL);
            prim::same(&prim::hmac(&secret, jws.signed), &jws.signature)
        }
        (Verifier::Set(keys), Algorithm::EdDSA | Algorithm::ES256) => {
            let found = match (keys.as_slice(), &jws.kid) {
                ([(_, only)], None) => only,
                (_, None) => return Err(invalid("`kid` is missing, and the partner has several keys")),
                (keys, kid) => {
                    let named = keys.iter().find(|(name, _)| name == kid);
                    &named.ok_or_else(|| invalid("`kid` names none of the partner's keys"))?.1
                }
            };
            found.verifies(jws.signed, &jws.signature)
        }
        _ => false,
    };
    if good { Ok(()) } else { Err(invalid("its signature is wrong")) }
}

fn postlude(key: &ActionKey, claims: &Claims, context: &TokenContext<'_>) -> Result<Verdict, TokenError> {
    claims.equal("iss", &key.issuer, "the partner's")?;
    claims.equal("sub", context.user_id, "the login's user")?;
    claims.audience(&audience(context))?;
    claims.equal("state", context.state, "the resumed one")?;
    match context.factor {
        Some(factor) => claims.equal("factor", factor.as_str(), "the one asked for")?,
        None if claims.0.contains_key("factor") => return Err(invalid("`factor` is present, and none was asked for")),
        None => {}
    }
    if claims.text("jti")?.is_empty() {
        return Err(invalid("`jti` is empty"));
    }
    let (iat, exp) = claims.dates(context.now.seconds())?;
    let lifetime = exp.checked_sub(iat).ok_or_else(|| invalid("`exp` is before `iat`"))?;
    if lifetime > limits::TOKEN_LIFETIME.as_secs() {
        return Err(invalid(format!("`exp` is more than {} s after `iat`", limits::TOKEN_LIFETIME.as_secs())));
    }
    match claims.text("verdict")? {
        "ok" => Ok(Verdict::Ok),
        "refused" => Ok(Verdict::Refused),
        "error" => Ok(Verdict::Error),
        _ => Err(invalid("`verdict` is not `ok`, `refused` or `error`")),
    }
}

fn auth0(claims: &Claims, context: &TokenContext<'_>) -> Result<(), TokenError> {
    claims.text("iss")?;
    claims.equal("sub", context.user_id, "the login's user")?;
    claims.equal("state", context.state, "the resumed one")?;
    claims.dates(context.now.seconds()).map(|_| ())
}

struct Claims(Map<String, Value>);

impl Claims {
    fn get(&self, name: &str) -> Result<&Value, TokenError> {
        self.0.get(name).ok_or_else(|| invalid(format!("`{name}` is missing")))
    }

    fn text(&self, name: &str) -> Result<&str, TokenError> {
        self.get(name)?.as_str().ok_or_else(|| invalid(format!("`{name}` is not a text")))
    }

    fn equal(&self, name: &str, wanted: &str, what: &str) -> Result<(), TokenError> {
        if self.text(name)? == wanted { Ok(()) } else { Err(invalid(format!("`{name}` is not {what}"))) }
    }

    /// The token's only audience, as a text or a list: a token for two audiences is for neither.
    fn audience(&self, wanted: &str) -> Result<(), TokenError> {
        let good = match self.get("aud")? {
            Value::Array(list) => matches!(list.as_slice(), [one] if one == wanted),
            one => one == wanted,
        };
        if good { Ok(()) } else { Err(invalid("`aud` is not this action's")) }
    }

    /// A NumericDate (RFC 7519, section 2) in whole seconds.
    fn date(&self, name: &str) -> Result<u64, TokenError> {
        let date = self.get(name)?.as_u64().filter(|date| *date <= LATEST);
        date.ok_or_else(|| invalid(format!("`{name}` is not a date in whole seconds")))
    }

    fn dates(&self, now: u64) -> Result<(u64, u64), TokenError> {
        let (iat, exp, leeway) = (self.date("iat")?, self.date("exp")?, LEEWAY.as_secs());
        if exp.saturating_add(leeway) <= now {
            return Err(invalid("`exp` is past"));
        }
        if iat > now.saturating_add(leeway) {
            return Err(invalid("`iat` is in the future"));
        }
        if self.0.contains_key("nbf") && self.date("nbf")? > now.saturating_add(leeway) {
            return Err(invalid("`nbf` is in the future"));
        }
        Ok((iat, exp))
    }
}
