//! `cache`: this host has none yet, and says so.

use super::meter::Interface;
use crate::abi::cache::CacheError;

/// Links the interface.
pub fn link(to: &mut Interface<'_>) -> wasmtime::Result<()> {
    to.func("get", |_, (_key,): (String,)| -> Result<Option<String>, CacheError> { Err(CacheError::NotAvailable) })?;
    to.func("set", |_, _: (String, String, u32)| -> Result<(), CacheError> { Err(CacheError::NotAvailable) })?;
    to.func("delete", |_, (_key,): (String,)| -> Result<(), CacheError> { Err(CacheError::NotAvailable) })
}
