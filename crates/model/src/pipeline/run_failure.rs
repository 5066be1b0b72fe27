//! How a run failed: in the terms of the operator's failure policy.

use crate::action::FailureKind;
use crate::decision::Failure;
use crate::run::{Limit, Trap};

/// How a run failed, and why.
pub(super) struct RunFailure {
    pub(super) kind: FailureKind,
    pub(super) why: String,
}

impl RunFailure {
    /// The action asked for what is not acceptable.
    pub(super) const fn unacceptable(why: String) -> Self {
        Self { kind: FailureKind::Other, why }
    }

    pub(super) fn of_failure(failure: Failure) -> Self {
        match failure {
            Failure::Other(why) => Self { kind: FailureKind::Other, why },
            Failure::Unavailable(why) => Self { kind: FailureKind::Unavailable, why: format!("unavailable: {why}") },
        }
    }

    pub(super) fn of_trap(trap: Trap) -> Self {
        let kind = if trap.limit == Some(Limit::Fuel) { FailureKind::Fuel } else { FailureKind::Trap };
        Self { kind, why: trap.message }
    }
}
