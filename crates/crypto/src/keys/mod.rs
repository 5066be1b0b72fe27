//! Keys that an action uses itself: they sign and verify whatever its plugin wants, so none of them proves a reply.
//!
//! The algorithm is the key's, never the header's (RFC 8725, section 3.1).

mod private;
mod set;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod wycheproof;

pub use set::{KeySet, MOST_KEYS, SetProblem, Token, Unverified};

use crate::prim;
use crate::token::Algorithm;
use crate::token::jws;
use postlude_model::json::Json;
use postlude_model::keys::{KeyError, Work};
use postlude_model::limits::OWN_TOKEN_BYTES;
use private::PrivateKey;
use ring::hmac;
use serde_json::Value;
use std::fmt;

/// Header parameters that a plugin may add: which key, and what the token is.
const ADDED: [&str; 5] = ["cty", "kid", "typ", "x5t", "x5t#S256"];

/// Why a key cannot be used. It never contains the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OwnKeyProblem {
    /// The secret is short.
    #[error("the secret has {0} bytes; {1} needs at least {2} (RFC 7518, section 3.2)")]
    ShortSecret(usize, Algorithm, usize),
    /// A secret for a key pair's algorithm, or the other way round.
    #[error("{0} takes {1}")]
    WrongMaterial(Algorithm, &'static str),
    /// The private key cannot be read.
    #[error("the private key cannot be used for {0}: {1}")]
    Private(Algorithm, &'static str),
    /// The public keys cannot be read.
    #[error(transparent)]
    Set(#[from] SetProblem),
}

/// A key of an action, for its own use.
pub struct OwnKey {
    alg: Algorithm,
    material: Material,
}

enum Material {
    Secret(hmac::Key),
    Private(PrivateKey),
    Public(KeySet),
}

impl OwnKey {
    /// A shared secret: it signs, verifies and authenticates.
    ///
    /// # Errors
    /// When the secret is short, or the algorithm has key pairs.
    pub fn secret(alg: Algorithm, secret: &[u8]) -> Result<Self, OwnKeyProblem> {
        let (hash, least) = match alg {
            Algorithm::HS256 => (hmac::HMAC_SHA256, 32),
            Algorithm::HS384 => (hmac::HMAC_SHA384, 48),
            Algorithm::HS512 => (hmac::HMAC_SHA512, 64),
            _ => return Err(OwnKeyProblem::WrongMaterial(alg, "a private key or a JWK set, not a secret")),
        };
        if secret.len() < least {
            return Err(OwnKeyProblem::ShortSecret(secret.len(), alg, least));
        }
        Ok(Self { alg, material: Material::Secret(hmac::Key::new(hash, secret)) })
    }

    /// A private key: PEM (PKCS#8, and PKCS#1 of RSA or SEC 1 of P-256), or a private JWK. It signs, and verifies what it
    /// signed.
    ///
    /// # Errors
    /// When the key cannot be read, or is one for another algorithm.
    pub fn private(alg: Algorithm, text: &str) -> Result<Self, OwnKeyProblem> {
        let key = PrivateKey::read(alg, text).map_err(|why| OwnKeyProblem::Private(alg, why))?;
        Ok(Self { alg, material: Material::Private(key) })
    }

    /// Public keys: the text of a JWK set. They verify.
    ///
    /// # Errors
    /// When the text is no such set, or has no key for the algorithm.
    pub fn public(alg: Algorithm, set: &str) -> Result<Self, OwnKeyProblem> {
        Ok(Self { alg, material: Material::Public(KeySet::parse(set, alg)?) })
    }

    /// What signing takes.
    #[must_use]
    pub const fn work(&self) -> Work {
        match self.alg {
            Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => Work::Hash,
            Algorithm::EdDSA | Algorithm::ES256 => Work::Curve,
            Algorithm::RS256 => Work::Rsa,
        }
    }

    /// HMAC-SHA-256 of the data, by a secret for HS256: a key has one algorithm.
    ///
    /// # Errors
    /// `Other` for every other key.
    pub fn hmac(&self, data: &[u8]) -> Result<Vec<u8>, KeyError> {
        match &self.material {
            Material::Secret(key) if self.alg == Algorithm::HS256 => Ok(hmac::sign(key, data).as_ref().to_vec()),
            _ => Err(KeyError::Other(format!("the key is for {}, and `hmac` takes one for HS256", self.alg))),
        }
    }

    /// A compact JWS (RFC 7515, section 7.1). The same texts give the same token: ES256 signs by RFC 6979, and the others
    /// have no randomness.
    ///
    /// # Errors
    /// `Other` for public keys, `Invalid` for a header that would say how to verify, or a token that is too large.
    pub fn sign(&self, header: &Json, claims: &Json) -> Result<String, KeyError> {
        let unsigned = jws::unsigned(&self.header(header)?, &claims.to_value());
        let signature = match &self.material {
            Material::Secret(key) => Some(hmac::sign(key, unsigned.as_bytes()).as_ref().to_vec()),
            Material::Private(key) => key.sign(unsigned.as_bytes()),
            Material::Public(_) => {
                return Err(KeyError::Other("the key only verifies: it is a set of public keys".to_owned()));
            }
        };
        let signature = signature.ok_or_else(|| KeyError::Other("signing failed".to_owned()))?;
        let token = format!("{unsigned}.{}", prim::encode(signature));
        if token.len() > OWN_TOKEN_BYTES {
            return Err(KeyError::Invalid(format!("the token would have more than {OWN_TOKEN_BYTES} bytes")));
        }
        Ok(token)
    }

    fn header(&self, added: &Json) -> Result<Value, KeyError> {
        let Value::Object(mut header) = added.to_value() else {
            return Err(KeyError::Invalid("the header is not an object".to_owned()));
        };
        let known = |name: &str, value: &Value| ADDED.contains(&name) && value.is_string();
        if let Some((name, _)) = header.iter().find(|(name, value)| !known(name, value)) {
            let name: String = name.chars().take(64).flat_map(char::escape_default).collect();
            return Err(KeyError::Invalid(format!(
                "the header's `{name}` is not one of {}, as text",
                ADDED.join(", ")
            )));
        }
        header.insert("alg".to_owned(), self.alg.as_str().into());
        header.entry("typ").or_insert_with(|| "JWT".into());
        if let Material::Private(PrivateKey { kid: Some(kid), .. }) = &self.material {
            header.entry("kid").or_insert_with(|| kid.as_str().into());
        }
        Ok(Value::Object(header))
    }

    /// The claims of a compact JWS, once its signature verifies. What they say is the plugin's to judge.
    ///
    /// # Errors
    /// `Invalid`, with the check that failed.
    pub fn verify(&self, token: &str) -> Result<Json, KeyError> {
        let token = Token::read(self.alg, token)?;
        let good = match &self.material {
            Material::Secret(key) => hmac::verify(key, token.signed(), token.signature()).is_ok(),
            Material::Private(key) => key.verifies(token.signed(), token.signature()),
            Material::Public(set) => return set.verify(&token).map_err(Into::into),
        };
        if good { token.claims() } else { Err(KeyError::Invalid("its signature is wrong".to_owned())) }
    }
}

impl fmt::Debug for OwnKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.material {
            Material::Secret(_) => "secret",
            Material::Private(_) => "private key",
            Material::Public(_) => "public keys",
        };
        write!(f, "OwnKey({}, {kind})", self.alg)
    }
}
