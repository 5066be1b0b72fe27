//! Tokens to and from a prompt site: request tokens that Postlude signs, result tokens that it verifies.

mod config;
pub(crate) mod jwks;
pub(crate) mod jws;
mod local;
mod request;
mod result;
mod signer;
#[cfg(test)]
mod tests;

pub use config::{
    Algorithm, KeyConfig, KeyConfigError, KeyConfigErrors, KeyProblem, KeyProfile, SECRET_BYTES, VerifyWith,
};
pub use local::local_keys;
pub use signer::{SignerError, TenantSigner};

use crate::prim;
use config::KeySet;
use postlude_model::decision::TokenRequest;
use postlude_model::token::{TokenContext, TokenError, TokenKeys, VerifiedResult};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
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

/// The keys of one action.
#[derive(Clone)]
pub struct ActionKeys {
    keys: BTreeMap<String, ActionKey>,
    signer: Arc<TenantSigner>,
}

#[derive(Clone)]
struct ActionKey {
    profile: KeyProfile,
    issuer: String,
    alg: Algorithm,
    verifier: Verifier,
}

#[derive(Clone)]
enum Verifier {
    Set(KeySet),
    Shared(Zeroizing<Vec<u8>>),
}

impl ActionKeys {
    /// Checks the keys and takes them.
    ///
    /// # Errors
    /// Every key that cannot be used, with what is wrong with it.
    pub fn new(configs: Vec<KeyConfig>, signer: Arc<TenantSigner>) -> Result<Self, KeyConfigErrors> {
        let (mut keys, mut errors) = (BTreeMap::new(), Vec::new());
        for config in configs {
            let name = config.name.clone();
            let twice = keys.contains_key(&name);
            match config::check(config) {
                Ok(_) if twice => errors.push(KeyConfigError { key: name, problem: KeyProblem::NameTwice }),
                Ok(key) => drop(keys.insert(name, key)),
                Err(problem) => errors.push(KeyConfigError { key: name, problem }),
            }
        }
        if errors.is_empty() { Ok(Self { keys, signer }) } else { Err(KeyConfigErrors(errors)) }
    }
}

impl TokenKeys for ActionKeys {
    fn encode(&self, request: &TokenRequest, context: &TokenContext<'_>) -> Result<String, TokenError> {
        let key = self.keys.get(&request.key).ok_or(TokenError::UnknownKey)?;
        request::encode(key, &self.signer, &request.claims, request.ttl_seconds, context)
    }

    fn verify(&self, key: &str, token: &str, context: &TokenContext<'_>) -> Result<VerifiedResult, TokenError> {
        result::verify(self.keys.get(key).ok_or(TokenError::UnknownKey)?, token, context)
    }
}

impl fmt::Debug for ActionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.keys.keys()).finish()
    }
}

fn invalid(check: impl Into<String>) -> TokenError {
    TokenError::Invalid(check.into())
}

/// What a result token is for, and a request token comes from.
fn audience(context: &TokenContext<'_>) -> String {
    format!("{}#{}", context.issuer, context.action)
}

/// Profile `postlude` has an HS256 key per direction; profile `auth0` uses the secret as it is.
fn secret_for(profile: KeyProfile, secret: &[u8], label: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(match profile {
        KeyProfile::Postlude => prim::hkdf(secret, label.as_bytes()).to_vec(),
        KeyProfile::Auth0 => secret.to_vec(),
    })
}
