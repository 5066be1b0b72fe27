//! Cryptography by named keys that stay in the host.

use crate::backend::Backend;
use crate::error::KeyError;
use crate::text::{from_text, to_text};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The interface `keys`.
#[derive(Clone, Copy)]
pub struct Keys<'a> {
    pub(crate) host: &'a Backend,
}

impl Keys<'_> {
    /// HMAC-SHA-256 (RFC 2104) of the data.
    ///
    /// # Errors
    /// When the key is not granted, or the host offers none.
    pub fn hmac(&self, key: &str, data: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.host.hmac(key, data)
    }

    /// A compact JWS (RFC 7515, section 7.1) of the claims, with extra header parameters.
    ///
    /// # Errors
    /// When the key is not granted, or the claims are no JSON.
    pub fn sign_jwt<T: Serialize + ?Sized>(
        &self,
        key: &str,
        header: &Map<String, Value>,
        claims: &T,
    ) -> Result<String, KeyError> {
        self.host.sign_jwt(key, &crate::text::text_of_map(header), &to_text(claims).map_err(KeyError::Other)?)
    }

    /// The claims of a compact JWS, once its signature verifies. The algorithm is the key's, never the header's.
    ///
    /// # Errors
    /// When it does not verify, the key is not granted, or the claims have not the shape of `T`.
    pub fn verify_jwt<T: DeserializeOwned>(&self, key: &str, token: &str) -> Result<T, KeyError> {
        from_text(&self.host.verify_jwt(key, token)?).map_err(KeyError::Other)
    }
}
