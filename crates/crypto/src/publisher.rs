//! Publishers' signatures over plugin files: Ed25519 (RFC 8032) over `postlude-plugin-v1`, a zero byte and the file's
//! SHA-256 digest.

use crate::partner_key;
use crate::prim::{self, RandomError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePublicKey as _};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use postlude_model::names::Digest;
use std::fmt;
use zeroize::Zeroizing;

/// What is signed begins with this, so that no signature made for another purpose can pass.
const LABEL: &[u8] = b"postlude-plugin-v1\0";

/// Why a signature says nothing for a file, or cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The key cannot be read.
    #[error("the publisher's key is no Ed25519 public key in PEM (SubjectPublicKeyInfo, RFC 8410): {0}")]
    Key(String),
    /// The private key cannot be read or written.
    #[error("the publisher's private key is no Ed25519 key in PEM (PKCS #8, RFC 8410): {0}")]
    PrivateKey(String),
    /// The signature is no signature.
    #[error("the signature is not 64 bytes in base64 (RFC 4648, section 4)")]
    Form,
    /// Another file or another key.
    #[error("the signature was not made for this file by this key")]
    Mismatch,
}

/// A publisher's public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublisherKey(VerifyingKey);

impl PublisherKey {
    /// Reads a public key in PEM.
    ///
    /// # Errors
    /// When the text is no Ed25519 public key.
    pub fn from_pem(pem: &str) -> Result<Self, SignatureError> {
        VerifyingKey::from_public_key_pem(pem).map(Self).map_err(|why| SignatureError::Key(why.to_string()))
    }

    /// Verifies a detached signature: base64 text over the file's digest. Of several, each on a line of its own, one must fit:
    /// while a publisher changes keys, files carry the signature of both.
    ///
    /// # Errors
    /// When none can be read, or none fits the file.
    pub fn verify(&self, signatures: &str, digest: &Digest) -> Result<(), SignatureError> {
        let lines = signatures.lines().map(str::trim).filter(|line| !line.is_empty());
        let read = lines.filter_map(|line| Signature::from_slice(&STANDARD.decode(line).ok()?).ok());
        let mut error = SignatureError::Form;
        for signature in read {
            // Strict: no small-order keys, for which a signature fits many files.
            if self.0.verify_strict(&message(digest), &signature).is_ok() {
                return Ok(());
            }
            error = SignatureError::Mismatch;
        }
        Err(error)
    }
}

/// A publisher's key pair (Ed25519, RFC 8032). The private half does not show itself in `Debug`.
pub struct PublisherKeyPair(SigningKey);

impl PublisherKeyPair {
    /// A new key pair from the operating system's random numbers.
    ///
    /// # Errors
    /// When the operating system has none.
    pub fn generate() -> Result<Self, RandomError> {
        let seed = Zeroizing::new(prim::random::<32>()?);
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// Reads a private key in PEM (PKCS #8).
    ///
    /// # Errors
    /// When the text is no Ed25519 private key.
    pub fn from_pem(pem: &str) -> Result<Self, SignatureError> {
        SigningKey::from_pkcs8_pem(pem).map(Self).map_err(|why| SignatureError::PrivateKey(why.to_string()))
    }

    /// The private half in PEM (PKCS #8): a secret of the publisher's.
    ///
    /// # Errors
    /// When the key cannot be encoded.
    pub fn private_pem(&self) -> Result<Zeroizing<String>, SignatureError> {
        partner_key::private_pem(&self.0).map_err(|why| SignatureError::PrivateKey(why.to_string()))
    }

    /// The public half in PEM, for the operators who run the publisher's plugins.
    ///
    /// # Errors
    /// When the key cannot be encoded.
    pub fn public_pem(&self) -> Result<String, SignatureError> {
        let pem = self.0.verifying_key().to_public_key_pem(LineEnding::LF);
        pem.map_err(|why| SignatureError::Key(why.to_string()))
    }

    /// The detached signature of a file: base64 text.
    ///
    /// # Errors
    /// When signing fails.
    pub fn sign(&self, digest: &Digest) -> Result<String, SignatureError> {
        let signature = self.0.try_sign(&message(digest)).map_err(|why| SignatureError::PrivateKey(why.to_string()))?;
        Ok(STANDARD.encode(signature.to_bytes()))
    }
}

impl fmt::Debug for PublisherKeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublisherKeyPair(..)")
    }
}

/// Verifies a detached signature by a public key in PEM, as [`PublisherKey::verify`].
///
/// # Errors
/// When the key or the signature cannot be read, or they do not fit the file.
pub fn verify(signature: &str, digest: &Digest, public_key_pem: &str) -> Result<(), SignatureError> {
    PublisherKey::from_pem(public_key_pem)?.verify(signature, digest)
}

fn message(digest: &Digest) -> Vec<u8> {
    [LABEL, digest.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn pem(key: &SigningKey) -> String {
        key.verifying_key().to_public_key_pem(LineEnding::LF).unwrap()
    }

    /// P56, O02.
    #[test]
    fn a_signature_fits_one_file_and_one_key() {
        let (ours, other) = (Digest::from_bytes([1; 32]), Digest::from_bytes([2; 32]));
        let signature = STANDARD.encode(key(7).sign(&message(&ours)).to_bytes());
        assert_eq!(verify(&format!("{signature}\n"), &ours, &pem(&key(7))), Ok(()));
        assert_eq!(verify(&signature, &other, &pem(&key(7))), Err(SignatureError::Mismatch));
        assert_eq!(verify(&signature, &ours, &pem(&key(8))), Err(SignatureError::Mismatch));
        let unlabelled = STANDARD.encode(key(7).sign(ours.as_bytes()).to_bytes());
        assert_eq!(verify(&unlabelled, &ours, &pem(&key(7))), Err(SignatureError::Mismatch));
    }

    #[test]
    fn what_is_no_signature_and_no_key_is_said() {
        let digest = Digest::from_bytes([1; 32]);
        assert_eq!(verify("no", &digest, &pem(&key(7))), Err(SignatureError::Form));
        assert_eq!(verify(&STANDARD.encode([0; 63]), &digest, &pem(&key(7))), Err(SignatureError::Form));
        assert!(matches!(verify("", &digest, "no"), Err(SignatureError::Key(_))));
    }

    #[test]
    fn a_key_pair_reads_back_and_what_it_signs_verifies() {
        let pair = PublisherKeyPair::generate().unwrap();
        let digest = Digest::from_bytes([1; 32]);
        let again = PublisherKeyPair::from_pem(&pair.private_pem().unwrap()).unwrap();
        let public = PublisherKey::from_pem(&pair.public_pem().unwrap()).unwrap();
        let signature = again.sign(&digest).unwrap();
        assert_eq!(public.verify(&signature, &digest), Ok(()));
        assert_eq!(format!("{pair:?}"), "PublisherKeyPair(..)");
        assert!(PublisherKeyPair::from_pem(&pair.public_pem().unwrap()).is_err());
        // While keys are changed: one of several signatures fits.
        let other = PublisherKeyPair::generate().unwrap().sign(&digest).unwrap();
        assert_eq!(public.verify(&format!("{other}\nno signature\n{signature}\n"), &digest), Ok(()));
        assert_eq!(public.verify(&format!("{other}\n"), &digest), Err(SignatureError::Mismatch));
    }
}
