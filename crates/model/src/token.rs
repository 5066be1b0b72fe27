//! Request and result tokens as the rest of Postlude sees them; the cryptography behind them is another crate's.

use crate::decision::TokenRequest;
use crate::json::Json;
use crate::names::{ActionName, FactorName, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How a reply is proved, as the manifest's `result` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Two token types that can never be taken for each other, with a verdict.
    Postlude,
    /// One shared HS256 secret, as Auth0's partners use it; the plugin judges the verdict.
    Auth0,
    /// The plugin proves the reply itself, by a code exchange of its own.
    External,
    /// Nothing is proved, and no factor can be recorded.
    None,
}

/// Everything that a token is compared with.
#[derive(Debug, Clone, Copy)]
pub struct TokenContext<'a> {
    /// The tenant's issuer URL.
    pub issuer: &'a str,
    /// The tenant's continue URL, without a query.
    pub continue_url: &'a str,
    /// The action.
    pub action: &'a ActionName,
    /// The login's user (`sub`).
    pub user_id: &'a str,
    /// The state: of the suspension to be made for a request token, of the resumed one for a result token.
    pub state: &'a str,
    /// The factor that the prompt is, or was, for.
    pub factor: Option<&'a FactorName>,
    /// The host's clock.
    pub now: Timestamp,
    /// A unique value for `jti`, derived from the run and therefore the same in a retry.
    pub jti: &'a str,
}

/// What the prompt site says of the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The user completed the factor.
    Ok,
    /// The user, or the partner, refused.
    Refused,
    /// The partner could not tell.
    Error,
}

/// A result token that verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedResult {
    /// All its claims.
    pub claims: Json,
    /// The partner's verdict; none in profile `auth0`, where the plugin judges.
    pub verdict: Option<Verdict>,
}

/// Why a token was not made or not accepted; the cases of the contract's `token-error`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Anything without a case of its own.
    #[error("{0}")]
    Other(String),
    /// The profile carries no token, or this is not `on-continue`.
    #[error("this action's replies carry no token")]
    NotApplicable,
    /// The reply lacks the parameter.
    #[error("the reply carries no result token")]
    Missing,
    /// A check failed; the text names it.
    #[error("the token does not verify: {0}")]
    Invalid(String),
    /// No such key for this action.
    #[error("no such key")]
    UnknownKey,
    /// The claims are not an object, or name one that only the host sets.
    #[error("the claims are not acceptable: {0}")]
    InvalidClaims(String),
}

/// The keys of one action, for tokens to and from its prompt site.
pub trait TokenKeys: Send + Sync + fmt::Debug {
    /// Makes the request token. The same request in the same context gives the same token.
    ///
    /// # Errors
    /// `UnknownKey`, `InvalidClaims`, `NotApplicable`; `Other` when signing fails.
    fn encode(&self, request: &TokenRequest, context: &TokenContext<'_>) -> Result<String, TokenError>;

    /// Verifies a result token under the key's profile and compares it with the context.
    ///
    /// # Errors
    /// `UnknownKey`, `NotApplicable`, or `Invalid` with the name of the check that failed.
    fn verify(&self, key: &str, token: &str, context: &TokenContext<'_>) -> Result<VerifiedResult, TokenError>;
}

/// The keys of an action that has none.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoKeys;

impl TokenKeys for NoKeys {
    fn encode(&self, _: &TokenRequest, _: &TokenContext<'_>) -> Result<String, TokenError> {
        Err(TokenError::UnknownKey)
    }
    fn verify(&self, _: &str, _: &str, _: &TokenContext<'_>) -> Result<VerifiedResult, TokenError> {
        Err(TokenError::UnknownKey)
    }
}
