//! The keys of a simulated partner: what the host is configured with, and what the partner signs and verifies with.

use super::token;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD as B64, Engine as _};
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Value, json};

/// The algorithm of a partner's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alg {
    /// Ed25519 (RFC 8037).
    EdDsa,
    /// ECDSA with P-256 and SHA-256 (RFC 7518, section 3.4).
    Es256,
    /// HMAC with SHA-256 (RFC 7518, section 3.2).
    Hs256,
}

impl Alg {
    /// The algorithm of a name in the configuration; none for algorithms that no prompt site's tokens have.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::EdDsa, Self::Es256, Self::Hs256].into_iter().find(|alg| alg.as_str() == name)
    }

    /// The name in the configuration, and in a token's header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Hs256 => "HS256",
        }
    }
}

/// The form of the tokens between a prompt site and the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenProfile {
    /// Two types of token, and a key for each direction.
    Postlude,
    /// One shared secret, as it is.
    Auth0,
}

/// The key of a simulated prompt site.
#[derive(Clone)]
pub struct PartnerKey {
    /// The form of the tokens.
    pub profile: TokenProfile,
    /// The site's name: `iss` of its results, `aud` of the requests to it.
    pub issuer: String,
    /// The algorithm.
    pub alg: Alg,
    /// The name of the key in its tokens.
    kid: Option<&'static str>,
    material: Material,
}

#[derive(Clone)]
enum Material {
    /// The seed of a key pair. It is no secret: every simulated partner has the same ones.
    Seed([u8; 32]),
    /// A secret that the partner and the host share.
    Shared(String),
}

/// What a stranger signs with: no configuration holds these keys.
const STRANGER: [u8; 32] = *b"a stranger whom no host believes";
const PARTNER: [u8; 32] = *b"a simulated partner, not secret!";
const KID: &str = "simulated";

impl PartnerKey {
    /// A key of this form. For HS256 its secret is made up.
    #[must_use]
    pub fn simulated(profile: TokenProfile, issuer: &str, alg: Alg) -> Self {
        let material = match alg {
            Alg::Hs256 => Material::Shared(format!("{}-shared-with-postlude", B64.encode(PARTNER))),
            Alg::EdDsa | Alg::Es256 => Material::Seed(PARTNER),
        };
        Self { profile, issuer: issuer.to_owned(), alg, kid: (alg != Alg::Hs256).then_some(KID), material }
    }

    /// A key whose secret the configuration holds already.
    #[must_use]
    pub fn shared(profile: TokenProfile, issuer: &str, secret: &str) -> Self {
        let material = Material::Shared(secret.to_owned());
        Self { profile, issuer: issuer.to_owned(), alg: Alg::Hs256, kid: None, material }
    }

    /// A real partner's private key: Ed25519 as PKCS #8 in PEM (RFC 8410), of profile `postlude`. Its tokens name no `kid`.
    ///
    /// # Errors
    /// When the text is no such key.
    pub fn from_pem(issuer: &str, pem: &str) -> Result<Self, String> {
        let key = ed25519_dalek::SigningKey::from_pkcs8_pem(pem).map_err(|why| why.to_string())?;
        let material = Material::Seed(key.to_bytes());
        Ok(Self { profile: TokenProfile::Postlude, issuer: issuer.to_owned(), alg: Alg::EdDsa, kid: None, material })
    }

    /// Somebody else's key of the same form.
    #[must_use]
    pub fn stranger(&self) -> Self {
        let material = match self.alg {
            Alg::Hs256 => Material::Shared(B64.encode(STRANGER)),
            Alg::EdDsa | Alg::Es256 => Material::Seed(STRANGER),
        };
        Self { material, ..self.clone() }
    }

    /// What the host's configuration has to hold: the shared secret, or the partner's public keys (RFC 7517).
    #[must_use]
    pub fn configured(&self) -> String {
        match &self.material {
            Material::Shared(secret) => secret.clone(),
            Material::Seed(seed) => json!({ "keys": [self.public(seed)] }).to_string(),
        }
    }

    fn public(&self, seed: &[u8; 32]) -> Value {
        if self.alg == Alg::EdDsa {
            let key = ed25519_dalek::SigningKey::from_bytes(seed).verifying_key();
            let x = B64.encode(key.to_bytes());
            return json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": KID, "x": x });
        }
        let point = p256::ecdsa::SigningKey::from_slice(seed).ok().map(|key| key.verifying_key().to_sec1_point(false));
        let [x, y] = [1..33, 33..65].map(|range| {
            let bytes = point.as_ref().and_then(|point| point.as_bytes().get(range));
            B64.encode(bytes.unwrap_or_default())
        });
        json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": KID, "x": x, "y": y })
    }

