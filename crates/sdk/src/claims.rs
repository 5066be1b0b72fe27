//! What the tokens that the IdP issues will say.

use crate::backend::Backend;
use crate::error::ClaimError;
use crate::text::to_text;
use serde::Serialize;

/// The interface `claims`.
#[derive(Clone, Copy)]
pub struct Claims<'a> {
    pub(crate) host: &'a Backend,
}

impl Claims<'_> {
    /// Sets a claim of the ID token.
    ///
    /// # Errors
    /// When only the IdP sets it, it is not granted, or the value is no JSON or too large.
    pub fn set_id_token<T: Serialize + ?Sized>(&self, name: &str, value: &T) -> Result<(), ClaimError> {
        self.host.set_id_token_claim(name, &to_text(value).map_err(ClaimError::InvalidJson)?)
    }

    /// Sets a claim of the access token.
    ///
    /// # Errors
    /// When only the IdP sets it, it is not granted, or the value is no JSON or too large.
    pub fn set_access_token<T: Serialize + ?Sized>(&self, name: &str, value: &T) -> Result<(), ClaimError> {
        self.host.set_access_token_claim(name, &to_text(value).map_err(ClaimError::InvalidJson)?)
    }

    /// Asks for a scope to be added to the access token.
    ///
    /// # Errors
    /// When the scope is not granted.
    pub fn add_scope(&self, name: &str) -> Result<(), ClaimError> {
        self.host.add_scope(name)
    }

    /// Asks for a scope to be removed from the access token.
    ///
    /// # Errors
    /// When the scope is not granted.
    pub fn remove_scope(&self, name: &str) -> Result<(), ClaimError> {
        self.host.remove_scope(name)
    }
}
