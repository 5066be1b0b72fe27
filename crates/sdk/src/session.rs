//! The user's session at the IdP, and the factors completed in it.

use crate::backend::Backend;
use crate::error::{FactorError, ValueError};
use crate::text::{from_text, to_text};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The interface `session`.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    pub(crate) host: &'a Backend,
}

/// A record of a factor that this action declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Factor {
    /// The factor's name.
    pub name: String,
    /// When the factor was completed, in milliseconds since 1970.
    pub completed_at: u64,
    /// Whether the operator's policy still takes it.
    pub fresh: bool,
}

/// What the operator's policy and the host's clock say of a factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// The record still counts.
    Fresh,
    /// The record is too old.
    Stale,
    /// There is no record.
    Absent,
}

impl Session<'_> {
    /// Records that the user completed the factor now, by the host's clock. Only in `on_continue`, after a proved reply.
    /// Evidence is a JSON object for the audit trail, at most 2,048 bytes.
    ///
    /// # Errors
    /// When the manifest does not declare the factor, the reply does not prove it, or the evidence is not acceptable.
    pub fn record_factor(&self, name: &str, evidence: Option<&Value>) -> Result<(), FactorError> {
        match evidence {
            None => self.host.record_factor(name, None),
            Some(value) => self.host.record_factor(name, Some(&to_text(value).map_err(FactorError::InvalidEvidence)?)),
        }
    }

    /// The session's records of the factors that this action declares.
    ///
    /// # Errors
    /// When the host's answer has another shape.
    pub fn factors(&self) -> Result<Vec<Factor>, FactorError> {
        from_text(&self.host.factors()).map_err(FactorError::Other)
    }

    /// Whether a factor's record is fresh.
    ///
    /// # Errors
    /// When the manifest does not declare the factor.
    pub fn freshness(&self, name: &str) -> Result<Freshness, FactorError> {
        Ok(match self.host.freshness(name)?.as_str() {
            "fresh" => Freshness::Fresh,
            "stale" => Freshness::Stale,
            _ => Freshness::Absent,
        })
    }

    /// A value of the session; none also where it has not the shape of `T`.
    #[must_use]
    pub fn metadata<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        from_text(&self.host.session_metadata(key)?).ok()
    }

    /// Sets a value of the session when the login continues. Together at most 16,384 bytes.
    ///
    /// # Errors
    /// When the value is no JSON or too large.
    pub fn set_metadata<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<(), ValueError> {
        self.host.set_session_metadata(key, Some(&to_text(value).map_err(ValueError::InvalidJson)?))
    }

    /// Removes a value of the session.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn remove_metadata(&self, key: &str) -> Result<(), ValueError> {
        self.host.set_session_metadata(key, None)
    }
}
