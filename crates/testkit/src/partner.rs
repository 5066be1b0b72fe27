//! A partner: the keys of a prompt site, and the tokens that it signs.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD as B64, Engine as _};
use ed25519_dalek::pkcs8::EncodePrivateKey as _;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};
use url::Url;

/// The algorithm of a partner's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alg {
    /// Ed25519.
    EdDsa,
    /// ECDSA with P-256.
    Es256,
    /// HMAC with SHA-256.
    Hs256,
}

impl Alg {
    /// The algorithm's name in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Hs256 => "HS256",
        }
    }
}

/// A prompt site's keys.
#[derive(Debug, Clone)]
pub struct Partner {
    alg: Alg,
    profile: String,
    seed: [u8; 32],
    kid: String,
}

impl Partner {
    /// A partner whose tokens have this algorithm and profile.
    #[must_use]
    pub fn new(alg: Alg, profile: &str) -> Self {
        Self { alg, profile: profile.to_owned(), seed: [7; 32], kid: "1".to_owned() }
    }

    /// Another partner with other keys.
    #[must_use]
    pub fn stranger(&self) -> Self {
        Self { seed: [8; 32], ..self.clone() }
    }

    /// The same partner after it changed its keys.
    #[must_use]
    pub fn with_new_keys(&self) -> Self {
        self.of_generation(2)
    }

    /// The same partner with the keys of its so many-th change.
    #[must_use]
    pub fn of_generation(&self, number: u32) -> Self {
        let mut seed = [9; 32];
        seed[..4].copy_from_slice(&number.to_be_bytes());
        Self { seed, kid: number.to_string(), ..self.clone() }
    }

    /// The partner's issuer.
    #[must_use]
    pub const fn issuer(&self) -> &'static str {
        "http://localhost:4000"
    }

    pub(crate) fn secret(&self) -> String {
        B64.encode(self.seed) + "-shared-with-postlude"
    }

    /// The partner's public keys (RFC 7517).
    #[must_use]
    pub fn jwks(&self) -> String {
        let ed = ed25519_dalek::SigningKey::from_bytes(&self.seed);
        let ec = p256::ecdsa::SigningKey::from_slice(&self.seed).unwrap();
        let point = ec.verifying_key().to_sec1_point(false);
        let coordinate = |bytes: Option<&_>| B64.encode::<&[u8]>(AsRef::<[u8]>::as_ref(bytes.unwrap()));
        let key = match self.alg {
            Alg::Es256 => json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.kid,
                "x": coordinate(point.x()), "y": coordinate(point.y()) }),
            Alg::EdDsa | Alg::Hs256 => {
                json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.kid,
                "x": B64.encode(ed.verifying_key().to_bytes()) })
            }
        };
        json!({ "keys": [key] }).to_string()
    }

    /// A result token for the prompt that a location leads to, with claims replaced (or removed, by null).
    #[must_use]
    pub fn result(&self, location: &str, changes: &Value) -> String {
        let url = Url::parse(location).unwrap();
        let get = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let request = claims_of(&get("request").expect("a request token"));
        let now =
            request["iat"].as_u64().unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs());
        let mut claims = json!({
            "iss": self.issuer(), "sub": request["sub"], "aud": request["action"], "iat": now, "exp": now + 300,
            "jti": format!("jti-{now}"), "state": get("state"), "factor": request["factor"], "verdict": "ok",
        });
        for (name, value) in changes.as_object().into_iter().flatten() {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        self.sign(&claims)
    }

    /// Signs claims as a result token.
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        let typ = if self.profile == "auth0" { "JWT" } else { "prompt-result+jwt" };
        let (alg, key) = match self.alg {
            Alg::EdDsa => {
                let key = ed25519_dalek::SigningKey::from_bytes(&self.seed).to_pkcs8_der().unwrap();
                (Algorithm::EdDSA, EncodingKey::from_ed_der(key.as_bytes()))
            }
            Alg::Es256 => {
                let key = p256::SecretKey::from_slice(&self.seed).unwrap().to_pkcs8_der().unwrap();
                (Algorithm::ES256, EncodingKey::from_ec_der(key.as_bytes()))
            }
            Alg::Hs256 => (Algorithm::HS256, EncodingKey::from_secret(&self.result_secret())),
        };
        let mut header = Header::new(alg);
        header.typ = Some(typ.to_owned());
        header.kid = (self.alg != Alg::Hs256).then(|| self.kid.clone());
        jsonwebtoken::encode(&header, claims, &key).unwrap()
    }

    fn result_secret(&self) -> Vec<u8> {
        if self.profile == "auth0" {
            self.secret().into_bytes()
        } else {
            // As the documentation tells a partner to do it, without our own code.
            let mut key = [0; 32];
            let derive = hkdf::Hkdf::<sha2::Sha256>::new(None, self.secret().as_bytes());
            derive.expand(b"postlude prompt-result", &mut key).unwrap();
            key.to_vec()
        }
    }
}

/// The claims of a token, unverified.
#[must_use]
pub fn claims_of(token: &str) -> Value {
    part_of(token, 1)
}

/// The header of a JWT, unverified.
#[must_use]
pub fn header_of(token: &str) -> Value {
    part_of(token, 0)
}

fn part_of(token: &str, number: usize) -> Value {
    let part = token.split('.').nth(number).expect("a compact token");
    serde_json::from_slice(&B64.decode(part).unwrap()).unwrap()
}
