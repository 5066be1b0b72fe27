//! A small cache of the action's own.

use crate::backend::Backend;
use crate::error::CacheError;
use crate::text::{from_text, to_text};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The interface `cache`. Best effort: 8,192 bytes in all, kept at most 24 hours.
#[derive(Clone, Copy)]
pub struct Cache<'a> {
    pub(crate) host: &'a Backend,
}

impl Cache<'_> {
    /// The value of a key, none when it is absent, expired, or has not the shape of `T`.
    ///
    /// # Errors
    /// When the host has no cache.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, CacheError> {
        Ok(self.host.cache_get(key)?.and_then(|text| from_text(&text).ok()))
    }

    /// Stores a value for 1 to 86,400 seconds.
    ///
    /// # Errors
    /// When the value is no JSON or too large, or the host has no cache.
    pub fn set<T: Serialize + ?Sized>(&self, key: &str, value: &T, ttl_seconds: u32) -> Result<(), CacheError> {
        self.host.cache_set(key, &to_text(value).map_err(CacheError::InvalidJson)?, ttl_seconds)
    }

    /// Forgets a key.
    ///
    /// # Errors
    /// When the host has no cache.
    pub fn delete(&self, key: &str) -> Result<(), CacheError> {
        self.host.cache_delete(key)
    }
}
