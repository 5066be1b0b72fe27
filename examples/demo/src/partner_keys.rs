//! The partner's key pair: it signs results, and the operator knows its public half.

use anyhow::{Result, anyhow};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD as B64, Engine as _};
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey as _;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// Name of the partner's key in its JWKS.
const KID: &str = "partner-1";

/// The partner's key pair (Ed25519).
pub struct PartnerKeys(SigningKey);

impl PartnerKeys {
    /// A new pair.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn generate() -> Result<Self> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|why| anyhow!("no random numbers: {why}"))?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// The public half, which the operator names in `postlude.toml`.
    #[must_use]
    pub fn jwks(&self) -> Value {
        let x = B64.encode(self.0.verifying_key().to_bytes());
        json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": KID, "x": x }] })
    }

    /// A signed result token with these claims.
    ///
    /// # Errors
    /// When the claims cannot be signed.
    pub fn sign(&self, claims: &Value) -> Result<String> {
        let der = self.0.to_pkcs8_der().map_err(|why| anyhow!("the key cannot be used: {why}"))?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some("prompt-result+jwt".to_owned());
        header.kid = Some(KID.to_owned());
        Ok(jsonwebtoken::encode(&header, claims, &EncodingKey::from_ed_der(der.as_bytes()))?)
    }
}
