//! One run: what goes into a fresh instance of a plugin, and what came out of it.

use crate::action::{Action, Mode};
use crate::cache::Cache;
use crate::decision::{Command, Decision, Failure};
use crate::http::{Exchange, HttpAccess};
use crate::json::Json;
use crate::names::{FactorName, LoginId, RunId, Timestamp};
use crate::token::{TokenError, Verdict};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Which export of the plugin is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// `on-login`.
    Login,
    /// `on-continue`.
    Continue,
}

/// Metadata by key.
pub type Metadata = BTreeMap<String, Json>;

/// Everything that a run can observe. Same input, same plugin, same engine: same report.
#[derive(Debug, Clone)]
pub struct RunInput {
    /// The export to call.
    pub phase: Phase,
    /// The action, with its settings, grants, secrets, keys and budget.
    pub action: Arc<Action>,
    /// The mode of the login.
    pub mode: Mode,
    /// The login.
    pub login_id: LoginId,
    /// This step's identifier.
    pub run_id: RunId,
    /// The user, for the tokens.
    pub user_id: String,
    /// The tenant's issuer URL.
    pub issuer: String,
    /// The tenant's continue URL, without a query.
    pub continue_url: String,
    /// The event, whole; the sandbox shows the granted part of it.
    pub event: Arc<Json>,
    /// What the browser brought back; in `on-continue` alone.
    pub reply: Option<Reply>,
    /// The session's records of the action's factors, with their freshness.
    pub factors: Vec<FactorView>,
    /// The login's metadata.
    pub login_metadata: Metadata,
    /// The session's metadata.
    pub session_metadata: Metadata,
    /// The state of the suspension that this run would make.
    pub state: String,
    /// The host's clock, frozen for the run.
    pub now: Timestamp,
    /// The seed of the run's random numbers.
    pub seed: [u8; 32],
    /// The action's cache as it was when the run began.
    pub cache: Cache,
    /// The way out. With what it answers in the report, a run can be repeated without it.
    pub http: HttpAccess,
}

/// A factor's record as its action may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactorView {
    /// The factor.
    pub name: FactorName,
    /// When it was completed.
    pub completed_at: Timestamp,
    /// Whether the policy still takes it.
    pub fresh: bool,
}

/// What the browser brought back from the prompt.
#[derive(Debug, Clone)]
pub struct Reply {
    /// `GET` or `POST`.
    pub method: String,
    /// The query, without `state`.
    pub query: Vec<(String, String)>,
    /// The form of a POST.
    pub form: Vec<(String, String)>,
    /// The state that was resumed.
    pub resumed_state: String,
    /// The factor that the prompt was for.
    pub asked_for: Option<FactorName>,
    /// The result token's claims, or why there are none.
    pub token: Result<Json, TokenError>,
    /// What the reply proves.
    pub proof: Proof,
    /// What the action put aside with its redirect.
    pub stash: Option<Json>,
}

/// What a reply proves, by the host's own verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// Nothing.
    Nothing,
    /// A result token of profile `postlude` verified.
    Token {
        /// The factor that it names, compared with the one asked for.
        factor: Option<FactorName>,
        /// The verdict.
        verdict: Verdict,
    },
    /// A result token of profile `auth0` verified; the plugin judges what it says.
    Judged,
}

/// What came out of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// How it ended.
    pub ending: Ending,
    /// The buffered effects, in order.
    pub commands: Vec<Command>,
    /// What the plugin logged.
    pub log: Log,
    /// The requests that it made and their answers, in order.
    pub http: Vec<Exchange>,
    /// What the run consumed.
    pub usage: Usage,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// The plugin returned a decision.
    Decided(Decision),
    /// The plugin returned a failure.
    Failed(Failure),
    /// The plugin was stopped.
    Trapped(Trap),
    /// The wall clock ran out: load, not a decision.
    TimedOut,
    /// No place to run came free within the wall clock: load, and nothing ran.
    Busy,
}

/// Why a plugin was stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trap {
    /// The limit that was hit, if one was.
    pub limit: Option<Limit>,
    /// What happened, in a line.
    pub message: String,
    /// The plugin's stack, innermost first; empty where none is known.
    pub backtrace: Vec<String>,
}

/// The limits that can stop a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Fuel.
    Fuel,
    /// Linear memory.
    Memory,
    /// Table elements.
    TableElements,
    /// Instances, tables or memories.
    Instances,
    /// The wasm stack.
    Stack,
    /// Bytes handed to the host.
    HostCallBytes,
    /// Random bytes.
    RandomBytes,
    /// Handles.
    Handles,
}

impl Limit {
    /// The limit's name in messages, log and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fuel => "fuel",
            Self::Memory => "memory",
            Self::TableElements => "table elements",
            Self::Instances => "instances",
            Self::Stack => "stack",
            Self::HostCallBytes => "host-call bytes",
            Self::RandomBytes => "random bytes",
            Self::Handles => "handles",
        }
    }
}

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// For the plugin's author.
    Debug,
    /// What happened.
    Info,
    /// Worth a look.
    Warn,
    /// Needs a look.
    Error,
}

/// One line of a plugin's log, control characters escaped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// How much it matters.
    pub level: Level,
    /// The message.
    pub message: String,
    /// Named values.
    pub fields: Vec<(String, String)>,
}

/// What a plugin logged, within the budget.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Log {
    /// The lines that were kept.
    pub lines: Vec<LogLine>,
    /// How many more there were.
    pub dropped: u64,
}

/// What a run consumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Fuel units.
    pub fuel: u64,
    /// Bytes of linear memory at its peak.
    pub memory_bytes: u64,
    /// Calls of host functions.
    pub host_calls: u64,
    /// Wall clock that passed before a place to run was free; a part of `duration`. Not reproducible either.
    pub waited: Duration,
    /// Wall clock, from before instantiation to after the store was dropped. Not reproducible.
    pub duration: Duration,
}
