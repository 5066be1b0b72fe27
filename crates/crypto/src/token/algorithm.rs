//! The signature algorithms that keys may have.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The signature algorithms of RFC 7518 and RFC 8037 that a key may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// Ed25519 (RFC 8037).
    EdDSA,
    /// ECDSA with P-256 and SHA-256 (RFC 7518, section 3.4).
    ES256,
    /// HMAC with SHA-256 (RFC 7518, section 3.2).
    HS256,
    /// HMAC with SHA-384. For an action's own use.
    HS384,
    /// HMAC with SHA-512. For an action's own use.
    HS512,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518, section 3.3). For an action's own use.
    RS256,
}

impl Algorithm {
    /// The algorithm's name in a header's `alg`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EdDSA => "EdDSA",
            Self::ES256 => "ES256",
            Self::HS256 => "HS256",
            Self::HS384 => "HS384",
            Self::HS512 => "HS512",
            Self::RS256 => "RS256",
        }
    }

    /// Bytes that a shared secret has at least: the size of the hash (RFC 7518, section 3.2). None for key pairs.
    #[must_use]
    pub const fn secret_bytes(self) -> Option<usize> {
        match self {
            Self::HS256 => Some(32),
            Self::HS384 => Some(48),
            Self::HS512 => Some(64),
            Self::EdDSA | Self::ES256 | Self::RS256 => None,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
