//! `keys`: this host offers no keys to plugins yet, and says so.

use super::meter::Interface;
use crate::abi::keys::KeyError;

/// Links the interface.
pub fn link(to: &mut Interface<'_>) -> wasmtime::Result<()> {
    to.func("hmac", |_, _: (String, Vec<u8>)| -> Result<Vec<u8>, KeyError> { Err(KeyError::NotAvailable) })?;
    to.func("sign-jwt", |_, _: (String, String, String)| -> Result<String, KeyError> { Err(KeyError::NotAvailable) })?;
    to.func("verify-jwt", |_, _: (String, String)| -> Result<String, KeyError> { Err(KeyError::NotAvailable) })
}
