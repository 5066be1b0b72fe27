//! The answer to an IdP as JSON.

use super::parts::{Members, Time};
use postlude_host::login::{AnswerOutcome, LoginAnswer};
use postlude_model::login::{Effects, FactorStanding, Settled, Trace};
use postlude_model::names::Digest;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// The answer to an IdP.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Answer<'a> {
    /// The login.
    pub(crate) login_id: &'a str,
    /// `continue`, `redirect`, `deny`, `interaction_required` or, of a login that was ended from outside, `ended`.
    #[schema(value_type = crate::openapi::OutcomeText)]
    pub(crate) outcome: &'static str,
    /// Whose login it is.
    pub(crate) subject: AnswerSubject<'a>,
    /// The session, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<AnswerSession<'a>>,
    /// Where to send the browser, with 303 (RFC 9110, section 15.4.4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<&'a str>,
    /// For the IdP's transaction; never in a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resume_key: Option<&'a str>,
    /// Until when the browser may come back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) expires_at: Option<Time>,
    /// The action that denied, or whose prompt is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) action: Option<&'a str>,
    /// Why it was denied or ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<&'a str>,
    /// What the user may read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<&'a str>,
    /// Authentication method references (RFC 8176) of a `continue`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) amr: Option<&'a [String]>,
    /// Claims for the ID token of a `continue`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(crate) id_token_claims: Option<Members<'a>>,
    /// Claims for the access token of a `continue`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(crate) access_token_claims: Option<Members<'a>>,
    /// Scopes for the access token of a `continue`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scopes: Option<AnswerScopes<'a>>,
    /// A merge patch (RFC 7396) of the user's metadata, cumulative.
    pub(crate) user_updates: AnswerUpdates<'a>,
    /// Requests that only the IdP can fulfil.
    #[schema(value_type = Vec<Object>)]
    pub(crate) idp_requests: Vec<Value>,
    /// What ran.
    pub(crate) actions: Vec<AnswerAction<'a>>,
}

/// Whose login an answer is about.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct AnswerSubject<'a> {
    /// The user.
    pub(crate) user_id: &'a str,
    /// The client.
    pub(crate) client_id: &'a str,
    /// The session.
    pub(crate) session_id: Option<&'a str>,
}

/// The session in an answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct AnswerSession<'a> {
    /// Its identifier: the IdP's own, or the one that Postlude minted.
    pub(crate) id: &'a str,
    /// The factors that count.
    pub(crate) factors: Vec<AnswerFactor<'a>>,
}

/// A factor in an answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct AnswerFactor<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// When it was completed.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) completed_at: Time,
    /// Until when the strictest policy takes it.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) expires_at: Time,
}

/// Scopes to add and to remove.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct AnswerScopes<'a> {
    /// To add.
    pub(crate) add: &'a [String],
    /// To remove.
    pub(crate) remove: &'a [String],
}

/// Changes of the user's metadata.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct AnswerUpdates<'a> {
    /// Of the metadata that only the tenant may write.
    #[schema(value_type = Object)]
    pub(crate) app_metadata: Members<'a>,
    /// Of the metadata that the user may write.
    #[schema(value_type = Object)]
    pub(crate) user_metadata: Members<'a>,
}

/// One run in an answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct AnswerAction<'a> {
    /// The action.
    pub(crate) name: &'a str,
    /// The plugin's version.
    pub(crate) version: &'a str,
    /// The plugin.
    #[schema(value_type = crate::openapi::DigestText)]
    pub(crate) digest: Digest,
    /// What it came to.
    #[schema(value_type = crate::openapi::VerdictText)]
    pub(crate) decision: &'static str,
    /// Whether the action only reports: the decision is what would have been, and nothing came of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) report_only: bool,
    /// Why.
    pub(crate) why: &'a str,
    /// Fuel units.
    pub(crate) fuel: u64,
    /// Bytes of linear memory.
    pub(crate) memory_bytes: u64,
    /// Microseconds.
    pub(crate) duration_us: u64,
}

impl<'a> Answer<'a> {
    /// The answer as JSON.
    pub(crate) fn of(answer: &'a LoginAnswer) -> Self {
        let (subject, effects) = (answer.subject(), answer.effects());
        let session_id = subject.session_id.as_ref().map(|id| id.as_str());
        let outcome = answer.outcome();
        let bare = Self {
            login_id: answer.login_id().as_str(),
            outcome: outcome.as_str(),
            subject: AnswerSubject {
                user_id: subject.user_id.as_str(),
                client_id: subject.client_id.as_str(),
                session_id,
            },
            session: session_id.map(|id| AnswerSession { id, factors: Vec::new() }),
            location: None,
            resume_key: None,
            expires_at: None,
            action: None,
            code: None,
            message: None,
            amr: None,
            id_token_claims: None,
            access_token_claims: None,
            scopes: None,
            user_updates: AnswerUpdates {
                app_metadata: Members::Patch(&effects.app_metadata),
                user_metadata: Members::Patch(&effects.user_metadata),
            },
            idp_requests: answer.idp_requests(),
            actions: answer.actions().iter().map(AnswerAction::of).collect(),
        };
        bare.with_outcome(outcome)
    }

    fn with_outcome(self, outcome: AnswerOutcome<'a>) -> Self {
        match outcome {
            AnswerOutcome::Running => self,
            AnswerOutcome::Redirect { location, resume_key, expires_at } => {
                Self { location, resume_key, expires_at: Some(Time(expires_at)), ..self }
            }
            AnswerOutcome::Continue { settled, effects } => self.with_worth(settled, effects),
            AnswerOutcome::Deny { action, denial } => {
                let (code, message) = (Some(denial.code.as_str()), Some(denial.message.as_str()));
                Self { action: Some(action.as_str()), code, message, ..self }
            }
            AnswerOutcome::InteractionRequired { action } => Self { action: Some(action.as_str()), ..self },
            AnswerOutcome::Ended(why) => Self { code: Some(why.as_str()), ..self },
        }
    }

    /// What a `continue` is worth.
    fn with_worth(mut self, settled: &'a Settled, effects: &'a Effects) -> Self {
        if let Some(session) = &mut self.session {
            session.factors = settled.factors.iter().map(AnswerFactor::of).collect();
        }
        Self {
            amr: Some(&settled.amr),
            id_token_claims: Some(Members::Values(&effects.id_token_claims)),
            access_token_claims: Some(Members::Values(&effects.access_token_claims)),
            scopes: Some(AnswerScopes { add: &effects.add_scopes, remove: &effects.remove_scopes }),
            ..self
        }
    }
}

impl<'a> AnswerFactor<'a> {
    fn of(factor: &'a FactorStanding) -> Self {
        let (completed_at, expires_at) = (Time(factor.completed_at), Time(factor.expires_at));
        Self { name: factor.name.as_str(), completed_at, expires_at }
    }
}

impl<'a> AnswerAction<'a> {
    fn of(ran: &'a Trace) -> Self {
        Self {
            name: ran.action.as_str(),
            version: &ran.version,
            digest: ran.digest,
            decision: ran.decision.as_str(),
            report_only: ran.report_only,
            why: &ran.why,
            fuel: ran.fuel,
            memory_bytes: ran.memory_bytes,
            duration_us: ran.duration_us,
        }
    }
}
