//! Why a call of the host did not succeed: one type for each error of the contract.

use crate::decision::Failure;

/// Why a part of the event was not returned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Anything that has no case of its own.
    #[error("{0}")]
    Other(String),
    /// Not a JSON pointer (RFC 6901, section 3).
    #[error("not a JSON pointer")]
    InvalidPointer,
    /// The part is not below a pointer that the operator granted.
    #[error("this part of the event is not granted to the action")]
    NotGranted,
}

/// Why a value was not stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// Anything that has no case of its own.
    #[error("{0}")]
    Other(String),
    /// The value is not JSON; the text says where.
    #[error("not JSON: {0}")]
    InvalidJson(String),
    /// The value, or all values together, would pass the limit in bytes.
    #[error("larger than {0} bytes")]
    TooLarge(u32),
    /// The operator did not grant this name.
    #[error("this name is not granted to the action")]
    NotGranted,
}

/// Why a token was not made, or not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Anything that has no case of its own.
    #[error("{0}")]
    Other(String),
    /// The result profile carries no token, or this is not `on_continue`.
    #[error("this reply carries no token by its nature")]
    NotApplicable,
    /// The reply has no parameter of that name.
    #[error("the reply carries no token")]
    Missing,
    /// The token does not verify; the text names the check that failed.
    #[error("the token does not verify: {0}")]
    Invalid(String),
    /// The key is not declared or not granted.
    #[error("no such key")]
    UnknownKey,
    /// The claims are not an object, or name a claim that only the host may set.
    #[error("the claims are not acceptable: {0}")]
    InvalidClaims(String),
}

/// Why a factor was not recorded or not looked up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FactorError {
    /// Anything that has no case of its own.
    #[error("{0}")]
    Other(String),
    /// The manifest does not declare this factor.
    #[error("the manifest does not declare this factor")]
    NotDeclared,
    /// In `on_login`, without the operator's grant `silent`.
    #[error("a factor is not recorded in on-login")]
    NotInOnLogin,
    /// The reply proves nothing.
    #[error("the reply does not prove this factor")]
    NotProved,
    /// The evidence is not a JSON object, or larger than 2,048 bytes.
    #[error("the evidence is not acceptable: {0}")]
    InvalidEvidence(String),
}

/// Why a claim or scope was not set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// Anything that has no case of its own.
    #[error("{0}")]
    Other(String),
    /// Only the IdP sets this claim.
    #[error("only the IdP sets this claim")]
    Reserved,
    /// The operator did not grant this claim or scope.
    #[error("this claim or scope is not granted to the action")]
    NotGranted,
    /// The value is not JSON; the text says where.
    #[error("not JSON: {0}")]
    InvalidJson(String),
    /// All claims together would pass the limit in bytes.
    #[error("all claims together are larger than {0} bytes")]
    TooLarge(u32),
}

/// Why the cache did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CacheError {
    /// Anything that has no case of its own.
    #[error("{0}")]
    Other(String),
    /// This host has no cache.
    #[error("this host has no cache")]
    NotAvailable,
    /// The value is not JSON; the text says where.
    #[error("not JSON: {0}")]
    InvalidJson(String),
    /// The value, or all values together, would pass the limit in bytes.
    #[error("larger than {0} bytes")]
    TooLarge(u32),
}

/// Why a secret was not returned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Anything that has no case of its own.
    #[error("{0}")]
    Other(String),
    /// The secret is not declared or not granted.
    #[error("this secret is not granted to the action")]
    NotGranted,
}

/// Why a key was not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Anything that has no case of its own.
    #[error("{0}")]
    Other(String),
    /// This host does not offer keys to plugins.
    #[error("this host offers no keys to plugins")]
    NotAvailable,
    /// The key is not declared or not granted.
    #[error("this key is not granted to the action")]
    NotGranted,
    /// The token or signature does not verify; the text names the check that failed.
    #[error("does not verify: {0}")]
    Invalid(String),
}

/// Why there is no response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// Anything that has no case of its own.
    #[error("{0}")]
    Other(String),
    /// This host makes no requests for plugins.
    #[error("this host makes no requests for plugins")]
    NotAvailable,
    /// The operator did not grant this host and port.
    #[error("this host and port is not granted to the action")]
    NotGranted,
    /// The request is not well formed, or names a header that is the host's own.
    #[error("the request is not acceptable: {0}")]
    InvalidRequest(String),
    /// No answer within 2 seconds.
    #[error("no answer within 2 seconds")]
    Timeout,
    /// The response has more than 262,144 bytes.
    #[error("the response is larger than 262,144 bytes")]
    TooLarge,
}

// With `?` an action that has no better answer passes the text on to the operator's log.
macro_rules! fails_as_other {
    ($($error:ty, $what:literal;)*) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::Other(format!(concat!($what, ": {}"), error))
            }
        }
    )*};
}

fails_as_other! {
    EventError, "event";
    ValueError, "value";
    TokenError, "token";
    FactorError, "factor";
    ClaimError, "claim";
    CacheError, "cache";
    SecretError, "secret";
    KeyError, "key";
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        match error {
            // `other` is what keeps a service from being reached: a closed port, a name that does not resolve, a certificate, a
            // host that rests because it failed several times.
            HttpError::Timeout | HttpError::NotAvailable | HttpError::Other(_) => {
                Self::Unavailable(format!("http: {error}"))
            }
            wrong => Self::Other(format!("http: {wrong}")),
        }
    }
}
