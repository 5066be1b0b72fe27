//! A one-time bypass: the help desk lets one user past one factor, once, and the audit trail says which operator did so and why.

use crate::action::ActionSpec;
use crate::limits;
use crate::names::{ActionName, BypassId, FactorName, LoginId, Timestamp, UserId};
use std::fmt;

/// A bypass as it is stored. A bypass stands for a factor and is none: nothing is recorded, and amr does not grow by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bypass {
    /// The bypass's identifier.
    pub id: BypassId,
    /// The user who may log in without the factor.
    pub user_id: UserId,
    /// What is bypassed.
    pub target: Target,
    /// Why the bypass was issued, in the words of the operator that issued it.
    pub reason: String,
    /// The name of the API key that issued it.
    pub issued_by: String,
    /// When the bypass was issued.
    pub issued_at: Timestamp,
    /// From this time on the bypass is void.
    pub expires_at: Timestamp,
    /// The store's epoch; bypasses of older epochs are void, so that a restored backup revives none.
    pub epoch: u64,
    /// The login that used it up.
    pub used: Option<BypassUse>,
}

/// What a bypass is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An action, with every factor that it declares.
    Action(ActionName),
    /// A factor: every action that declares it and no other.
    Factor(FactorName),
}

/// The login that used a bypass up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BypassUse {
    /// The login.
    pub login_id: LoginId,
    /// When the login used it.
    pub at: Timestamp,
}

impl Bypass {
    /// Whether a login may use the bypass now.
    #[must_use]
    pub fn is_live(&self, epoch: u64, now: Timestamp) -> bool {
        let begun = self.issued_at <= now.plus(limits::CLOCK_SKEW);
        self.used.is_none() && self.epoch == epoch && begun && now < self.expires_at
    }

    /// Whether the bypass is for this action. An action that declares no factor is never bypassed: a bypass stands for a factor alone.
    #[must_use]
    pub fn covers(&self, spec: &ActionSpec) -> bool {
        let (first, others) = match spec.factors.split_first() {
            Some((first, others)) => (&first.name, others),
            None => return false,
        };
        match &self.target {
            Target::Action(name) => *name == spec.name,
            Target::Factor(name) => name == first && others.is_empty(),
        }
    }
}

impl fmt::Display for Bypass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bypass `{}` issued by `{}`: {}", self.id, self.issued_by, self.reason)
    }
}
