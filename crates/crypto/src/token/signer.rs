//! A tenant's own key pairs, which sign request tokens, and their public JWK set.

use super::algorithm::Algorithm;
use crate::root::{RootKey, RootKeys};
use crate::{labels, prim};
use ed25519_dalek::Signer as _;
use postlude_model::json::Json;
use postlude_model::names::TenantName;
use serde_json::{Value, json};
use std::fmt;
use zeroize::Zeroizing;

/// The key pairs of one tenant, derived from the root keys: the current one's sign, all of them are published.
pub struct TenantSigner {
    current: Pairs,
    previous: Vec<Pairs>,
}

/// No P-256 key came of 256 tries, each of which fails once in 2^32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no P-256 key could be derived from the root key; make another with `postlude keys new root`")]
pub struct SignerError;

struct Pairs {
    ed25519: ed25519_dalek::SigningKey,
    p256: p256::ecdsa::SigningKey,
    ed25519_kid: String,
    p256_kid: String,
}

impl TenantSigner {
    /// Derives the key pairs of this tenant.
    ///
    /// # Errors
    /// When no P-256 key can be derived.
    pub fn new(roots: &RootKeys, tenant: &TenantName) -> Result<Self, SignerError> {
        Self::derive(roots, tenant.as_str().as_bytes())
    }

    pub(super) fn derive(roots: &RootKeys, tenant: &[u8]) -> Result<Self, SignerError> {
        let current = Pairs::derive(&roots.current, tenant)?;
        let previous = roots.previous.iter().map(|root| Pairs::derive(root, tenant)).collect::<Result<_, _>>()?;
        Ok(Self { current, previous })
    }

    /// The public JWK set (RFC 7517): both keys of the current and of every previous root key.
    #[must_use]
    pub fn jwks(&self) -> Json {
        let pairs = std::iter::once(&self.current).chain(&self.previous);
        let keys: Vec<Value> = pairs.flat_map(Pairs::jwks).collect();
        Json::from_value(&json!({ "keys": keys }))
    }

    /// The key's `kid`: its thumbprint (RFC 7638).
    pub(super) fn kid(&self, alg: Algorithm) -> Option<&str> {
        match alg {
            Algorithm::EdDSA => Some(&self.current.ed25519_kid),
            Algorithm::ES256 => Some(&self.current.p256_kid),
            _ => None,
        }
    }

    /// Signs, always alike: Ed25519 by its nature, ES256 by RFC 6979.
    pub(super) fn sign(&self, alg: Algorithm, message: &[u8]) -> Option<Vec<u8>> {
        match alg {
            Algorithm::EdDSA => self.current.ed25519.try_sign(message).ok().map(|s| s.to_bytes().to_vec()),
            Algorithm::ES256 => {
                let signature: p256::ecdsa::Signature = self.current.p256.try_sign(message).ok()?;
                Some(signature.to_bytes().to_vec())
            }
            _ => None,
        }
    }
}

impl fmt::Debug for TenantSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TenantSigner({}, {})", self.current.ed25519_kid, self.current.p256_kid)
    }
}

impl Pairs {
    fn derive(root: &RootKey, tenant: &[u8]) -> Result<Self, SignerError> {
        let seed = Zeroizing::new(root.derive(labels::SIGN_ED25519, &[tenant]));
        // A scalar must lie below the curve's order: the first of the candidates that does.
        let candidate = |attempt: u8| Zeroizing::new(root.derive(labels::SIGN_P256, &[tenant, &[attempt]]));
        let p256 =
            (0..=u8::MAX).find_map(|attempt| p256::ecdsa::SigningKey::from_slice(candidate(attempt).as_slice()).ok());
        let mut pairs = Self {
            ed25519: ed25519_dalek::SigningKey::from_bytes(&seed),
            p256: p256.ok_or(SignerError)?,
            ed25519_kid: String::new(),
            p256_kid: String::new(),
        };
        pairs.ed25519_kid = thumbprint(&pairs.ed25519_jwk());
        pairs.p256_kid = thumbprint(&pairs.p256_jwk());
        Ok(pairs)
    }

