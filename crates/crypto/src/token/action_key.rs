//! One key of an action, checked.

use super::algorithm::Algorithm;
use super::config::{KeyConfig, KeyProblem, KeyProfile, SECRET_BYTES, VerifyWith};
use super::jwks::{self, KeySet};
use zeroize::Zeroizing;

/// A key that was checked: it cannot be misused.
#[derive(Clone)]
pub(super) struct ActionKey {
    pub(super) profile: KeyProfile,
    pub(super) issuer: String,
    pub(super) alg: Algorithm,
    pub(super) verifier: Verifier,
}

/// What verifies the partner's tokens.
#[derive(Clone)]
pub(super) enum Verifier {
    Set(KeySet),
    Shared(Zeroizing<Vec<u8>>),
}

impl ActionKey {
    /// Checks a key and takes it.
    pub(super) fn new(config: KeyConfig) -> Result<Self, KeyProblem> {
        let KeyConfig { profile, issuer, alg, verify, .. } = config;
        match profile {
            KeyProfile::Postlude if issuer.is_empty() => return Err(KeyProblem::NoIssuer),
            KeyProfile::Auth0 if alg != Algorithm::HS256 => return Err(KeyProblem::Auth0Algorithm(alg)),
            _ => {}
        }
        let verifier = match (alg, verify) {
            (Algorithm::HS384 | Algorithm::HS512 | Algorithm::RS256, _) => return Err(KeyProblem::NotForTokens(alg)),
            (Algorithm::HS256, VerifyWith::Secret(secret)) if secret.len() < SECRET_BYTES => {
                return Err(KeyProblem::ShortSecret(secret.len()));
            }
            (Algorithm::HS256, VerifyWith::Secret(secret)) => Verifier::Shared(secret),
            (Algorithm::HS256, VerifyWith::Jwks(_)) => {
                return Err(KeyProblem::WrongMaterial(alg, "a secret, not a JWK set"));
            }
            (_, VerifyWith::Secret(_)) => return Err(KeyProblem::WrongMaterial(alg, "a JWK set, not a secret")),
            (_, VerifyWith::Jwks(text)) => Verifier::Set(jwks::parse(&text, alg)?),
        };
        Ok(Self { profile, issuer, alg, verifier })
    }
}
