//! The answer to an IdP, always made from the login record.

use crate::clock::rfc3339;
use postlude_model::json::Json;
use postlude_model::login::{EndReason, LoginRecord, Settled, Status};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The answer to an IdP.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Answer {
    /// The login.
    pub login_id: String,
    /// `continue`, `redirect`, `deny`, `interaction_required` or, of a login that was ended from outside, `ended`.
    #[schema(value_type = crate::openapi::OutcomeText)]
    pub outcome: &'static str,
    /// Whose login it is.
    pub subject: AnswerSubject,
    /// The session, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<AnswerSession>,
    /// Where to send the browser, with 303 (RFC 9110, section 15.4.4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// For the IdP's transaction; never in a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume_key: Option<String>,
    /// Until when the browser may come back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
    /// The action that denied, or whose prompt is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Why it was denied or ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What the user may read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What a `continue` is worth.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub worth: Option<AnswerWorth>,
    /// A merge patch (RFC 7396) of the user's metadata, cumulative.
    pub user_updates: AnswerUpdates,
    /// Requests that only the IdP can fulfil.
    #[schema(value_type = Vec<Object>)]
    pub idp_requests: Vec<Value>,
    /// What ran.
    pub actions: Vec<AnswerAction>,
}

/// Whose login an answer is about.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AnswerSubject {
    /// The user.
    pub user_id: String,
    /// The client.
    pub client_id: String,
    /// The session.
    pub session_id: Option<String>,
}

/// The session in an answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AnswerSession {
    /// Its identifier: the IdP's own, or the one that Postlude minted.
    pub id: String,
    /// The factors that count.
    pub factors: Vec<AnswerFactor>,
}

/// A factor in an answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AnswerFactor {
    /// Its name.
    pub name: String,
    /// When it was completed.
    #[schema(format = DateTime)]
    pub completed_at: String,
    /// Until when the strictest policy takes it.
    #[schema(format = DateTime)]
    pub expires_at: String,
}

/// What a `continue` is worth.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AnswerWorth {
    /// Authentication method references (RFC 8176).
    #[schema(required = false)]
    pub amr: Vec<String>,
    /// Claims for the ID token.
    #[schema(value_type = Object, required = false)]
    pub id_token_claims: Map<String, Value>,
    /// Claims for the access token.
    #[schema(value_type = Object, required = false)]
    pub access_token_claims: Map<String, Value>,
    /// Scopes for the access token.
    #[schema(required = false)]
    pub scopes: AnswerScopes,
}

/// Scopes to add and to remove.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AnswerScopes {
    /// To add.
    pub add: Vec<String>,
    /// To remove.
    pub remove: Vec<String>,
}

/// Changes of the user's metadata.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AnswerUpdates {
    /// Of the metadata that only the tenant may write.
    #[schema(value_type = Object)]
    pub app_metadata: Map<String, Value>,
    /// Of the metadata that the user may write.
    #[schema(value_type = Object)]
    pub user_metadata: Map<String, Value>,
}

/// One run in an answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AnswerAction {
    /// The action.
    pub name: String,
    /// The plugin's version.
    pub version: String,
    /// The plugin.
    #[schema(value_type = crate::openapi::DigestText)]
    pub digest: String,
    /// What it came to.
    #[schema(value_type = crate::openapi::VerdictText)]
    pub decision: &'static str,
    /// It only reports: this is what would have come of it, and nothing did.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub report_only: bool,
    /// Why.
    pub why: String,
    /// Fuel units.
    pub fuel: u64,
    /// Bytes of linear memory.
    pub memory_bytes: u64,
    /// Microseconds.
    pub duration_us: u64,
}

