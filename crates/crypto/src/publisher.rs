//! Publishers' signatures over plugin files: Ed25519 (RFC 8032) over `postlude-plugin-v1`, a zero byte and the file's
//! SHA-256 digest.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::DecodePublicKey as _;
use ed25519_dalek::{Signature, VerifyingKey};
use postlude_model::names::Digest;

/// What is signed begins with this, so that no signature made for another purpose can pass.
const LABEL: &[u8] = b"postlude-plugin-v1\0";

/// Why a signature says nothing for a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The key cannot be read.
    #[error("the publisher's key is no Ed25519 public key in PEM (SubjectPublicKeyInfo, RFC 8410): {0}")]
    Key(String),
    /// The signature is no signature.
    #[error("the signature is not 64 bytes in base64 (RFC 4648, section 4)")]
    Form,
    /// Another file or another key.
    #[error("the signature was not made for this file by this key")]
    Mismatch,
}

/// Verifies a detached signature: base64 text over the file's digest, by a public key in PEM.
///
/// # Errors
/// When the key or the signature cannot be read, or they do not fit the file.
pub fn verify(signature: &str, digest: &Digest, public_key_pem: &str) -> Result<(), SignatureError> {
    let key = VerifyingKey::from_public_key_pem(public_key_pem).map_err(|why| SignatureError::Key(why.to_string()))?;
    let bytes = STANDARD.decode(signature.trim()).map_err(|_| SignatureError::Form)?;
    let signature = Signature::from_slice(&bytes).map_err(|_| SignatureError::Form)?;
    // Strict: no small-order keys, for which a signature fits many files.
    key.verify_strict(&message(digest), &signature).map_err(|_| SignatureError::Mismatch)
}

fn message(digest: &Digest) -> Vec<u8> {
    [LABEL, digest.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::pkcs8::EncodePublicKey as _;
    use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
    use ed25519_dalek::{Signer as _, SigningKey};

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
}
