//! Where a login stands: running, suspended, or with its outcome and what the answer says of it.

use crate::decision::Denial;
use crate::json::Json;
use crate::named::named_values;
use crate::names::{ActionName, FactorName, Timestamp};

/// Where a login stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// The pipeline is running. A record of this status is never stored.
    Running,
    /// The browser is at a prompt.
    Suspended(Suspension),
    /// The login may go on.
    Continued(Settled),
    /// The login was denied.
    Denied {
        /// The action that denied.
        action: ActionName,
        /// The action's code and message.
        denial: Denial,
        /// What else the answer says.
        settled: Settled,
    },
    /// A prompt is due and the login's mode has no browser.
    InteractionRequired {
        /// The action whose prompt is due.
        action: ActionName,
    },
    /// The login was ended from outside.
    Ended(EndReason),
}

/// A suspended login's way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspension {
    /// The action that resumes.
    pub action: ActionName,
    /// The step that suspended: the state's single use.
    pub step: u32,
    /// When the state ends.
    pub expires_at: Timestamp,
    /// Where the browser went, [sealed](crate::handle::Handles::seal_location).
    pub location: String,
    /// The factor that the prompt is for.
    pub factor: Option<FactorName>,
    /// The value that the action keeps for its `on-continue`.
    pub stash: Option<Json>,
    /// Attempts to resume that ran out of time.
    pub timed_out: u32,
}

/// The parts of an answer that are settled with the outcome and repeated in every replay.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settled {
    /// Authentication method references (RFC 8176).
    pub amr: Vec<String>,
    /// The fresh factors of the session.
    pub factors: Vec<FactorStanding>,
}

/// A factor in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactorStanding {
    /// The factor.
    pub name: FactorName,
    /// When the factor was completed.
    pub completed_at: Timestamp,
    /// Until when the strictest policy accepts the factor.
    pub expires_at: Timestamp,
}

named_values! {
    /// Why a login was ended from outside its pipeline. The name is the answer's code.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum EndReason {
        /// Logout, revocation, or another user in the session.
        SessionEnded = "session_ended",
        /// The user opened more logins than one may have open.
        Evicted = "evicted",
    }
}

named_values! {
    /// What a login's whole pipeline answered, or what ended the login. The name is for answers, events, metrics and log.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Outcome {
        /// The login may go on.
        Continue = "continue",
        /// The browser is to go to a prompt; the login is suspended.
        Redirect = "redirect",
        /// The login is denied.
        Deny = "deny",
        /// A prompt is due, and no browser is there that could be redirected.
        InteractionRequired = "interaction_required",
        /// The login was ended from outside its pipeline.
        Ended = "ended",
    }
}

impl Status {
    /// What the pipeline answered; none while it is running.
    #[must_use]
    pub const fn outcome(&self) -> Option<Outcome> {
        match self {
            Self::Running => None,
            Self::Suspended(_) => Some(Outcome::Redirect),
            Self::Continued(_) => Some(Outcome::Continue),
            Self::Denied { .. } => Some(Outcome::Deny),
            Self::InteractionRequired { .. } => Some(Outcome::InteractionRequired),
            Self::Ended(_) => Some(Outcome::Ended),
        }
    }
}
