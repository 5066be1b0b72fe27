//! What an action needs to send the browser away and to recognise it when it is back.

use crate::backend::Backend;
use crate::decision::TokenRequest;
use crate::error::{TokenError, ValueError};
use crate::text::{from_text, to_text};
use serde::Serialize;
use serde_json::Value;

/// The interface `redirect`. To redirect, return a [`crate::Redirect`]; this is for what surrounds it.
#[derive(Clone, Copy)]
pub struct RedirectContext<'a> {
    pub(crate) host: &'a Backend,
}

impl RedirectContext<'_> {
    /// The state of the suspension that this run would make, for a partner whose own signed request carries it.
    #[must_use]
    pub fn state(&self) -> String {
        self.host.redirect_state()
    }

    /// The tenant's public continue URL, without a query.
    #[must_use]
    pub fn continue_url(&self) -> String {
        self.host.continue_url()
    }

    /// Makes a request token for the suspension that this run would make. Most actions let the host append it:
    /// [`crate::Redirect::token`].
    ///
    /// # Errors
    /// When the key is unknown, or the claims are not acceptable.
    pub fn encode_token(&self, request: &TokenRequest) -> Result<String, TokenError> {
        self.host.encode_token(request)
    }

    /// Verifies a result token of the reply by the named key; its claims.
    ///
    /// # Errors
    /// When it is missing or does not verify against the suspension that was resumed.
    pub fn validate_token(&self, key: &str, parameter: &str) -> Result<Value, TokenError> {
        from_text(&self.host.validate_token(key, parameter)?).map_err(TokenError::Other)
    }

    /// Puts a value aside with the redirect of this run, for this action's `on_continue` alone. At most 4,096 bytes.
    ///
    /// # Errors
    /// When the value is no JSON or too large.
    pub fn stash<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), ValueError> {
        self.host.stash(&to_text(value).map_err(ValueError::InvalidJson)?)
    }
}
