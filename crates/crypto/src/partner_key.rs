//! Key pairs for prompt sites: the private half signs result tokens, the public half goes into an action's `jwks` file.

use crate::prim::{self, RandomError};
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{EncodePrivateKey as _, KeypairBytes};
use serde_json::{Value, json};
use std::fmt;
use zeroize::Zeroizing;

/// The key pair of a prompt site (Ed25519, RFC 8032). The private half does not show itself in `Debug`.
pub struct PartnerKeyPair(SigningKey);

/// The private half cannot be written as text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the partner's private key cannot be written in PEM: {0}")]
pub struct PartnerKeyError(String);

impl PartnerKeyPair {
    /// A new key pair from the operating system's random numbers.
    ///
    /// # Errors
    /// When the operating system has none.
    pub fn generate() -> Result<Self, RandomError> {
        let seed = Zeroizing::new(prim::random::<32>()?);
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// The private half in PEM (PKCS #8, RFC 8410): a secret, for the prompt site alone.
    ///
    /// Without the public half, which RFC 5958 would allow beside it: OpenSSL, and with it Node and Python, reads no such key.
    ///
    /// # Errors
    /// When the key cannot be encoded.
    pub fn private_pem(&self) -> Result<Zeroizing<String>, PartnerKeyError> {
        private_pem(&self.0)
    }

    /// The public half as a JWK set (RFC 7517, section 5) of one key with this `kid`.
    #[must_use]
    pub fn public_jwks(&self, kid: &str) -> Value {
        let x = prim::encode(self.0.verifying_key().to_bytes());
        json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": x }] })
    }
}

/// A private key of Ed25519 in the form that every library reads.
pub(crate) fn private_pem(key: &SigningKey) -> Result<Zeroizing<String>, PartnerKeyError> {
    let alone = KeypairBytes { secret_key: key.to_bytes(), public_key: None };
    alone.to_pkcs8_pem(LineEnding::LF).map_err(|why| PartnerKeyError(why.to_string()))
}

impl fmt::Debug for PartnerKeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PartnerKeyPair(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::KeySet;
    use crate::token::Algorithm;
    use ed25519_dalek::pkcs8::DecodePrivateKey as _;

    #[test]
    fn the_private_half_reads_back_and_belongs_to_the_public_one() {
        let pair = PartnerKeyPair::generate().unwrap();
        let pem = pair.private_pem().unwrap();
        // 48 bytes, as RFC 8410 has it in section 10.3: the seed alone.
        assert_eq!(pem.lines().nth(1).map(str::len), Some(64), "{}", *pem);
        let again = SigningKey::from_pkcs8_pem(&pem).unwrap();
        let jwks = pair.public_jwks("partner-1");
        assert_eq!(jwks["keys"][0]["x"], prim::encode(again.verifying_key().to_bytes()));
        assert!(KeySet::parse(&jwks.to_string(), Algorithm::EdDSA).is_ok(), "{jwks}");
        assert_eq!(format!("{pair:?}"), "PartnerKeyPair(..)");
    }
}
