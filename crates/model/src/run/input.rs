//! What goes into one run: everything that a fresh instance of a plugin can observe.

use crate::action::{Action, Mode};
use crate::cache::Cache;
use crate::http::HttpAccess;
use crate::json::Json;
use crate::named::named_values;
use crate::names::{FactorName, LoginId, RunId, Timestamp};
use crate::token::{TokenError, Verdict};
use std::collections::BTreeMap;
use std::sync::Arc;

named_values! {
    /// Which export of the plugin a run calls. The name is the export's, in the contract, in the trace and in the log.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Phase {
        /// The user logs in.
        Login = "on-login",
        /// The browser is back from the action's own redirect.
        Continue = "on-continue",
    }
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
    /// The run's identifier.
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
    /// The run's HTTP access. A run can be repeated from the answers in its report, without access.
    pub http: HttpAccess,
}

/// A factor's record as its action may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactorView {
    /// The factor.
    pub name: FactorName,
    /// When the factor was completed.
    pub completed_at: Timestamp,
    /// Whether the policy still accepts the record.
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
    /// The value that the action kept with its redirect.
    pub stash: Option<Json>,
}

/// What a reply proves, by the host's own verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// The reply proves nothing.
    Nothing,
    /// A result token of profile `postlude` verified.
    Token {
        /// The factor that the token names, compared with the one that the prompt was for.
        factor: Option<FactorName>,
        /// The verdict.
        verdict: Verdict,
    },
    /// A result token of profile `auth0` verified; the plugin judges what it says.
    Judged,
}

impl RunInput {
    /// What `on-login` observes of an interactive login whose session has no factors. The user is the event's
    /// `/user/user_id`. Identifiers, state and seed are fixed: a host that runs more than one login, or lets a plugin
    /// redirect, puts its own there, none of them guessable.
    #[must_use]
    pub fn on_login(action: Arc<Action>, event: Json, now: Timestamp) -> Self {
        let user = event.pointer("/user/user_id").and_then(|id| id.to_value().as_str().map(str::to_owned));
        Self {
            phase: Phase::Login,
            action,
            mode: Mode::Interactive,
            login_id: LoginId::derived("lgn_", "embedded"),
            run_id: RunId::derived("run_", "0"),
            user_id: user.unwrap_or_default(),
            issuer: "http://localhost".to_owned(),
            continue_url: "http://localhost/continue".to_owned(),
            event: Arc::new(event),
            reply: None,
            factors: Vec::new(),
            login_metadata: Metadata::new(),
            session_metadata: Metadata::new(),
            state: "state-of-this-run".to_owned(),
            now,
            seed: [0; 32],
            cache: Default::default(),
            http: Default::default(),
        }
    }
}
