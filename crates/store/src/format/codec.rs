//! Stored bytes: a version byte, the value in postcard, and a MAC over its key and both.

use super::kind::RecordKind;
use super::stored::{DecodeError, Stored};
use super::versions::newest_version;
use crate::api::{RecordMac, StoreError};
use std::sync::Arc;

const TAG_BYTES: usize = 16;

/// Room for most records, so that writing one does not grow its buffer step by step.
const USUAL_BYTES: usize = 1024;

/// Encodes and decodes stored values.
#[derive(Debug, Clone)]
pub(crate) struct Codec {
    mac: Arc<dyn RecordMac>,
}

impl Codec {
    pub(crate) fn new(mac: Arc<dyn RecordMac>) -> Self {
        Self { mac }
    }

    /// A value as it is stored under a key, in the newest version of its kind.
    pub(crate) fn encode<T: Stored>(&self, key: &[u8], value: &T) -> Result<Vec<u8>, StoreError> {
        let failed = |why: postcard::Error| StoreError::Encoding(T::KIND.name(), why.to_string());
        let mut bytes = Vec::with_capacity(USUAL_BYTES);
        bytes.push(T::VERSION);
        let mut bytes = value.write(bytes).map_err(failed)?;
        let tag = self.mac.tag(&authenticated(key, &bytes));
        bytes.extend_from_slice(&tag);
        Ok(bytes)
    }

    /// Appends a record with its key in front, in one run of bytes that can be read without knowing the key: the key's length
    /// (8 bytes, big endian), the key, and what [`Self::encode`] makes.
    pub(crate) fn append<T: Stored>(&self, key: &[u8], value: &T, mut to: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let failed = |why: postcard::Error| StoreError::Encoding(T::KIND.name(), why.to_string());
        let start = to.len();
        to.extend_from_slice(&(key.len() as u64).to_be_bytes());
        to.extend_from_slice(key);
        to.push(T::VERSION);
        let mut to = value.write(to).map_err(failed)?;
        let tag = self.mac.tag(to.get(start..).unwrap_or_default());
        to.extend_from_slice(&tag);
        Ok(to)
    }

    /// The value that is stored under a key, whatever version it was written in.
    pub(crate) fn decode<T: Stored>(&self, key: &[u8], bytes: &[u8]) -> Result<T, StoreError> {
        let (version, body) = self.authentic(T::KIND.name(), key, bytes)?;
        T::read(version, body).map_err(|why| match why {
            DecodeError::Version(version) if version > T::VERSION => StoreError::Newer(T::KIND.name()),
            why => StoreError::Unreadable(T::KIND.name(), why.to_string()),
        })
    }

    /// Which root key made a record: 0 the one in use.
    ///
    /// # Errors
    /// When none did, or a newer version of this program wrote the record; a kind that this program does not know has no versions.
    pub(crate) fn made_by(&self, kind: Option<RecordKind>, key: &[u8], bytes: &[u8]) -> Result<usize, StoreError> {
        let name = kind.map_or("record of an unknown kind", RecordKind::name);
        let corrupt = StoreError::Corrupt(name);
        let Some((body, tag)) = bytes.split_last_chunk::<TAG_BYTES>() else { return Err(corrupt) };
        let Some(version) = body.first().copied() else { return Err(corrupt) };
        let made_by = self.mac.made_by(&authenticated(key, body), tag).ok_or(corrupt)?;
        match kind.map(newest_version) {
            Some(_) if version == 0 => Err(StoreError::Unreadable(name, DecodeError::Version(0).to_string())),
            Some(newest) if version > newest => Err(StoreError::Newer(name)),
            Some(_) | None => Ok(made_by),
        }
    }

    /// A record with a tag of the key in use; none where it has that, or no key explains the one that it has.
    pub(crate) fn tagged_again(&self, key: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
        let (body, tag) = bytes.split_last_chunk::<TAG_BYTES>()?;
        let authenticated = authenticated(key, body);
        self.mac.made_by(&authenticated, tag).filter(|made_by| *made_by > 0)?;
        Some([body, &self.mac.tag(&authenticated)].concat())
    }

    /// The public names of the root keys, the one in use first.
    pub(crate) fn key_names(&self) -> Vec<String> {
        self.mac.key_names()
    }

    /// The value of a record whose tag no key explains, as far as its bytes make sense.
    pub(crate) fn unauthenticated<T: Stored>(bytes: &[u8]) -> Option<T> {
        let (body, _) = bytes.split_last_chunk::<TAG_BYTES>()?;
        let (version, value) = body.split_first()?;
        T::read(*version, value).ok()
    }

    /// The version and the value's bytes, once the tag fits.
    fn authentic<'b>(&self, name: &'static str, key: &[u8], bytes: &'b [u8]) -> Result<(u8, &'b [u8]), StoreError> {
        let corrupt = StoreError::Corrupt(name);
        let Some((body, tag)) = bytes.split_last_chunk::<TAG_BYTES>() else { return Err(corrupt) };
        let Some((version, value)) = body.split_first() else { return Err(corrupt) };
        if self.mac.verify(&authenticated(key, body), tag) { Ok((*version, value)) } else { Err(corrupt) }
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
