//! The handles of a suspension, derived and never stored; their cryptography is another crate's.

use crate::names::{LoginId, RunId, Timestamp};
use std::fmt;

/// What a state says, once its MAC is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateClaims {
    /// The epoch in which the state was made.
    pub epoch: u64,
    /// The login.
    pub login_id: LoginId,
    /// The step that suspended.
    pub step: u32,
    /// When the state ends.
    pub expires_at: Timestamp,
}

/// Derives the handles of one tenant's logins. The same arguments give the same handle.
pub trait Handles: Send + Sync + fmt::Debug {
    /// The one-time handle that browser and partner see.
    fn state(&self, claims: &StateClaims) -> String;
    /// The run's identifier.
    fn run_id(&self, login: &LoginId, step: u32) -> RunId;
    /// The seed of the run's random numbers.
    fn seed(&self, login: &LoginId, step: u32) -> [u8; 32];
    /// Where a step sends the browser, as the login's record keeps it: who reads the store learns no state. None where it cannot be
    /// sealed.
    fn seal_location(&self, login: &LoginId, step: u32, location: &str) -> Option<String>;
}
