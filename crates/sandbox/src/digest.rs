//! The digest by which a plugin is known.

use postlude_model::names::Digest;
use sha2::{Digest as _, Sha256};

/// The SHA-256 digest of a component's file.
pub fn digest(bytes: &[u8]) -> Digest {
    Digest::from_bytes(Sha256::digest(bytes).into())
}
