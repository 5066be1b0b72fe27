//! The two tokens of a prompt site: verify the request that a browser brings, sign the result that it takes back.
//!
//! What this crate cannot do is yours: authenticate the person as `sub`, let one browser answer a request (its `jti`) once,
//! and send the result back through that browser.

mod request;
mod result;

pub use request::{Refusal, Request, RequestRefused};
pub use result::Verdict;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use sha2::Sha256;

/// Bytes of a shared secret at least.
const SECRET_BYTES: usize = 32;

/// What signs this site's results and verifies the tenant's requests.
pub enum SiteKey<'a> {
    /// Ed25519.
    EdDsa(KeyPair<'a>),
    /// ECDSA with P-256.
    Es256(KeyPair<'a>),
    /// HS256: what both sides share, at least 32 bytes.
    Shared(&'a [u8]),
}

/// This site's key pair.
pub struct KeyPair<'a> {
    /// The private half as PKCS #8 in PEM.
    pub pem: &'a str,
    /// The key's name in the JWK set that the operator has.
    pub kid: &'a str,
}

/// Why a kit cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum KitError {
    /// The secret can be guessed.
    #[error("the shared secret has less than 32 bytes")]
    ShortSecret,
    /// The private key cannot be read.
    #[error("the site needs its private key, as PKCS #8 in PEM: {0}")]
    Key(jsonwebtoken::errors::Error),
}

/// Verifies the requests of one tenant, and signs the results of one site.
pub struct PromptKit {
    /// The tenant that may ask, such as `https://login.example/acme`.
    issuer: String,
    /// This site's name, as the operator configured it: `aud` of requests, `iss` of results.
    site: String,
    alg: Algorithm,
    kid: Option<String>,
    /// Of a shared secret, the key for requests; otherwise the tenant's own keys verify.
    request_key: Option<DecodingKey>,
    result_key: EncodingKey,
}

impl PromptKit {
    /// Makes the kit of a site.
    ///
    /// # Errors
    /// When the secret is short or the key is none.
    pub fn new(issuer: &str, site: &str, key: &SiteKey<'_>) -> Result<Self, KitError> {
        let (alg, kid, request_key, result_key) = match key {
            SiteKey::EdDsa(pair) => {
                (Algorithm::EdDSA, Some(pair.kid), None, EncodingKey::from_ed_pem(pair.pem.as_bytes()))
            }
            SiteKey::Es256(pair) => {
                (Algorithm::ES256, Some(pair.kid), None, EncodingKey::from_ec_pem(pair.pem.as_bytes()))
            }
            SiteKey::Shared(secret) if secret.len() < SECRET_BYTES => return Err(KitError::ShortSecret),
            SiteKey::Shared(secret) => {
                let request = DecodingKey::from_secret(&derive(secret, b"postlude prompt-request"));
                let result = EncodingKey::from_secret(&derive(secret, b"postlude prompt-result"));
                (Algorithm::HS256, None, Some(request), Ok(result))
            }
        };
        let (kid, result_key) = (kid.map(ToOwned::to_owned), result_key.map_err(KitError::Key)?);
        Ok(Self { issuer: issuer.to_owned(), site: site.to_owned(), alg, kid, request_key, result_key })
    }

    /// Verifies the request token of an address; `state` is the address' own, `now` seconds since 1970.
    ///
    /// `tenant_keys` is `{issuer}/.well-known/jwks.json`: keep it, and fetch it again when this refuses with
    /// [`Refusal::UnknownKey`]. A shared secret needs none.
    ///
    /// # Errors
    /// When the request must not be answered.
    pub fn verify(
        &self,
        token: &str,
        state: &str,
        tenant_keys: Option<&JwkSet>,
        now: u64,
    ) -> Result<Request, RequestRefused> {
        request::verify(self, token, state, tenant_keys, now)
    }

    /// Signs the result for a verified request, which lives for five minutes from `now`, in seconds since 1970.
    ///
    /// # Errors
    /// When the system has no random numbers, or signing fails.
    pub fn sign(&self, request: &Request, verdict: Verdict, now: u64) -> Result<String, result::SignError> {
        result::sign(self, request, verdict, &result::random()?, now)
    }

    /// As [`PromptKit::sign`], with a `jti` of the caller's, which is used once.
    ///
    /// # Errors
    /// When signing fails.
    pub fn sign_as(
        &self,
        request: &Request,
        verdict: Verdict,
        jti: &str,
        now: u64,
    ) -> Result<String, result::SignError> {
        result::sign(self, request, verdict, jti, now)
    }
}

/// A key for each direction (RFC 5869; no salt, 32 bytes).
fn derive(secret: &[u8], info: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    // One block of HKDF-SHA-256 is always to be had: only more than 255 of them are refused.
    let _ = hkdf::Hkdf::<Sha256>::new(None, secret).expand(info, &mut key);
    key
}
