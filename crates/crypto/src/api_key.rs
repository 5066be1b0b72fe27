//! API keys of IdPs and operators: 256 random bits, kept as a hash.

use crate::prim::{self, RandomError, sha256};
use std::fmt;

/// What an API key begins with, so that secret scanners know it.
pub const API_KEY_PREFIX: &str = "plk_";

/// A new API key: `plk_` and 256 bits in base64url. A secret.
///
/// # Errors
/// When the operating system has no random numbers.
pub fn generate_api_key() -> Result<String, RandomError> {
    Ok(format!("{API_KEY_PREFIX}{}", prim::encode(prim::random::<32>()?)))
}

/// A new identifier of 128 random bits in base64url. No secret.
///
/// # Errors
/// When the operating system has no random numbers.
pub fn random_text() -> Result<String, RandomError> {
    Ok(prim::encode(prim::random::<16>()?))
}

/// The SHA-256 hash of an API key, 64 hexadecimal digits. A plain hash suffices: the key has 256 random bits.
#[must_use]
pub fn sha256_hex(key: &str) -> String {
    sha256(key.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

/// The hash of an API key, as the configuration holds it.
#[derive(Clone, Copy)]
pub struct ApiKeyHash([u8; 32]);

/// A text is not the hash of an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the hash of an API key is 64 hexadecimal digits")]
pub struct ApiKeyHashError;

impl ApiKeyHash {
    /// The hash of this key.
    #[must_use]
    pub fn of(key: &str) -> Self {
        Self(sha256(key.as_bytes()))
    }

    /// Reads 64 hexadecimal digits.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn parse(hex: &str) -> Result<Self, ApiKeyHashError> {
        if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(ApiKeyHashError);
        }
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            let pair = hex.get(2 * at..2 * at + 2).ok_or(ApiKeyHashError)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| ApiKeyHashError)?;
        }
        Ok(Self(bytes))
    }

    /// Whether this is the presented key's hash, compared in constant time.
    #[must_use]
    pub fn matches(&self, presented: &str) -> bool {
        prim::same(&self.0, &sha256(presented.as_bytes()))
    }
}

impl PartialEq for ApiKeyHash {
    fn eq(&self, other: &Self) -> bool {
        prim::same(&self.0, &other.0)
    }
}

impl Eq for ApiKeyHash {}

impl fmt::Debug for ApiKeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeyHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_matches_its_hash_and_no_other() {
        let (key, other) = (generate_api_key().unwrap(), generate_api_key().unwrap());
        assert_eq!((key.len(), &key[..4]), (47, "plk_"));
        let hash = ApiKeyHash::parse(&sha256_hex(&key)).unwrap();
        assert!(hash.matches(&key) && hash == ApiKeyHash::of(&key));
        for wrong in [other.as_str(), "", &key[..46], &format!("{key} ")] {
            assert!(!hash.matches(wrong), "`{wrong}` matched");
        }
    }

    #[test]
    fn the_hash_is_plain_sha256_in_hexadecimal() {
        assert_eq!(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(ApiKeyHash::parse(&sha256_hex("abc").to_uppercase()).unwrap().matches("abc"));
        for bad in [String::new(), "a".repeat(63), "a".repeat(65), "g".repeat(64), "+1".repeat(32), "é".repeat(32)] {
            assert!(ApiKeyHash::parse(&bad).is_err(), "`{bad}` was read");
        }
    }
}
