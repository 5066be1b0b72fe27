//! What a prompt site checks before it asks anybody: the address to which the browser was sent, and the request token in it.

use super::keys::{PartnerKey, TokenProfile};
use super::token;
use serde_json::Value;
use url::Url;

/// Seconds by which a prompt site lets clocks differ.
const SKEW: u64 = 5;

/// A browser at the prompt site, and what its address says.
#[derive(Debug, Clone)]
pub struct PromptRequest {
    /// The address, whole.
    pub location: String,
    /// The state.
    pub state: String,
    /// The request token, where the address has one.
    pub token: Option<String>,
    /// The claims of the request token.
    pub claims: Value,
}

/// Why a prompt site shows an error page instead of its prompt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the prompt site refuses the request: {0}")]
pub struct PromptRefused(pub String);

/// The tenant that asks, as its partner knows it.
#[derive(Debug, Clone, Copy)]
pub struct AskingTenant<'a> {
    /// The issuer.
    pub issuer: &'a str,
    /// Where browsers go back to.
    pub continue_url: &'a str,
    /// The keys that the tenant publishes (RFC 7517).
    pub keys: &'a str,
    /// The clock, in seconds since 1970.
    pub now: u64,
}

impl PromptRequest {
    /// Reads an address without checking anything.
    ///
    /// # Errors
    /// When it is no URL or has no state.
    pub fn read(location: &str) -> Result<Self, PromptRefused> {
        let url = Url::parse(location).map_err(|why| PromptRefused(format!("`{location}` is no URL: {why}")))?;
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let state = pairs.iter().find(|(name, _)| name == "state").map(|(_, value)| value.clone());
        let state = state.ok_or_else(|| PromptRefused("the address has no `state`".to_owned()))?;
        // A prompt site knows its parameter; here the one token that the address has is it.
        let token =
            pairs.into_iter().filter(|(name, _)| name != "state").find(|(_, value)| token::parts(value).is_some());
        let token = token.map(|(_, value)| value);
        let claims = token.as_deref().and_then(token::parts).map_or(Value::Null, |(_, claims)| claims);
        Ok(Self { location: location.to_owned(), state, token, claims })
    }

    /// Checks the request token as a real partner does.
    ///
    /// # Errors
    /// What a real prompt site would refuse.
    pub fn check(&self, key: &PartnerKey, tenant: AskingTenant<'_>) -> Result<(), PromptRefused> {
        let refuse = |why: String| Err(PromptRefused(format!("the request token is not acceptable: {why}")));
        let Some(token) = &self.token else { return refuse("the address has none".to_owned()) };
        let claims = match key.verify(token, tenant.keys) {
            Ok(claims) => claims,
            Err(why) => return refuse(why),
        };
        if claims.get("exp").and_then(Value::as_u64).is_none_or(|exp| exp.saturating_add(SKEW) < tenant.now) {
            return refuse("`exp` is past".to_owned());
        }
        if key.profile == TokenProfile::Auth0 {
            return Ok(());
        }
        let state = self.state.as_str();
        let wanted = [
            ("iss", tenant.issuer),
            ("aud", key.issuer.as_str()),
            ("state", state),
            ("continue_url", tenant.continue_url),
        ];
        for (name, wanted) in wanted {
            let found = claims.get(name).and_then(Value::as_str).unwrap_or_default();
            if found != wanted {
                return refuse(format!("`{name}` is `{found}`, not `{wanted}`"));
            }
        }
        Ok(())
    }
}
