//! The login that this run belongs to.

use crate::backend::Backend;
use crate::decision::Failure;
use crate::error::ValueError;
use crate::text::{from_text, to_text};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The interface `login`.
#[derive(Clone, Copy)]
pub struct Login<'a> {
    pub(crate) host: &'a Backend,
}

/// How the login came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// A browser is there and may be redirected.
    Interactive,
    /// `prompt=none`.
    Silent,
    /// A refresh token.
    Refresh,
    /// A password grant.
    Password,
    /// A mode that this version of the SDK does not know.
    Other(String),
}

impl Login<'_> {
    /// The login's identifier, the same in every run of the login.
    #[must_use]
    pub fn id(&self) -> String {
        self.host.login_id()
    }

    /// The identifier of this step; a retry of the step has the same one. An idempotency key.
    #[must_use]
    pub fn run_id(&self) -> String {
        self.host.run_id()
    }

    /// The login's mode.
    #[must_use]
    pub fn mode(&self) -> Mode {
        let mode = self.host.mode();
        match mode.as_str() {
            "interactive" => Mode::Interactive,
            "silent" => Mode::Silent,
            "refresh" => Mode::Refresh,
            "password" => Mode::Password,
            _ => Mode::Other(mode),
        }
    }

    /// Whether a redirect can reach a browser.
    #[must_use]
    pub fn can_redirect(&self) -> bool {
        self.host.can_redirect()
    }

    /// The action's settings.
    ///
    /// # Errors
    /// When the settings do not have the shape of `T`.
    pub fn settings<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        from_text(&self.host.settings()).map_err(|why| Failure::Other(format!("settings: {why}")))
    }

    /// A value that an action of this login put aside; none also where it has not the shape of `T`.
    #[must_use]
    pub fn metadata<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        from_text(&self.host.login_metadata(key)?).ok()
    }

    /// Puts a value aside for the later runs of this login, of this and of later actions. Together at most 16,384
    /// bytes.
    ///
    /// # Errors
    /// When the value is no JSON or too large.
    pub fn set_metadata<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<(), ValueError> {
        self.host.set_login_metadata(key, Some(&to_text(value).map_err(ValueError::InvalidJson)?))
    }

    /// Removes a value.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn remove_metadata(&self, key: &str) -> Result<(), ValueError> {
        self.host.set_login_metadata(key, None)
    }
}
