//! Private keys, from PEM (RFC 7468) or a private JWK (RFC 7518, section 6).

use crate::prim;
use crate::token::Algorithm;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use postlude_model::json::parse_value;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPairComponents, PublicKeyComponents};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::Value;
use zeroize::Zeroizing;

/// A private key with its name, where a JWK gave it one.
pub(super) struct PrivateKey {
    pub(super) kid: Option<String>,
    pair: Pair,
}

enum Pair {
    Ed25519(Box<ed25519_dalek::SigningKey>),
    P256(Box<p256::ecdsa::SigningKey>),
    Rsa(Box<RsaKeyPair>),
}

impl PrivateKey {
    pub(super) fn read(alg: Algorithm, text: &str) -> Result<Self, &'static str> {
        if alg.secret_bytes().is_some() {
            return Err("it takes a secret, not a key pair");
        }
        if text.trim_start().starts_with('{') {
            return Self::of_jwk(alg, text);
        }
        let pair = match alg {
            Algorithm::EdDSA => ed25519_dalek::SigningKey::from_pkcs8_pem(text.trim())
                .map(|key| Pair::Ed25519(Box::new(key)))
                .map_err(|_| "it is not PKCS#8 of Ed25519 in PEM (RFC 8410)")?,
            Algorithm::ES256 => p256(text.trim()).map(|key| Pair::P256(Box::new(key)))?,
            _ => Pair::Rsa(Box::new(rsa(text)?)),
        };
        Ok(Self { kid: None, pair })
    }

    fn of_jwk(alg: Algorithm, text: &str) -> Result<Self, &'static str> {
        let key = parse_value(text.as_bytes()).map_err(|_| "it is not JSON")?;
        let member = |name: &str| key.get(name).and_then(Value::as_str);
        let bytes = |name: &str| member(name).and_then(prim::decode).map(Zeroizing::new);
        if member("alg").is_some_and(|named| named != alg.as_str()) {
            return Err("its `alg` says otherwise");
        }
        let scalar = || bytes("d").and_then(|d| <[u8; 32]>::try_from(d.as_slice()).ok()).map(Zeroizing::new);
        let pair = match (alg, member("kty"), member("crv")) {
            (Algorithm::EdDSA, Some("OKP"), Some("Ed25519")) => {
                let d = scalar().ok_or("its `d` is not 32 bytes in base64url")?;
                Pair::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(&d)))
            }
            (Algorithm::ES256, Some("EC"), Some("P-256")) => {
                let d = scalar().ok_or("its `d` is not 32 bytes in base64url")?;
                let key = p256::ecdsa::SigningKey::from_slice(d.as_slice()).map_err(|_| "its `d` is no scalar")?;
                Pair::P256(Box::new(key))
            }
            (Algorithm::RS256, Some("RSA"), _) => {
                let part = |name| bytes(name).ok_or("it lacks one of `n`, `e`, `d`, `p`, `q`, `dp`, `dq`, `qi`");
                let parts = KeyPairComponents {
                    public_key: PublicKeyComponents { n: part("n")?, e: part("e")? },
                    d: part("d")?,
                    p: part("p")?,
                    q: part("q")?,
                    dP: part("dp")?,
                    dQ: part("dq")?,
                    qInv: part("qi")?,
                };
                Pair::Rsa(Box::new(RsaKeyPair::from_components(&parts).map_err(|_| RSA)?))
            }
            _ => return Err("its `kty` or `crv` is for another algorithm"),
        };
        Ok(Self { kid: member("kid").map(str::to_owned), pair })
    }

    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match &self.pair {
            Pair::Ed25519(key) => key.try_sign(message).ok().map(|s| s.to_bytes().to_vec()),
            Pair::P256(key) => {
                let signature: p256::ecdsa::Signature = key.try_sign(message).ok()?;
                Some(signature.to_bytes().to_vec())
            }
            Pair::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                // The random numbers blind the operation; the signature does not depend on them.
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).ok()?;
                Some(signature)
            }
        }
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.pair {
            Pair::Ed25519(key) => <&[u8; 64]>::try_from(signature).is_ok_and(|bytes| {
                let signature = ed25519_dalek::Signature::from_bytes(bytes);
                key.verifying_key().verify_strict(message, &signature).is_ok()
            }),
            Pair::P256(key) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verifying_key().verify(message, &signature).is_ok()),
            Pair::Rsa(key) => UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public().as_ref())
                .verify(message, signature)
                .is_ok(),
        }
    }
}

const RSA: &str = "it is no RSA key of 2048 to 4096 bits, in PKCS#8 or PKCS#1";

fn p256(text: &str) -> Result<p256::ecdsa::SigningKey, &'static str> {
    let key = if text.contains("BEGIN EC PRIVATE KEY") {
        p256::SecretKey::from_sec1_pem(text).ok()
    } else {
        p256::SecretKey::from_pkcs8_pem(text).ok()
    };
    key.map(Into::into).ok_or("it is not PKCS#8 or SEC 1 of P-256 in PEM (RFC 5915)")
}

fn rsa(text: &str) -> Result<RsaKeyPair, &'static str> {
    if let Some(der) = der(text, "PRIVATE KEY") {
        return RsaKeyPair::from_pkcs8(&der).map_err(|_| RSA);
    }
    let der =
        der(text, "RSA PRIVATE KEY").ok_or("it has no block `PRIVATE KEY` or `RSA PRIVATE KEY` in PEM (RFC 7468)")?;
    RsaKeyPair::from_der(&der).map_err(|_| RSA)
}

/// The bytes of the one block of a label (RFC 7468).
fn der(text: &str, label: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let body: Zeroizing<String> = Zeroizing::new(body.chars().filter(|c| !c.is_ascii_whitespace()).collect());
    STANDARD.decode(body.as_bytes()).ok().map(Zeroizing::new)
}
