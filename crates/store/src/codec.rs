//! Stored bytes: a version byte, the value in postcard, and a MAC over its key and both.
//!
//! Postcard is not self-describing: a change of a stored type needs a new version byte here and a reader for the old one.
//! The golden bytes in the tests tell when a type changed.

use crate::api::{RecordMac, StoreError};
use crate::keys::Kind;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// The version of everything that is stored now.
const VERSION: u8 = 1;
const TAG_BYTES: usize = 16;

/// Encodes and decodes stored values.
#[derive(Debug, Clone)]
pub(crate) struct Codec {
    mac: Arc<dyn RecordMac>,
}

impl Codec {
    pub(crate) fn new(mac: Arc<dyn RecordMac>) -> Self {
        Self { mac }
    }

    pub(crate) fn encode<T: Serialize>(&self, key: &[u8], value: &T) -> Result<Vec<u8>, StoreError> {
        let failed = |why: postcard::Error| StoreError::Encoding(Kind::name_of(key), why.to_string());
        let mut bytes = postcard::to_extend(value, vec![VERSION]).map_err(failed)?;
        let tag = self.mac.tag(&authenticated(key, &bytes));
        bytes.extend_from_slice(&tag);
        Ok(bytes)
    }

    pub(crate) fn decode<T: DeserializeOwned>(&self, key: &[u8], bytes: &[u8]) -> Result<T, StoreError> {
        postcard::from_bytes(self.verify(key, bytes)?).map_err(|_| StoreError::Corrupt(Kind::name_of(key)))
    }

    /// The value's bytes, once the tag fits and the version is one that this program reads.
    pub(crate) fn verify<'b>(&self, key: &[u8], bytes: &'b [u8]) -> Result<&'b [u8], StoreError> {
        let name = Kind::name_of(key);
        let (body, tag) = bytes.split_last_chunk::<TAG_BYTES>().ok_or(StoreError::Corrupt(name))?;
        match body.split_first() {
            Some(_) if !self.mac.verify(&authenticated(key, body), tag) => Err(StoreError::Corrupt(name)),
            Some((&VERSION, value)) => Ok(value),
            Some((version, _)) if *version > VERSION => Err(StoreError::Newer(name)),
            _ => Err(StoreError::Corrupt(name)),
        }
    }
}

/// The key is authenticated too: a record moved to another key is no record.
fn authenticated(key: &[u8], body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(8 + key.len() + body.len());
    bytes.extend_from_slice(&(key.len() as u64).to_be_bytes());
    bytes.extend_from_slice(key);
    bytes.extend_from_slice(body);
    bytes
}
