//! What a host answered, as JSON that a test compares: the answer itself, what the runs did, and what the session holds.

use super::http::{answer_json, request_json};
use super::refusal::Refusal;
use super::runs::Run;
use crate::partner::PromptRequest;
use postlude_host::login::{AnswerOutcome, LoginAnswer};
use postlude_model::decision::{Command, Decision, Failure};
use postlude_model::json::Json;
use postlude_model::run::{Ending, LogLine};
use postlude_model::session::Session;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The members that the JSON of an answer may have.
pub const ANSWER_MEMBERS: [&str; 27] = [
    "outcome",
    "login_id",
    "user_id",
    "session_id",
    "redirect",
    "factors",
    "amr",
    "id_token",
    "access_token",
    "add_scopes",
    "remove_scopes",
    "idp_requests",
    "deny",
    "action",
    "ended",
    "refused",
    "app_metadata",
    "user_metadata",
    "session",
    "actions",
    "log",
    "http",
    "fuel",
    "memory_bytes",
    "host_calls",
    "runs",
    "trap",
];

/// What came of one step: of a login, or of a browser that came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Everything about it as JSON: see [`docs/testing.md`](https://github.com/postlude/postlude/blob/main/docs/testing.md) for the
    /// members.
    pub json: Value,
    /// The runs of this step, in order.
    pub runs: Vec<Run>,
}

impl Answer {
    /// The outcome: `continue`, `redirect`, `deny`, `interaction_required`, `ended`, `refused` or `waiting`.
    #[must_use]
    pub fn outcome(&self) -> &str {
        self.json.get("outcome").and_then(Value::as_str).unwrap_or_default()
    }

    /// A browser that does not come back: nobody is asked anything.
    pub(super) fn waiting() -> Self {
        Self { json: json!({ "outcome": "waiting" }), runs: Vec::new() }
    }

    /// A call, or a browser, that is refused.
    pub(super) fn refused(refusal: &Refusal, runs: Vec<Run>) -> Self {
        let refused = json!({ "by": refusal.by, "code": refusal.code, "message": refusal.message });
        let mut json = json!({ "outcome": "refused", "refused": refused });
        add_runs(&mut json, &runs);
        Self { json, runs }
    }

    /// The host's answer to the identity provider.
    pub(super) fn of(answer: &LoginAnswer, session: Option<&Session>, runs: Vec<Run>) -> Self {
        let mut json = json!({
            "outcome": answer.outcome().as_str(),
            "login_id": answer.login_id().as_str(),
            "user_id": answer.subject().user_id.as_str(),
            "session_id": answer.subject().session_id.as_ref().map(|id| id.as_str()),
            "app_metadata": optional_map(&answer.effects().app_metadata),
            "user_metadata": optional_map(&answer.effects().user_metadata),
            "actions": answer.actions().iter().map(|action| json!({
                "name": action.action.as_str(), "decision": action.decision.as_str(), "why": action.why,
                "report_only": action.report_only,
            })).collect::<Vec<_>>(),
        });
        if let Value::Object(members) = &mut json {
            members.extend(outcome(&answer.outcome()));
            let requests = answer.idp_requests();
            if !requests.is_empty() {
                members.insert("idp_requests".to_owned(), requests.into());
            }
            members.insert("session".to_owned(), session.map_or(Value::Null, session_json));
        }
        add_runs(&mut json, &runs);
        Self { json, runs }
    }
}

