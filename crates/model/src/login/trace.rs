//! The trace of a login: one entry for each run, and for each action that was passed over.

use crate::names::{ActionName, Digest, Timestamp};
use crate::run::{Level, Limit, Phase};
use serde::{Deserialize, Serialize};

/// One run, or one action that was passed over, in the trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The action.
    pub action: ActionName,
    /// The plugin's version.
    pub version: String,
    /// The plugin.
    pub digest: Digest,
    /// The step.
    pub step: u32,
    /// The export.
    pub phase: Phase,
    /// What it came to, or would have come to where it only reports.
    pub decision: TraceDecision,
    /// It only reports: nothing came of it.
    pub report_only: bool,
    /// Why, for a person.
    pub why: String,
    /// The host's clock when it ran.
    pub at: Timestamp,
    /// The limit that stopped it.
    pub limit: Option<Limit>,
    /// Scheme, host and port of the prompt that it sent the browser to.
    pub origin: Option<String>,
    /// Fuel units.
    pub fuel: u64,
    /// Bytes of linear memory.
    pub memory_bytes: u64,
    /// Calls of host functions.
    pub host_calls: u64,
    /// Microseconds.
    pub duration_us: u64,
    /// Microseconds of these that it waited for a place to run.
    pub waited_us: u64,
    /// The last lines of its log, [`limits::TRACE_LOG_LINES`](crate::limits::TRACE_LOG_LINES) at most.
    pub log: Vec<TraceLine>,
    /// Lines of its log that are not in `log`: they are in the host's.
    pub log_left_out: u64,
}

/// A line of a run's log, shortened, in the trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceLine {
    /// How much it matters.
    pub level: Level,
    /// The message and its fields, [`limits::TRACE_LOG_BYTES`](crate::limits::TRACE_LOG_BYTES) bytes at most.
    pub text: String,
}

/// What a run came to, in the trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TraceDecision {
    /// It continued.
    Continue,
    /// It redirected.
    Redirect,
    /// It wanted to redirect; its factor is fresh.
    Skipped,
    /// It denied.
    Deny,
    /// It wanted to redirect; no browser is there.
    InteractionRequired,
    /// It failed, and the failure policy decided.
    Failed,
    /// It does not apply to the login's mode, or its conditions do not hold.
    NotApplicable,
    /// It did not run: another action of its group satisfied the group.
    Satisfied,
    /// It did not run: it was bypassed.
    Bypassed,
    /// Its plugin is killed: it did not run, or what it decided was dropped.
    Killed,
}

impl TraceDecision {
    /// All decisions, each at its own place: metrics count by it.
    pub const ALL: [Self; 10] = [
        Self::Continue,
        Self::Redirect,
        Self::Skipped,
        Self::Deny,
        Self::InteractionRequired,
        Self::Failed,
        Self::NotApplicable,
        Self::Satisfied,
        Self::Bypassed,
        Self::Killed,
    ];

    /// The decision's name in answers, metrics and log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Continue => "continue",
            Self::Redirect => "redirect",
            Self::Skipped => "skipped",
            Self::Deny => "deny",
            Self::InteractionRequired => "interaction_required",
            Self::Failed => "failed",
            Self::NotApplicable => "not_applicable",
            Self::Satisfied => "satisfied",
            Self::Bypassed => "bypassed",
            Self::Killed => "killed",
        }
    }
}
