//! One recorded run: the format of the file, and how a run becomes it.

use super::outcome::outcome;
use super::redact::{NotRecorded, RESUMED_STATE, Redaction};
use crate::action::{ActionSpec, Mode};
use crate::http::{Exchange, HttpError, Request, Response};
use crate::json::Json;
use crate::names::{FactorName, Timestamp};
use crate::run::{FactorView, Metadata, Proof, Reply, Report, RunInput};
use crate::token::{TokenError, Verdict};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// One run as a recording holds it. JSON values of the login are texts, so that they stay what they were.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedRun {
    /// The export, as [`Phase::as_str`](crate::run::Phase::as_str) names it.
    pub phase: String,
    /// The action, with its settings, grants and budget.
    pub spec: ActionSpec,
    /// Development mode.
    pub development: bool,
    /// The bytes of each secret; a replay has a text of that length in its place.
    pub secrets: BTreeMap<String, usize>,
    /// The mode of the login.
    pub mode: Mode,
    /// The login.
    pub login_id: String,
    /// The run.
    pub run_id: String,
    /// The user.
    pub user_id: String,
    /// The tenant's issuer URL.
    pub issuer: String,
    /// The tenant's continue URL.
    pub continue_url: String,
    /// The granted part of the event.
    pub event: Json,
    /// What the browser brought back.
    pub reply: Option<RecordedReply>,
    /// The session's records of the action's factors.
    pub factors: Vec<RecordedFactor>,
    /// The login's metadata.
    pub login_metadata: Metadata,
    /// The session's metadata.
    pub session_metadata: Metadata,
    /// The host's clock.
    pub now: Timestamp,
    /// The seed of the random numbers, in hexadecimal digits.
    pub seed: String,
    /// The action's cache: value and expiry by key.
    pub cache: BTreeMap<String, (Json, Timestamp)>,
    /// The requests that the plugin made and their answers, in order.
    pub http: Vec<RecordedExchange>,
    /// What came of the run: [`outcome`].
    pub outcome: Value,
}

/// What the browser brought back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedReply {
    pub(super) method: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) form: Vec<(String, String)>,
    pub(super) asked_for: Option<FactorName>,
    pub(super) token: RecordedToken,
    pub(super) proof: RecordedProof,
    pub(super) stash: Option<Json>,
}

/// The result token's claims, or why there are none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RecordedToken {
    Claims(Json),
    Other(String),
    NotApplicable,
    Missing,
    Invalid(String),
    UnknownKey,
    InvalidClaims(String),
}

/// What the reply proved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RecordedProof {
    Nothing,
    Token { factor: Option<FactorName>, verdict: Verdict },
    Judged,
}

/// A factor's record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedFactor {
    pub(super) name: FactorName,
    pub(super) completed_at: Timestamp,
    pub(super) fresh: bool,
}

/// A request and its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedExchange {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<RecordedBody>,
    pub(super) answer: RecordedAnswer,
}

/// What a request came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RecordedAnswer {
    Response { status: u16, headers: Vec<(String, String)>, body: RecordedBody },
    Other(String),
    NotAvailable,
    NotGranted,
    InvalidRequest(String),
    Timeout,
    TooLarge,
}

/// Content: text where it is text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum RecordedBody {
    Text(String),
    Bytes(Vec<u8>),
}

/// Header fields of a request that are no credential.
const PLAIN_HEADERS: [&str; 4] = ["accept", "accept-language", "content-type", "user-agent"];

impl RecordedRun {
    /// Records a run. `event` is the part of the event that the action was granted.
    ///
    /// # Errors
    /// When a secret could not be found again in what is recorded.
    pub fn new(input: &RunInput, event: Json, report: &Report) -> Result<Self, NotRecorded> {
        let resumed = input.reply.as_ref().map(|reply| reply.resumed_state.as_str());
        let redaction = Redaction::new(&input.action, &input.state, resumed)?;
        let whole = Self::whole(input, event, report);
        let format = |why: serde_json::Error| NotRecorded::Format(why.to_string());
        let mut value = serde_json::to_value(&whole).map_err(format)?;
        let mut outcome = outcome(report);
        redaction.output(&mut outcome);
        redaction.input(&mut value);
        let mut run: Self = serde_json::from_value(value).map_err(format)?;
        run.outcome = outcome;
        Ok(run)
    }

    /// Everything but the outcome, nothing taken out yet.
    fn whole(input: &RunInput, event: Json, report: &Report) -> Self {
        let action = &input.action;
        let factor = |FactorView { name, completed_at, fresh }: &FactorView| RecordedFactor {
            name: name.clone(),
            completed_at: *completed_at,
            fresh: *fresh,
        };
        Self {
            phase: input.phase.as_str().to_owned(),
            spec: action.spec.clone(),
            development: action.development,
            secrets: action.secrets.iter().map(|(name, secret)| (name.clone(), secret.reveal().len())).collect(),
            mode: input.mode,
            login_id: input.login_id.to_string(),
            run_id: input.run_id.to_string(),
            user_id: input.user_id.clone(),
            issuer: input.issuer.clone(),
            continue_url: input.continue_url.clone(),
            event,
            reply: input.reply.as_ref().map(RecordedReply::of),
            factors: input.factors.iter().map(factor).collect(),
            login_metadata: input.login_metadata.clone(),
            session_metadata: input.session_metadata.clone(),
            now: input.now,
            seed: input.seed.iter().map(|byte| format!("{byte:02x}")).collect(),
            cache: input
                .cache
                .iter()
                .map(|(key, entry)| (key.clone(), (entry.value.clone(), entry.expires_at)))
                .collect(),
            http: report.http.iter().map(RecordedExchange::of).collect(),
            outcome: Value::Null,
        }
    }
}

