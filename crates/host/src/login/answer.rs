//! The answer about a login: its record, as the one who asks may see it.

use crate::error::HostError;
use postlude_crypto::handles::TenantHandles;
use postlude_model::decision::Denial;
use postlude_model::login::{Effects, EndReason, LoginRecord, Outcome, Settled, Status, Subject, Trace};
use postlude_model::names::{ActionName, LoginId, Timestamp};
use postlude_model::pipeline::idp_requests;
use serde_json::Value;
use std::sync::Arc;

/// The answer about a login. It shares the login's record: an answer is seldom changed, and often passed on.
#[derive(Debug, Clone)]
pub struct LoginAnswer {
    record: Arc<LoginRecord>,
    to: Asker,
}

/// For whom an answer is, and what only they are told.
#[derive(Debug, Clone)]
enum Asker {
    /// An IdP that may resume the login; with the way to the prompt where the browser goes to one.
    Idp { way: Option<WayToPrompt> },
    /// A caller that only looks.
    Onlooker,
    /// Anyone, once the session ended after the login had its outcome.
    AfterSession,
}

/// What the IdP needs to send the browser to a prompt, and to go on once it is back.
#[derive(Debug, Clone)]
struct WayToPrompt {
    location: String,
    resume_key: String,
}

/// The outcome of a login, with what an answer says about it.
#[derive(Debug, Clone, Copy)]
pub enum AnswerOutcome<'a> {
    /// The login may go on.
    Continue {
        /// Authentication method references and the factors that count.
        settled: &'a Settled,
        /// Claims and scopes.
        effects: &'a Effects,
    },
    /// The browser must go to a prompt.
    Redirect {
        /// Where the browser goes; none in an answer to a caller that only looks.
        location: Option<&'a str>,
        /// The resume key, for the IdP's transaction; none in an answer to a caller that only looks.
        resume_key: Option<&'a str>,
        /// Until when the browser may come back.
        expires_at: Timestamp,
    },
    /// The login was denied.
    Deny {
        /// The action that denied.
        action: &'a ActionName,
        /// The code that the action or the host gave, and what the user may read.
        denial: &'a Denial,
    },
    /// A prompt is due, and no browser is there.
    InteractionRequired {
        /// The action whose prompt is due.
        action: &'a ActionName,
    },
    /// The login was ended from outside.
    Ended(EndReason),
    /// The pipeline still runs. No stored record says so.
    Running,
}

impl AnswerOutcome<'_> {
    /// The name of the outcome.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
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

impl LoginAnswer {
    /// The answer that a record stands for, to an IdP that may resume the login.
    ///
    /// # Errors
    /// [`HostError::LoginEnded`] for a login that was ended from outside, [`HostError::StateExpired`] for a prompt whose root key was
    /// removed.
    pub(super) fn for_idp(record: LoginRecord, handles: &TenantHandles) -> Result<Self, HostError> {
        let way = match &record.status {
            Status::Ended(why) => return Err(HostError::LoginEnded(*why)),
            Status::Suspended(suspension) => {
                let location = handles.open_location(&record.id, suspension.step, &suspension.location);
                let location = location.ok_or(HostError::StateExpired)?;
                Some(WayToPrompt { location, resume_key: handles.resume_key(&record.id) })
            }
            _ => None,
        };
        Ok(Self { record: Arc::new(record), to: Asker::Idp { way } })
    }

    /// The answer to a caller that only looks: without the prompt's location and the resume key.
    pub(super) fn for_looking(record: LoginRecord) -> Self {
        Self { record: Arc::new(record), to: Asker::Onlooker }
    }

    /// The answer about a login whose session ended after the login had its outcome.
    pub(super) fn session_ended(record: LoginRecord) -> Self {
        Self { record: Arc::new(record), to: Asker::AfterSession }
    }

    /// The login.
    #[must_use]
    pub fn login_id(&self) -> &LoginId {
        &self.record.id
    }

    /// Whose login it is, with its client and its session: the IdP's own, or the one that Postlude minted.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.record.subject
    }

    /// Changes of the user's metadata (a merge patch, RFC 7396), cumulative, and what else the login's actions asked for.
    #[must_use]
    pub fn effects(&self) -> &Effects {
        &self.record.effects
    }

    /// What the login's actions ask of the identity provider, in order: `{"action", "method", "arguments"}` each.
    #[must_use]
    pub fn idp_requests(&self) -> Vec<Value> {
        idp_requests(&self.record.metadata)
    }

    /// The actions that ran or were passed over, in order.
    #[must_use]
    pub fn actions(&self) -> &[Trace] {
        &self.record.trace
    }

    /// The outcome.
    #[must_use]
    pub fn outcome(&self) -> AnswerOutcome<'_> {
        let record = &*self.record;
        let way = match &self.to {
            Asker::Idp { way } => way.as_ref(),
            Asker::Onlooker => None,
            Asker::AfterSession => return AnswerOutcome::Ended(EndReason::SessionEnded),
        };
        match &record.status {
            Status::Running => AnswerOutcome::Running,
            Status::Suspended(suspension) => AnswerOutcome::Redirect {
                location: way.map(|way| way.location.as_str()),
                resume_key: way.map(|way| way.resume_key.as_str()),
                expires_at: suspension.expires_at,
            },
            Status::Continued(settled) => AnswerOutcome::Continue { settled, effects: &record.effects },
            Status::Denied { action, denial, .. } => AnswerOutcome::Deny { action, denial },
            Status::InteractionRequired { action } => AnswerOutcome::InteractionRequired { action },
            Status::Ended(why) => AnswerOutcome::Ended(*why),
        }
    }
}
