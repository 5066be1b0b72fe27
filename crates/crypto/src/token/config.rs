//! An action's keys as configuration gives them, and what can be wrong with them.

use super::algorithm::Algorithm;
use super::signer::SignerError;
use std::fmt;
use zeroize::Zeroizing;

/// Bytes of a shared secret at least: the size of the hash (RFC 7518, section 3.2).
pub const SECRET_BYTES: usize = 32;
/// Keys in a partner's set at most: rotation needs two or three.
pub(super) const MOST_KEYS: usize = 16;

/// The profiles that have a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyProfile {
    /// Two token types that can never be taken for each other.
    Postlude,
    /// One shared HS256 secret, as it is.
    Auth0,
}

/// What verifies the partner's tokens.
#[derive(Clone)]
pub enum VerifyWith {
    /// The text of the partner's public JWK set (RFC 7517, section 5).
    Jwks(String),
    /// The shared secret.
    Secret(Zeroizing<Vec<u8>>),
}

impl fmt::Debug for VerifyWith {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jwks(_) => "Jwks(..)",
            Self::Secret(_) => "Secret(..)",
        })
    }
}

/// One key of an action.
#[derive(Debug, Clone)]
pub struct KeyConfig {
    /// The key's name, as the manifest's `result` and the plugin give it.
    pub name: String,
    /// The form of the tokens.
    pub profile: KeyProfile,
    /// `iss` of the partner's tokens, and `aud` of ours; profile `auth0` does not use it.
    pub issuer: String,
    /// The algorithm of both directions.
    pub alg: Algorithm,
    /// What verifies the partner's tokens.
    pub verify: VerifyWith,
}

/// What is wrong with one key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    /// Two keys have the name.
    #[error("the name occurs twice")]
    NameTwice,
    /// Profile `postlude` compares `iss`.
    #[error("`issuer` is missing; it is the `iss` of the partner's result tokens")]
    NoIssuer,
    /// Profile `auth0` is HS256 by definition.
    #[error("profile `auth0` takes `alg = \"HS256\"` and a secret, not {0}")]
    Auth0Algorithm(Algorithm),
    /// Prompt sites' tokens have fewer algorithms.
    #[error("tokens to and from a prompt site take EdDSA, ES256 or HS256, not {0}")]
    NotForTokens(Algorithm),
    /// A JWK set for HS256, or a secret for the others.
    #[error("{0} takes {1}")]
    WrongMaterial(Algorithm, &'static str),
    /// The secret is short.
    #[error("the secret has {0} bytes; HS256 needs at least 32 (RFC 7518, section 3.2)")]
    ShortSecret(usize),
    /// The set is not JSON, repeats a member, or has no array `keys`.
    #[error("the JWK set cannot be read (RFC 7517, section 5): {0}")]
    BadSet(String),
    /// The set holds what only the partner may have.
    #[error("the JWK set holds private key material in `{0}`; ask the partner for public keys and to replace that one")]
    Private(&'static str),
    /// No key fits.
    #[error("the JWK set has no key for {0}")]
    NoKeyFor(Algorithm),
    /// More than one host would ever need.
    #[error("the JWK set has {0} keys, more than {max}", max = MOST_KEYS)]
    TooMany(usize),
    /// `alg`, `use` or `key_ops` say that the key is for something else.
    #[error("the JWK set's key {at} is not for this use: its `{member}` says otherwise")]
    WrongUse {
        /// The key's place in the set, from 0.
        at: usize,
        /// The member.
        member: &'static str,
    },
    /// The key itself is bad.
    #[error("the JWK set's key {at} is not a usable key: {why}")]
    BadKey {
        /// The key's place in the set, from 0.
        at: usize,
        /// Why.
        why: &'static str,
    },
    /// Tokens could not say which key signed them.
    #[error("the JWK set's key {0} has no `kid`, which a set of several keys needs")]
    NoKid(usize),
    /// Two keys have the same `kid`.
    #[error("the JWK set has `kid` `{0}` twice")]
    KidTwice(String),
    /// The host's own key pairs are missing.
    #[error(transparent)]
    Signer(#[from] SignerError),
}

/// A key of an action that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("key `{key}`: {problem}")]
pub struct KeyConfigError {
    /// The key's name.
    pub key: String,
    /// What is wrong with it.
    pub problem: KeyProblem,
}

/// Every key of an action that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyConfigErrors(pub Vec<KeyConfigError>);

impl fmt::Display for KeyConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&all.join("; "))
    }
}

impl std::error::Error for KeyConfigErrors {}