    /// Signs claims as a result token.
    ///
    /// # Errors
    /// When the key cannot sign: a defect.
    pub fn sign(&self, claims: &Value) -> Result<String, String> {
        let (algorithm, key) = match (&self.material, self.alg) {
            (Material::Shared(secret), _) => {
                (Algorithm::HS256, EncodingKey::from_secret(&self.direction(secret, "postlude prompt-result")))
            }
            (Material::Seed(seed), Alg::Es256) => {
                let key = p256::SecretKey::from_slice(seed).map_err(|why| why.to_string())?;
                let der = key.to_pkcs8_der().map_err(|why| why.to_string())?;
                (Algorithm::ES256, EncodingKey::from_ec_der(der.as_bytes()))
            }
            (Material::Seed(seed), Alg::EdDsa | Alg::Hs256) => {
                let der = ed25519_dalek::SigningKey::from_bytes(seed).to_pkcs8_der().map_err(|why| why.to_string())?;
                (Algorithm::EdDSA, EncodingKey::from_ed_der(der.as_bytes()))
            }
        };
        let mut header = Header::new(algorithm);
        header.typ = Some(self.result_type().to_owned());
        header.kid = self.kid.map(ToOwned::to_owned);
        jsonwebtoken::encode(&header, claims, &key).map_err(|why| why.to_string())
    }

    /// The claims as a token that says that it is not signed.
    pub(super) fn unsigned(&self, claims: &Value) -> String {
        token::unsigned(&json!({ "typ": self.result_type() }), claims)
    }

    /// The `typ` of this profile's results.
    const fn result_type(&self) -> &'static str {
        match self.profile {
            TokenProfile::Postlude => "prompt-result+jwt",
            TokenProfile::Auth0 => "JWT",
        }
    }

    /// Verifies the signature of a request token, with the keys that the tenant publishes, or the shared secret. Dates and names
    /// are compared by the caller.
    pub(super) fn verify(&self, token: &str, tenant_keys: &str) -> Result<Value, String> {
        let algorithm = match self.alg {
            Alg::EdDsa => Algorithm::EdDSA,
            Alg::Es256 => Algorithm::ES256,
            Alg::Hs256 => Algorithm::HS256,
        };
        let header = jsonwebtoken::decode_header(token).map_err(|why| format!("its header cannot be read: {why}"))?;
        if self.profile == TokenProfile::Postlude && header.typ.as_deref() != Some("prompt-request+jwt") {
            return Err("its `typ` is not `prompt-request+jwt`".to_owned());
        }
        let key = match &self.material {
            Material::Shared(secret) => DecodingKey::from_secret(&self.direction(secret, "postlude prompt-request")),
            Material::Seed(_) => published(tenant_keys, header.kid.as_deref())?,
        };
        let mut validation = Validation::new(algorithm);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let decoded = jsonwebtoken::decode::<Value>(token, &key, &validation);
        decoded.map(|token| token.claims).map_err(|why| format!("its signature does not verify: {why}"))
    }

    /// The HS256 key of one direction: profile `postlude` has one for each (RFC 5869), profile `auth0` the secret as it is.
    fn direction(&self, secret: &str, label: &str) -> Vec<u8> {
        if self.profile == TokenProfile::Auth0 {
            return secret.as_bytes().to_vec();
        }
        let mut key = [0; 32];
        // 32 bytes are never too many for HKDF with SHA-256.
        let _ = hkdf::Hkdf::<sha2::Sha256>::new(None, secret.as_bytes()).expand(label.as_bytes(), &mut key);
        key.to_vec()
    }
}

impl std::fmt::Debug for PartnerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PartnerKey").field("issuer", &self.issuer).field("alg", &self.alg).finish_non_exhaustive()
    }
}

/// A key of the tenant's published set.
fn published(set: &str, kid: Option<&str>) -> Result<DecodingKey, String> {
    let set: JwkSet = serde_json::from_str(set).map_err(|why| format!("the tenant's keys cannot be read: {why}"))?;
    let kid = kid.ok_or("it has no `kid`")?;
    let key = set.find(kid).ok_or_else(|| format!("its `kid` `{kid}` is none of the tenant's keys"))?;
    DecodingKey::from_jwk(key).map_err(|why| format!("the tenant's key `{kid}` cannot be used: {why}"))
}
