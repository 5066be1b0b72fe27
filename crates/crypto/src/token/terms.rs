//! What request and result tokens have in common: types, labels, audience, the keys of a shared secret.

use super::config::KeyProfile;
use crate::prim;
use postlude_model::token::{TokenContext, TokenError};
use std::time::Duration;
use zeroize::Zeroizing;

/// `typ` of a request token of profile `postlude`.
pub const REQUEST_TYP: &str = "prompt-request+jwt";
/// `typ` of a result token of profile `postlude`.
pub const RESULT_TYP: &str = "prompt-result+jwt";
/// The HKDF-SHA256 `info` (no salt, 32 bytes) that makes the request token's HS256 key of the shared secret.
pub const REQUEST_LABEL: &str = "postlude prompt-request";
/// The HKDF-SHA256 `info` (no salt, 32 bytes) that makes the result token's HS256 key of the shared secret.
pub const RESULT_LABEL: &str = "postlude prompt-result";
/// How far the partner's clock may differ from ours.
pub const LEEWAY: Duration = Duration::from_secs(30);

pub(super) fn invalid(check: impl Into<String>) -> TokenError {
    TokenError::Invalid(check.into())
}

/// What a result token is for, and a request token comes from.
pub(super) fn audience(context: &TokenContext<'_>) -> String {
    format!("{}#{}", context.issuer, context.action)
}

/// Profile `postlude` has an HS256 key per direction; profile `auth0` uses the secret as it is.
pub(super) fn secret_for(profile: KeyProfile, secret: &[u8], label: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(match profile {
        KeyProfile::Postlude => prim::hkdf(secret, label.as_bytes()).to_vec(),
        KeyProfile::Auth0 => secret.to_vec(),
    })
}
