//! The login record: the one stored thing about a login. It is the suspended login, the replay of its answers, the
//! trace and the audit entry.

use crate::action::Mode;
use crate::decision::Denial;
use crate::json::Json;
use crate::names::{ActionName, ClientId, Digest, FactorName, LoginId, SessionId, Timestamp, UserId};
use crate::policy::state::PolicyState;
use crate::run::{Level, Limit, Metadata, Phase};
use crate::session::FactorRecord;
use std::collections::BTreeMap;

/// Everything that is stored about a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginRecord {
    /// The login.
    pub id: LoginId,
    /// The SHA-256 of the body that started it, for the idempotency check.
    pub body_hash: [u8; 32],
    /// Counts the writes; zero: never stored.
    pub version: u64,
    /// Who logs in where.
    pub subject: Subject,
    /// The mode.
    pub mode: Mode,
    /// Where the browser goes after the continue URL; in mode `interactive`.
    pub return_url: Option<String>,
    /// The pipeline's revision.
    pub revision: u64,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last written; the store sets it, as it counts `version`.
    pub changed_at: Timestamp,
    /// After this it can no longer be resumed.
    pub deadline: Timestamp,
    /// After this the record is swept.
    pub expires_at: Timestamp,
    /// The index of the action that is next, or suspended.
    pub position: u32,
    /// The number of the next run, over all actions and phases.
    pub step: u32,
    /// How often it was suspended.
    pub suspensions: u32,
    /// Where it stands.
    pub status: Status,
    /// Values that actions put aside.
    pub metadata: Metadata,
    /// What the answer will say.
    pub effects: Effects,
    /// Factors recorded in this login.
    pub recorded: Vec<FactorRecord>,
    /// Session metadata of a login whose session still belongs to another user, held back until its `continue`.
    pub held_metadata: Metadata,
    /// What policy decided on its way.
    pub policy_state: PolicyState,
    /// What ran, in order.
    pub trace: Vec<Trace>,
}

/// Who logs in where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The user.
    pub user_id: UserId,
    /// The client.
    pub client_id: ClientId,
    /// The session; none where the IdP named none and none was minted.
    pub session_id: Option<SessionId>,
    /// Whether Postlude minted the session's identifier.
    pub minted: bool,
    /// The session's generation when the login began.
    pub generation: u64,
    /// Whether the session belonged to another user when the login began.
    pub foreign: bool,
}

/// Where a login stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Its pipeline is running; never stored.
    Running,
    /// The browser is at a prompt.
    Suspended(Suspension),
    /// The login may go on.
    Continued(Settled),
    /// The login was denied.
    Denied {
        /// The action that denied.
        action: ActionName,
        /// What it said.
        denial: Denial,
        /// What else the answer says.
        settled: Settled,
    },
    /// A prompt is due and no browser is there.
    InteractionRequired {
        /// The action whose prompt is due.
        action: ActionName,
    },
    /// It was ended from outside.
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
    /// Where the browser went.
    pub location: String,
    /// The factor that the prompt is for.
    pub factor: Option<FactorName>,
    /// What the action put aside.
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
    /// When it was completed.
    pub completed_at: Timestamp,
    /// Until when the strictest policy takes it.
    pub expires_at: Timestamp,
}

/// Why a login was ended from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// Logout, revocation, or another user in the session.
    SessionEnded,
    /// The user opened more logins than one may have open.
    Evicted,
}

/// Buffered effects of all kept runs, merged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Effects {
    /// Claims of the ID token.
    pub id_token_claims: BTreeMap<String, Json>,
    /// Claims of the access token.
    pub access_token_claims: BTreeMap<String, Json>,
    /// Scopes to add.
    pub add_scopes: Vec<String>,
    /// Scopes to remove.
    pub remove_scopes: Vec<String>,
    /// Changes of the user's app metadata (RFC 7396).
    pub app_metadata: BTreeMap<String, Option<Json>>,
    /// Changes of the user's own metadata (RFC 7396).
    pub user_metadata: BTreeMap<String, Option<Json>>,
}

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceLine {
    /// How much it matters.
    pub level: Level,
    /// The message and its fields, [`limits::TRACE_LOG_BYTES`](crate::limits::TRACE_LOG_BYTES) bytes at most.
    pub text: String,
}

/// What a run came to, in the trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

impl LoginRecord {
    /// The suspension, while the browser is at a prompt.
    #[must_use]
    pub const fn suspension(&self) -> Option<&Suspension> {
        match &self.status {
            Status::Suspended(suspension) => Some(suspension),
            _ => None,
        }
    }
}