impl RecordedReply {
    fn of(reply: &Reply) -> Self {
        let Reply { method, query, form, asked_for, token, proof, stash, resumed_state: _ } = reply;
        Self {
            method: method.clone(),
            query: query.clone(),
            form: form.clone(),
            asked_for: asked_for.clone(),
            token: match token {
                Ok(claims) => RecordedToken::Claims(claims.clone()),
                Err(TokenError::Other(why)) => RecordedToken::Other(why.clone()),
                Err(TokenError::NotApplicable) => RecordedToken::NotApplicable,
                Err(TokenError::Missing) => RecordedToken::Missing,
                Err(TokenError::Invalid(why)) => RecordedToken::Invalid(why.clone()),
                Err(TokenError::UnknownKey) => RecordedToken::UnknownKey,
                Err(TokenError::InvalidClaims(why)) => RecordedToken::InvalidClaims(why.clone()),
            },
            proof: match proof {
                Proof::Nothing => RecordedProof::Nothing,
                Proof::Judged => RecordedProof::Judged,
                Proof::Token { factor, verdict } => RecordedProof::Token { factor: factor.clone(), verdict: *verdict },
            },
            stash: stash.clone(),
        }
    }

    pub(super) fn reply(self) -> Reply {
        Reply {
            method: self.method,
            query: self.query,
            form: self.form,
            resumed_state: RESUMED_STATE.to_owned(),
            asked_for: self.asked_for,
            token: match self.token {
                RecordedToken::Claims(claims) => Ok(claims),
                RecordedToken::Other(why) => Err(TokenError::Other(why)),
                RecordedToken::NotApplicable => Err(TokenError::NotApplicable),
                RecordedToken::Missing => Err(TokenError::Missing),
                RecordedToken::Invalid(why) => Err(TokenError::Invalid(why)),
                RecordedToken::UnknownKey => Err(TokenError::UnknownKey),
                RecordedToken::InvalidClaims(why) => Err(TokenError::InvalidClaims(why)),
            },
            proof: match self.proof {
                RecordedProof::Nothing => Proof::Nothing,
                RecordedProof::Judged => Proof::Judged,
                RecordedProof::Token { factor, verdict } => Proof::Token { factor, verdict },
            },
            stash: self.stash,
        }
    }
}

impl RecordedFactor {
    pub(super) fn view(&self) -> FactorView {
        FactorView { name: self.name.clone(), completed_at: self.completed_at, fresh: self.fresh }
    }
}

impl RecordedExchange {
    fn of(Exchange { request, answer }: &Exchange) -> Self {
        let Request { method, url, headers, body } = request;
        // What else a header may hold is the plugin's to know, and mostly a credential.
        let plain = |name: &str| PLAIN_HEADERS.iter().any(|known| name.eq_ignore_ascii_case(known));
        let kept = |(name, value): &(String, String)| {
            let value = if plain(name) { value.clone() } else { "redacted".to_owned() };
            (name.clone(), value)
        };
        Self {
            method: method.clone(),
            url: url.clone(),
            headers: headers.iter().map(kept).collect(),
            body: body.as_deref().map(RecordedBody::of),
            answer: match answer {
                Ok(Response { status, headers, body }) => {
                    let cookie = |name: &str| name.eq_ignore_ascii_case("set-cookie");
                    let headers = headers.iter().filter(|(name, _)| !cookie(name)).cloned().collect();
                    RecordedAnswer::Response { status: *status, headers, body: RecordedBody::of(body) }
                }
                Err(HttpError::Other(why)) => RecordedAnswer::Other(why.clone()),
                Err(HttpError::NotAvailable) => RecordedAnswer::NotAvailable,
                Err(HttpError::NotGranted) => RecordedAnswer::NotGranted,
                Err(HttpError::InvalidRequest(why)) => RecordedAnswer::InvalidRequest(why.clone()),
                Err(HttpError::Timeout) => RecordedAnswer::Timeout,
                Err(HttpError::TooLarge) => RecordedAnswer::TooLarge,
            },
        }
    }

    pub(super) fn answer(self) -> Result<Response, HttpError> {
        match self.answer {
            RecordedAnswer::Response { status, headers, body } => Ok(Response { status, headers, body: body.bytes() }),
            RecordedAnswer::Other(why) => Err(HttpError::Other(why)),
            RecordedAnswer::NotAvailable => Err(HttpError::NotAvailable),
            RecordedAnswer::NotGranted => Err(HttpError::NotGranted),
            RecordedAnswer::InvalidRequest(why) => Err(HttpError::InvalidRequest(why)),
            RecordedAnswer::Timeout => Err(HttpError::Timeout),
            RecordedAnswer::TooLarge => Err(HttpError::TooLarge),
        }
    }
}

impl RecordedBody {
    fn of(bytes: &[u8]) -> Self {
        std::str::from_utf8(bytes).map_or_else(|_| Self::Bytes(bytes.to_vec()), |text| Self::Text(text.to_owned()))
    }

    fn bytes(self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.into_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}
