//! Requests to hosts that the operator granted.

use crate::backend::Backend;
use crate::error::HttpError;
pub use crate::records::{Request, Response};

/// The interface `http`. At most 8 requests in a run.
#[derive(Clone, Copy)]
pub struct Http<'a> {
    pub(crate) host: &'a Backend,
}

impl Http<'_> {
    /// Sends one request.
    ///
    /// # Errors
    /// When the host is not granted, the request is malformed, or no answer comes within 2 seconds.
    pub fn send(&self, request: Request) -> Result<Response, HttpError> {
        self.host.send(request)
    }
}