impl Answer {
    /// The answer that a login record stands for. `resume_key` goes only to who may resume the login.
    #[must_use]
    pub fn of(record: &LoginRecord, resume_key: Option<String>) -> Self {
        let mut answer = Self::bare(record);
        match &record.status {
            Status::Running => answer.outcome = "running",
            Status::Suspended(suspension) => {
                answer.outcome = "redirect";
                answer.location = Some(suspension.location.clone());
                answer.resume_key = resume_key;
                answer.expires_at = Some(rfc3339(suspension.expires_at));
            }
            Status::Continued(settled) => {
                answer.outcome = "continue";
                answer.settle(record, settled);
            }
            Status::Denied { action, denial, .. } => {
                answer.outcome = "deny";
                answer.action = Some(action.to_string());
                answer.code = Some(denial.code.clone());
                answer.message = Some(denial.message.clone());
            }
            Status::InteractionRequired { action } => {
                answer.outcome = "interaction_required";
                answer.action = Some(action.to_string());
            }
            Status::Ended(why) => {
                answer.outcome = "ended";
                answer.code = Some(end_code(*why).to_owned());
            }
        }
        answer
    }

    /// The answer of a login whose session ended after its outcome.
    #[must_use]
    pub fn ended(record: &LoginRecord) -> Self {
        Self { outcome: "ended", code: Some("session_ended".to_owned()), ..Self::bare(record) }
    }

    fn bare(record: &LoginRecord) -> Self {
        let session_id = record.subject.session_id.as_ref().map(ToString::to_string);
        Self {
            login_id: record.id.to_string(),
            outcome: "ended",
            subject: AnswerSubject {
                user_id: record.subject.user_id.to_string(),
                client_id: record.subject.client_id.to_string(),
                session_id: session_id.clone(),
            },
            session: session_id.map(|id| AnswerSession { id, factors: Vec::new() }),
            location: None,
            resume_key: None,
            expires_at: None,
            action: None,
            code: None,
            message: None,
            worth: None,
            user_updates: AnswerUpdates {
                app_metadata: patch(&record.effects.app_metadata),
                user_metadata: patch(&record.effects.user_metadata),
            },
            idp_requests: Vec::new(),
            actions: record.trace.iter().map(AnswerAction::of).collect(),
        }
    }

    fn settle(&mut self, record: &LoginRecord, settled: &Settled) {
        if let Some(session) = &mut self.session {
            session.factors = settled.factors.iter().map(AnswerFactor::of).collect();
        }
        let effects = &record.effects;
        self.worth = Some(AnswerWorth {
            amr: settled.amr.clone(),
            id_token_claims: claims(&effects.id_token_claims),
            access_token_claims: claims(&effects.access_token_claims),
            scopes: AnswerScopes { add: effects.add_scopes.clone(), remove: effects.remove_scopes.clone() },
        });
    }
}

impl AnswerFactor {
    fn of(factor: &postlude_model::login::FactorStanding) -> Self {
        Self {
            name: factor.name.to_string(),
            completed_at: rfc3339(factor.completed_at),
            expires_at: rfc3339(factor.expires_at),
        }
    }
}

impl AnswerAction {
    fn of(trace: &postlude_model::login::Trace) -> Self {
        Self {
            name: trace.action.to_string(),
            version: trace.version.clone(),
            digest: trace.digest.to_string(),
            decision: trace.decision.as_str(),
            report_only: trace.report_only,
            why: trace.why.clone(),
            fuel: trace.fuel,
            memory_bytes: trace.memory_bytes,
            duration_us: trace.duration_us,
        }
    }
}

/// The code of a login that was ended from outside.
#[must_use]
pub const fn end_code(why: EndReason) -> &'static str {
    match why {
        EndReason::SessionEnded => "session_ended",
        EndReason::Evicted => "evicted",
    }
}

fn claims(claims: &BTreeMap<String, Json>) -> Map<String, Value> {
    claims.iter().map(|(name, value)| (name.clone(), value.to_value())).collect()
}

fn patch(changes: &BTreeMap<String, Option<Json>>) -> Map<String, Value> {
    let value = |change: &Option<Json>| change.as_ref().map_or(Value::Null, Json::to_value);
    changes.iter().map(|(key, change)| (key.clone(), value(change))).collect()
}