    fn ed25519_jwk(&self) -> Value {
        json!({ "kty": "OKP", "crv": "Ed25519", "x": prim::encode(self.ed25519.verifying_key().as_bytes()) })
    }

    fn p256_jwk(&self) -> Value {
        // Uncompressed: the byte 4, x, y (SEC 1, section 2.3.3).
        let point = self.p256.verifying_key().to_sec1_point(false);
        let coordinate = |at: usize| prim::encode(point.as_bytes().get(at..at + 32).unwrap_or_default());
        json!({ "kty": "EC", "crv": "P-256", "x": coordinate(1), "y": coordinate(33) })
    }

    fn jwks(&self) -> [Value; 2] {
        let published = |mut jwk: Value, alg: Algorithm, kid: &str| {
            if let Some(members) = jwk.as_object_mut() {
                members.insert("alg".to_owned(), alg.as_str().into());
                members.insert("kid".to_owned(), kid.into());
                members.insert("use".to_owned(), "sig".into());
            }
            jwk
        };
        [
            published(self.ed25519_jwk(), Algorithm::EdDSA, &self.ed25519_kid),
            published(self.p256_jwk(), Algorithm::ES256, &self.p256_kid),
        ]
    }
}

/// RFC 7638: the digest of the required members in canonical form.
fn thumbprint(jwk: &Value) -> String {
    prim::encode(prim::sha256(Json::from_value(jwk).as_str().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thumbprint_is_that_of_rfc_8037_appendix_a3() {
        let jwk = json!({"x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kty": "OKP", "crv": "Ed25519"});
        assert_eq!(thumbprint(&jwk), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn es256_signs_by_rfc_6979_appendix_a25() {
        let hex = |t: &str| -> Vec<u8> {
            (0..64).step_by(2).map(|i| u8::from_str_radix(&t[i..i + 2], 16).unwrap()).collect()
        };
        let key = hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
        let key = p256::ecdsa::SigningKey::from_slice(&key).unwrap();
        let signature: p256::ecdsa::Signature = key.sign(b"sample");
        let (r, s) = signature.split_bytes();
        assert_eq!(r.to_vec(), hex("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"));
        assert_eq!(s.to_vec(), hex("f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"));
    }

    #[test]
    fn eddsa_signs_as_rfc_8037_appendix_a4() {
        let d = prim::decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let key = ed25519_dalek::SigningKey::from_bytes(&d.try_into().unwrap());
        let signature = key.sign(b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc").to_bytes();
        let expected = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        assert_eq!(prim::encode(signature), expected);
    }

    #[test]
    fn the_set_publishes_current_and_previous_keys_and_nothing_private() {
        let key = |n| RootKey::from_bytes([n; 32]);
        let tenant = TenantName::new("acme").unwrap();
        let signer = TenantSigner::new(&RootKeys::new(key(1), vec![key(2)]).unwrap(), &tenant).unwrap();
        let set = signer.jwks().to_value();
        let keys = set["keys"].as_array().unwrap();
        assert_eq!(keys.len(), 4);
        let kids: std::collections::BTreeSet<_> = keys.iter().map(|k| k["kid"].as_str().unwrap()).collect();
        assert_eq!(kids.len(), 4);
        for key in keys {
            assert!(key.get("d").is_none() && key["use"] == "sig");
        }
        assert_eq!(keys[0]["kid"], signer.kid(Algorithm::EdDSA).unwrap());
        assert_eq!(keys[1]["kid"], signer.kid(Algorithm::ES256).unwrap());
        let other = TenantSigner::new(&RootKeys::only(key(1)), &TenantName::new("other").unwrap()).unwrap();
        assert_ne!(other.kid(Algorithm::EdDSA), signer.kid(Algorithm::EdDSA));
        assert_ne!(other.kid(Algorithm::ES256), signer.kid(Algorithm::ES256));
    }
}
