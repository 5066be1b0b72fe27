//! The partner's key pair: it signs results, and the operator knows its public half.

use crate::jwt;
use anyhow::{Result, anyhow};
use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Name of the partner's key in its JWKS.
const KID: &str = "partner-1";

/// The partner's key pair (Ed25519).
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "[u8; 32]", into = "[u8; 32]")]
pub(crate) struct PartnerKeys(SigningKey);

impl From<[u8; 32]> for PartnerKeys {
    fn from(seed: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&seed))
    }
}

impl From<PartnerKeys> for [u8; 32] {
    fn from(keys: PartnerKeys) -> Self {
        keys.0.to_bytes()
    }
}

impl PartnerKeys {
    /// A new pair.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub(crate) fn generate() -> Result<Self> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|why| anyhow!("no random numbers: {why}"))?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// The public half, which the operator names in `postlude.toml`.
    #[must_use]
    pub(crate) fn jwks(&self) -> Value {
        json!({ "keys": [jwt::public_jwk(&self.0, KID)] })
    }

    /// A signed result token with these claims.
    #[must_use]
    pub(crate) fn sign(&self, claims: &Value) -> String {
        jwt::sign(&self.0, KID, "prompt-result+jwt", claims)
    }
}
