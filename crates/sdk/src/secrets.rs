//! Secrets that the operator gave to this action.

use crate::backend::Backend;
use crate::error::SecretError;

/// The interface `secrets`. Prefer [`crate::keys`], whose bytes never enter the plugin's memory.
#[derive(Clone, Copy)]
pub struct Secrets<'a> {
    pub(crate) host: &'a Backend,
}

impl Secrets<'_> {
    /// The secret of that name.
    ///
    /// # Errors
    /// When the manifest does not declare it, or the operator did not grant it.
    pub fn get(&self, name: &str) -> Result<String, SecretError> {
        self.host.secret(name)
    }
}
