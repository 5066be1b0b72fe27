//! The answer to an IdP as JSON.

use postlude_host::login::{AnswerAction as RanAction, AnswerFactors, AnswerOutcome, LoginAnswer};
use postlude_host::rfc3339;
use postlude_model::json::Json;
use postlude_model::login::FactorStanding;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
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
    #[schema(format = DateTime)]
    pub(crate) expires_at: Option<String>,
    /// The action that denied, or whose prompt is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) action: Option<&'a str>,
    /// Why it was denied or ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<&'a str>,
    /// What the user may read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<&'a str>,
    /// What a `continue` is worth.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) worth: Option<AnswerWorth<'a>>,
    /// A merge patch (RFC 7396) of the user's metadata, cumulative.
    pub(crate) user_updates: AnswerUpdates,
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
    #[schema(format = DateTime)]
    pub(crate) completed_at: String,
    /// Until when the strictest policy takes it.
    #[schema(format = DateTime)]
    pub(crate) expires_at: String,
}

/// What a `continue` is worth.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct AnswerWorth<'a> {
    /// Authentication method references (RFC 8176).
    #[schema(required = false)]
    pub(crate) amr: &'a [String],
    /// Claims for the ID token.
    #[schema(value_type = Object, required = false)]
    pub(crate) id_token_claims: Map<String, Value>,
    /// Claims for the access token.
    #[schema(value_type = Object, required = false)]
    pub(crate) access_token_claims: Map<String, Value>,
    /// Scopes for the access token.
    #[schema(required = false)]
    pub(crate) scopes: AnswerScopes<'a>,
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
pub(crate) struct AnswerUpdates {
    /// Of the metadata that only the tenant may write.
    #[schema(value_type = Object)]
    pub(crate) app_metadata: Map<String, Value>,
    /// Of the metadata that the user may write.
    #[schema(value_type = Object)]
    pub(crate) user_metadata: Map<String, Value>,
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
    pub(crate) digest: String,
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
        let session_id = answer.session_id.as_ref().map(|id| id.as_str());
        let bare = Self {
            login_id: answer.login_id.as_str(),
            outcome: answer.outcome.as_str(),
            subject: AnswerSubject {
                user_id: answer.user_id.as_str(),
                client_id: answer.client_id.as_str(),
                session_id,
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
                app_metadata: patch(&answer.app_metadata),
                user_metadata: patch(&answer.user_metadata),
            },
            idp_requests: Vec::new(),
            actions: answer.actions.iter().map(AnswerAction::of).collect(),
        };
        bare.with_outcome(&answer.outcome)
    }

    fn with_outcome(self, outcome: &'a AnswerOutcome) -> Self {
        match outcome {
            AnswerOutcome::Running => self,
            AnswerOutcome::Redirect { location, resume_key, expires_at } => Self {
                location: location.as_deref(),
                resume_key: resume_key.as_deref(),
                expires_at: Some(rfc3339(*expires_at)),
                ..self
            },
            AnswerOutcome::Continue { factors, id_token_claims, access_token_claims, add_scopes, remove_scopes } => {
                let AnswerFactors { amr, factors } = factors;
                let worth = AnswerWorth {
                    amr,
                    id_token_claims: claims(id_token_claims),
                    access_token_claims: claims(access_token_claims),
                    scopes: AnswerScopes { add: add_scopes, remove: remove_scopes },
                };
                let factors = |session: AnswerSession<'a>| AnswerSession {
                    factors: factors.iter().map(AnswerFactor::of).collect(),
                    ..session
                };
                Self { session: self.session.map(factors), worth: Some(worth), ..self }
            }
            AnswerOutcome::Deny { action, code, message } => {
                Self { action: Some(action.as_str()), code: Some(code), message: Some(message), ..self }
            }
            AnswerOutcome::InteractionRequired { action } => Self { action: Some(action.as_str()), ..self },
            AnswerOutcome::Ended(why) => Self { code: Some(why.as_str()), ..self },
        }
    }
}

impl<'a> AnswerFactor<'a> {
    fn of(factor: &'a FactorStanding) -> Self {
        Self {
            name: factor.name.as_str(),
            completed_at: rfc3339(factor.completed_at),
            expires_at: rfc3339(factor.expires_at),
        }
    }
}

impl<'a> AnswerAction<'a> {
    fn of(action: &'a RanAction) -> Self {
        Self {
            name: action.name.as_str(),
            version: &action.version,
            digest: action.digest.to_string(),
            decision: action.decision.as_str(),
            report_only: action.report_only,
            why: &action.why,
            fuel: action.fuel,
            memory_bytes: action.memory_bytes,
            duration_us: action.duration_us,
        }
    }
}

fn claims(claims: &BTreeMap<String, Json>) -> Map<String, Value> {
    claims.iter().map(|(name, value)| (name.clone(), value.to_value())).collect()
}

fn patch(changes: &BTreeMap<String, Option<Json>>) -> Map<String, Value> {
    let value = |change: &Option<Json>| change.as_ref().map_or(Value::Null, Json::to_value);
    changes.iter().map(|(key, change)| (key.clone(), value(change))).collect()
}
