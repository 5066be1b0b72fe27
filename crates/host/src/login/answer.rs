//! The answer about a login, always made from the login record.

use crate::error::HostError;
use postlude_model::json::Json;
use postlude_model::login::{EndReason, FactorStanding, LoginRecord, Outcome, Settled, Status, Trace, TraceDecision};
use postlude_model::names::{ActionName, ClientId, Digest, LoginId, SessionId, Timestamp, UserId};
use std::collections::BTreeMap;

/// The answer about a login.
#[derive(Debug, Clone)]
pub struct LoginAnswer {
    /// The login.
    pub login_id: LoginId,
    /// The user whose login it is.
    pub user_id: UserId,
    /// The client to which the user logs in.
    pub client_id: ClientId,
    /// The session: the IdP's own, or the one that Postlude minted; none where the login has no session.
    pub session_id: Option<SessionId>,
    /// The outcome.
    pub outcome: AnswerOutcome,
    /// Changes of the user's app metadata (a merge patch, RFC 7396), cumulative.
    pub app_metadata: BTreeMap<String, Option<Json>>,
    /// Changes of the user's own metadata (a merge patch, RFC 7396), cumulative.
    pub user_metadata: BTreeMap<String, Option<Json>>,
    /// The actions that ran or were passed over, in order.
    pub actions: Vec<AnswerAction>,
}

/// The outcome of a login, with what an answer says about it.
#[derive(Debug, Clone)]
pub enum AnswerOutcome {
    /// The login may go on.
    Continue {
        /// Authentication method references and the factors that count.
        factors: AnswerFactors,
        /// Claims for the ID token.
        id_token_claims: BTreeMap<String, Json>,
        /// Claims for the access token.
        access_token_claims: BTreeMap<String, Json>,
        /// Scopes to add to the access token.
        add_scopes: Vec<String>,
        /// Scopes to remove from the access token.
        remove_scopes: Vec<String>,
    },
    /// The browser must go to a prompt.
    Redirect {
        /// Where the browser goes; none in an answer to a caller that only looks.
        location: Option<String>,
        /// The resume key, for the IdP's transaction; none in an answer to a caller that only looks.
        resume_key: Option<String>,
        /// Until when the browser may come back.
        expires_at: Timestamp,
    },
    /// The login was denied.
    Deny {
        /// The action that denied.
        action: ActionName,
        /// The code that the action or the host gave.
        code: String,
        /// What the user may read.
        message: String,
    },
    /// A prompt is due, and no browser is there.
    InteractionRequired {
        /// The action whose prompt is due.
        action: ActionName,
    },
    /// The login was ended from outside.
    Ended(EndReason),
    /// The pipeline still runs. No stored record says so.
    Running,
}

impl AnswerOutcome {
    /// The name of the outcome.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        let outcome = match self {
            Self::Continue { .. } => Outcome::Continue,
            Self::Redirect { .. } => Outcome::Redirect,
            Self::Deny { .. } => Outcome::Deny,
            Self::InteractionRequired { .. } => Outcome::InteractionRequired,
            Self::Ended(_) => Outcome::Ended,
            Self::Running => return "running",
        };
        outcome.as_str()
    }
}

/// The factors that a `continue` rests on.
#[derive(Debug, Clone, Default)]
pub struct AnswerFactors {
    /// Authentication method references (RFC 8176).
    pub amr: Vec<String>,
    /// The fresh factors of the session.
    pub factors: Vec<FactorStanding>,
}

/// One action in an answer.
#[derive(Debug, Clone)]
pub struct AnswerAction {
    /// The action.
    pub name: ActionName,
    /// The plugin's version.
    pub version: String,
    /// The plugin.
    pub digest: Digest,
    /// The decision that the trace has.
    pub decision: TraceDecision,
    /// Whether the action only reports: the decision is what would have been, and nothing came of it.
    pub report_only: bool,
    /// The reason, for a person.
    pub why: String,
    /// Fuel units that the run used.
    pub fuel: u64,
    /// Bytes of linear memory at the run's peak.
    pub memory_bytes: u64,
    /// Microseconds that the run took, without what it waited for its turns.
    pub duration_us: u64,
}

impl LoginAnswer {
    /// The answer that a record stands for, to an IdP that may resume the login.
    ///
    /// # Errors
    /// [`HostError::LoginEnded`] for a login that was ended from outside.
    pub(super) fn for_idp(
        record: &LoginRecord,
        resume_key: impl FnOnce(&LoginId) -> String,
    ) -> Result<Self, HostError> {
        if let Status::Ended(why) = record.status {
            return Err(HostError::LoginEnded(why));
        }
        let mut answer = Self::of(record);
        if let AnswerOutcome::Redirect { resume_key: key, .. } = &mut answer.outcome {
            *key = Some(resume_key(&record.id));
        }
        Ok(answer)
    }

    /// The answer to a caller that only looks: without the prompt's location and the resume key.
    pub(super) fn for_looking(record: &LoginRecord) -> Self {
        let mut answer = Self::of(record);
        if let AnswerOutcome::Redirect { location, .. } = &mut answer.outcome {
            *location = None;
        }
        answer
    }

    /// The answer about a login whose session ended after the login had its outcome.
    pub(super) fn session_ended(record: &LoginRecord) -> Self {
        Self::with(record, AnswerOutcome::Ended(EndReason::SessionEnded))
    }

    fn of(record: &LoginRecord) -> Self {
        let outcome = match &record.status {
            Status::Running => AnswerOutcome::Running,
            Status::Suspended(suspension) => AnswerOutcome::Redirect {
                location: Some(suspension.location.clone()),
                resume_key: None,
                expires_at: suspension.expires_at,
            },
            Status::Continued(settled) => AnswerOutcome::Continue {
                factors: AnswerFactors::of(settled),
                id_token_claims: record.effects.id_token_claims.clone(),
                access_token_claims: record.effects.access_token_claims.clone(),
                add_scopes: record.effects.add_scopes.clone(),
                remove_scopes: record.effects.remove_scopes.clone(),
            },
            Status::Denied { action, denial, .. } => AnswerOutcome::Deny {
                action: action.clone(),
                code: denial.code.clone(),
                message: denial.message.clone(),
            },
            Status::InteractionRequired { action } => AnswerOutcome::InteractionRequired { action: action.clone() },
            Status::Ended(why) => AnswerOutcome::Ended(*why),
        };
        Self::with(record, outcome)
    }

    fn with(record: &LoginRecord, outcome: AnswerOutcome) -> Self {
        let subject = &record.subject;
        Self {
            login_id: record.id.clone(),
            user_id: subject.user_id.clone(),
            client_id: subject.client_id.clone(),
            session_id: subject.session_id.clone(),
            outcome,
            app_metadata: record.effects.app_metadata.clone(),
            user_metadata: record.effects.user_metadata.clone(),
            actions: record.trace.iter().map(AnswerAction::of).collect(),
        }
    }
}

impl AnswerFactors {
    fn of(settled: &Settled) -> Self {
        Self { amr: settled.amr.clone(), factors: settled.factors.clone() }
    }
}

impl AnswerAction {
    fn of(trace: &Trace) -> Self {
        Self {
            name: trace.action.clone(),
            version: trace.version.clone(),
            digest: trace.digest,
            decision: trace.decision,
            report_only: trace.report_only,
            why: trace.why.clone(),
            fuel: trace.fuel,
            memory_bytes: trace.memory_bytes,
            duration_us: trace.duration_us,
        }
    }
}