fn outcome(outcome: &AnswerOutcome<'_>) -> Map<String, Value> {
    let json = match outcome {
        AnswerOutcome::Continue { settled, effects } => json!({
            "amr": settled.amr,
            "factors": settled.factors.iter().map(|factor| factor.name.as_str()).collect::<Vec<_>>(),
            "id_token": map(&effects.id_token_claims),
            "access_token": map(&effects.access_token_claims),
            "add_scopes": effects.add_scopes,
            "remove_scopes": effects.remove_scopes,
        }),
        AnswerOutcome::Redirect { location, .. } => {
            json!({ "redirect": location.map_or(Value::Null, redirect) })
        }
        AnswerOutcome::Deny { action, denial } => {
            json!({ "deny": { "action": action.as_str(), "code": denial.code, "message": denial.message } })
        }
        AnswerOutcome::InteractionRequired { action } => json!({ "action": action.as_str() }),
        AnswerOutcome::Ended(why) => json!({ "ended": why.as_str() }),
        AnswerOutcome::Running => json!({}),
    };
    match json {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// A location as its parts: the URL without its query, the query, and the claims of the request token in it.
fn redirect(location: &str) -> Value {
    let Ok(url) = url::Url::parse(location) else { return json!({ "location": location }) };
    let mut bare = url.clone();
    bare.set_query(None);
    bare.set_fragment(None);
    let query: Map<String, Value> = url.query_pairs().map(|(name, value)| (name.into(), value.into())).collect();
    let token = PromptRequest::read(location).map_or(Value::Null, |request| request.claims);
    let mut redirect = json!({ "location": location, "url": bare.as_str(), "query": query });
    if let (false, Value::Object(members)) = (token.is_null(), &mut redirect) {
        members.insert("token".to_owned(), token);
    }
    redirect
}

fn session_json(session: &Session) -> Value {
    json!({
        "factors": session.factors.iter().map(|factor| factor.name.as_str()).collect::<Vec<_>>(),
        "metadata": map(&session.metadata),
    })
}

fn map(values: &BTreeMap<String, Json>) -> Value {
    Value::Object(values.iter().map(|(name, value)| (name.clone(), value.to_value())).collect())
}

fn optional_map(values: &BTreeMap<String, Option<Json>>) -> Value {
    let value = |value: &Option<Json>| value.as_ref().map_or(Value::Null, Json::to_value);
    Value::Object(values.iter().map(|(name, to)| (name.clone(), value(to))).collect())
}

/// What the runs of the step did, over all of them, and each on its own.
fn add_runs(json: &mut Value, runs: &[Run]) {
    let Value::Object(members) = json else { return };
    let lines = runs.iter().flat_map(|run| &run.report.log.lines).map(log_text).collect::<Vec<_>>();
    let http = runs.iter().flat_map(|run| &run.report.http);
    let http: Vec<_> = http
        .map(|exchange| json!({ "request": request_json(&exchange.request), "answer": answer_json(&exchange.answer) }))
        .collect();
    let most = |of: fn(&Run) -> u64| runs.iter().map(of).max().unwrap_or_default();
    members.insert("log".to_owned(), lines.into());
    members.insert("http".to_owned(), http.into());
    members.insert("fuel".to_owned(), most(|run| run.report.usage.fuel).into());
    members.insert("memory_bytes".to_owned(), most(|run| run.report.usage.memory_bytes).into());
    members.insert("host_calls".to_owned(), most(|run| run.report.usage.host_calls).into());
    if let Some(trap) = runs.iter().find_map(trap) {
        members.insert("trap".to_owned(), trap.into());
    }
    members.insert("runs".to_owned(), runs.iter().map(run_json).collect::<Vec<_>>().into());
}

/// What stopped a run, in a sentence.
fn trap(run: &Run) -> Option<String> {
    match &run.report.ending {
        Ending::Trapped(trap) => Some(trap.message.clone()),
        Ending::Leaked(leak) => Some(leak.to_string()),
        Ending::TimedOut => Some("the wall clock ran out".to_owned()),
        Ending::Busy => Some("no place to run came free".to_owned()),
        Ending::Decided(_) | Ending::Failed(_) => None,
    }
}

/// A line of a plugin's log in one line of text.
#[must_use]
pub fn log_text(line: &LogLine) -> String {
    let fields: String = line.fields.iter().map(|(name, value)| format!(" {name}={value}")).collect();
    format!("{} {}{fields}", line.level.as_str(), line.message)
}

/// A run as JSON.
#[must_use]
pub fn run_json(run: &Run) -> Value {
    let (input, report) = (&run.input, &run.report);
    json!({
        "action": input.action.spec.name.as_str(),
        "phase": input.phase.as_str(),
        "ending": ending_json(&report.ending),
        "commands": report.commands.iter().map(command_json).collect::<Vec<_>>(),
        "log": report.log.lines.iter().map(log_text).collect::<Vec<_>>(),
        "fuel": report.usage.fuel,
        "memory_bytes": report.usage.memory_bytes,
        "host_calls": report.usage.host_calls,
    })
}

fn ending_json(ending: &Ending) -> Value {
    match ending {
        Ending::Decided(Decision::Continue) => json!({ "decision": "continue" }),
        Ending::Decided(Decision::Redirect(request)) => json!({ "decision": "redirect", "redirect": request }),
        Ending::Decided(Decision::Deny(denial)) => json!({ "decision": "deny", "denial": denial }),
        Ending::Failed(Failure::Other(why)) => json!({ "failed": why }),
        Ending::Failed(Failure::Unavailable(why)) => json!({ "failed": why, "unavailable": true }),
        Ending::Trapped(trap) => json!({ "trap": trap.message, "limit": trap.limit }),
        Ending::Leaked(leak) => json!({ "leak": leak.to_string(), "secret": leak.secret }),
        Ending::TimedOut => json!({ "trap": "the wall clock ran out", "limit": "wall_clock" }),
        Ending::Busy => json!({ "trap": "no place to run came free", "limit": "wall_clock" }),
    }
}

fn command_json(command: &Command) -> Value {
    let value = |value: &Option<Json>| value.as_ref().map_or(Value::Null, Json::to_value);
    let change = |what: &str, key: &str, to: Value| json!({ "command": what, "key": key, "value": to });
    match command {
        Command::RecordFactor { name, evidence } => {
            json!({ "command": "record_factor", "name": name.as_str(), "evidence": value(evidence) })
        }
        Command::SetIdTokenClaim { name, value } => change("set_id_token_claim", name, value.to_value()),
        Command::SetAccessTokenClaim { name, value } => change("set_access_token_claim", name, value.to_value()),
        Command::AddScope(scope) => json!({ "command": "add_scope", "scope": scope }),
        Command::RemoveScope(scope) => json!({ "command": "remove_scope", "scope": scope }),
        Command::SetLoginMetadata { key, value: to } => change("set_login_metadata", key, value(to)),
        Command::SetSessionMetadata { key, value: to } => change("set_session_metadata", key, value(to)),
        Command::SetAppMetadata { key, value: to } => change("set_app_metadata", key, value(to)),
        Command::SetUserMetadata { key, value: to } => change("set_user_metadata", key, value(to)),
        Command::Stash(value) => json!({ "command": "stash", "value": value.to_value() }),
        Command::SetCache { key, entry } => {
            change("set_cache", key, entry.as_ref().map_or(Value::Null, |entry| entry.value.to_value()))
        }
    }
}
