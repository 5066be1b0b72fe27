//! `http`: this host makes no requests for plugins yet, and says so.

use super::meter::Interface;
use crate::abi::http::{HttpError, Request, Response};

/// Links the interface.
pub fn link(to: &mut Interface<'_>) -> wasmtime::Result<()> {
    to.func("send", |_, (_request,): (Request,)| -> Result<Response, HttpError> { Err(HttpError::NotAvailable) })
}
