//! What a login's policy decided on its way: which actions were set aside, and which records and bypasses it used.

use crate::bypass::Bypass;
use crate::names::ActionName;
use crate::session::RecordKey;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a login's policy decided so far.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Course {
    /// Actions whose factors do not count in this login, and why.
    pub aside: BTreeMap<ActionName, Aside>,
    /// Records of earlier logins that this login used.
    pub used: Vec<RecordKey>,
    /// Bypasses that this login used up.
    pub bypasses: Vec<Bypass>,
}

/// Why an action's factors do not count in a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Aside {
    /// Its conditions did not hold when the login began; in words.
    Unmet(String),
    /// Another action of its group satisfied the group.
    Satisfied,
    /// It was bypassed.
    Bypassed,
    /// It denied or failed, and its group went on.
    Refused,
}

impl Course {
    /// Whether an action takes part in the login, as far as is known.
    #[must_use]
    pub fn takes_part(&self, action: &ActionName) -> bool {
        !self.aside.contains_key(action)
    }

    /// Why an action's conditions did not hold.
    #[must_use]
    pub fn unmet(&self, action: &ActionName) -> Option<&str> {
        match self.aside.get(action) {
            Some(Aside::Unmet(why)) => Some(why),
            _ => None,
        }
    }

    /// Whether an action could still satisfy its group, by the condition and its own verdict.
    #[must_use]
    pub fn may_satisfy(&self, action: &ActionName) -> bool {
        !matches!(self.aside.get(action), Some(Aside::Unmet(_) | Aside::Refused))
    }
}
