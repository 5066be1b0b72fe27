//! The state of policy in a login: which actions were skipped, and which records and bypasses it used.

use crate::names::ActionName;
use crate::policy::bypass::Bypass;
use crate::session::RecordKey;
use std::collections::BTreeMap;

/// What a login's policy decided so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PolicyState {
    /// Actions whose factors do not count in this login, and why.
    pub skipped: BTreeMap<ActionName, SkipReason>,
    /// Records of earlier logins that this login used.
    pub used: Vec<RecordKey>,
    /// Bypasses that this login used up.
    pub bypasses: Vec<Bypass>,
}

/// Why an action's factors do not count in a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SkipReason {
    /// The action's conditions did not hold when the login began; the text says which.
    Unmet(String),
    /// Another action of its group satisfied the group.
    Satisfied,
    /// The action was bypassed.
    Bypassed,
    /// The action denied or failed, and the login went on with another one of its group.
    Refused,
}

impl PolicyState {
    /// Whether an action takes part in the login, as far as is known.
    #[must_use]
    pub fn takes_part(&self, action: &ActionName) -> bool {
        !self.skipped.contains_key(action)
    }

    /// Why an action's conditions did not hold.
    #[must_use]
    pub fn unmet(&self, action: &ActionName) -> Option<&str> {
        match self.skipped.get(action) {
            Some(SkipReason::Unmet(why)) => Some(why),
            _ => None,
        }
    }

    /// Whether an action could still satisfy its group, by the condition and its own decision.
    #[must_use]
    pub fn may_satisfy(&self, action: &ActionName) -> bool {
        !matches!(self.skipped.get(action), Some(SkipReason::Unmet(_) | SkipReason::Refused))
    }
}
