//! The trace of a login: one entry for each run, and for each action that was passed over.

use crate::named::named_values;
use crate::names::{ActionName, Digest, Timestamp};
use crate::run::{Level, Limit, Phase};

/// One run, or one action that was passed over, in the trace.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// What the run came to, or would have come to where the action only reports.
    pub decision: TraceDecision,
    /// Whether the action only reports: the login did not change then.
    pub report_only: bool,
    /// The reason, for a person.
    pub why: String,
    /// The host's clock when the action ran.
    pub at: Timestamp,
    /// The limit that stopped the run.
    pub limit: Option<Limit>,
    /// Scheme, host and port of the prompt to which the action sent the browser.
    pub origin: Option<String>,
    /// Fuel units that the run spent.
    pub fuel: u64,
    /// Bytes of linear memory at the run's peak.
    pub memory_bytes: u64,
    /// Calls of host functions that the run made.
    pub host_calls: u64,
    /// How long the run took, in microseconds.
    pub duration_us: u64,
    /// How long the run waited for its place and its turns besides, in microseconds.
    pub waited_us: u64,
    /// The last lines of the run's log, [`limits::TRACE_LOG_LINES`](crate::limits::TRACE_LOG_LINES) at most.
    pub log: Vec<TraceLine>,
    /// Lines of the run's log that are not in `log`: the host's own log has them.
    pub log_left_out: u64,
}

/// A line of a run's log, shortened, in the trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceLine {
    /// How much the line matters.
    pub level: Level,
    /// The message and its fields, [`limits::TRACE_LOG_BYTES`](crate::limits::TRACE_LOG_BYTES) bytes at most.
    pub text: String,
}

named_values! {
    /// What a run came to. The name is for answers, metrics and log; metrics count by the position in `ALL`.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum TraceDecision {
        /// The action continued.
        Continue = "continue",
        /// The action redirected.
        Redirect = "redirect",
        /// The action wanted to redirect; its factor is fresh.
        Skipped = "skipped",
        /// The action denied.
        Deny = "deny",
        /// The action wanted to redirect; no browser is there.
        InteractionRequired = "interaction_required",
        /// The action failed, and the failure policy decided.
        Failed = "failed",
        /// The action does not apply to the login's mode, or its conditions do not hold.
        NotApplicable = "not_applicable",
        /// The action did not run: another action of its group satisfied the group.
        Satisfied = "satisfied",
        /// The action did not run: it was bypassed.
        Bypassed = "bypassed",
        /// The action's plugin is killed: it did not run, or what it decided was dropped.
        Killed = "killed",
    }
}
