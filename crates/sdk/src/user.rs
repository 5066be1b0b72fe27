//! The user's metadata at the IdP.

use crate::backend::Backend;
use crate::error::ValueError;
use crate::text::to_text;
use serde::Serialize;

/// The interface `user`. Changes become a merge patch (RFC 7396) in the answer to the IdP.
#[derive(Clone, Copy)]
pub struct User<'a> {
    pub(crate) host: &'a Backend,
}

impl User<'_> {
    /// Sets a key of the metadata that only the tenant may write.
    ///
    /// # Errors
    /// When the key is not granted, or the value is no JSON or too large.
    pub fn set_app_metadata<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<(), ValueError> {
        self.host.set_app_metadata(key, Some(&to_text(value).map_err(ValueError::InvalidJson)?))
    }

    /// Removes a key of the metadata that only the tenant may write.
    ///
    /// # Errors
    /// When the key is not granted.
    pub fn remove_app_metadata(&self, key: &str) -> Result<(), ValueError> {
        self.host.set_app_metadata(key, None)
    }

    /// Sets a key of the metadata that the user may write.
    ///
    /// # Errors
    /// When the key is not granted, or the value is no JSON or too large.
    pub fn set_user_metadata<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<(), ValueError> {
        self.host.set_user_metadata(key, Some(&to_text(value).map_err(ValueError::InvalidJson)?))
    }

    /// Removes a key of the metadata that the user may write.
    ///
    /// # Errors
    /// When the key is not granted.
    pub fn remove_user_metadata(&self, key: &str) -> Result<(), ValueError> {
        self.host.set_user_metadata(key, None)
    }
}
