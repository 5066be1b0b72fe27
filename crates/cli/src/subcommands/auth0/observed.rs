//! What a plugin did in one phase of a login, in the words of the reference.

use postlude_model::decision::{Command, Decision, Failure};
use postlude_model::json::Json;
use postlude_model::run::Ending;
use postlude_model::run::IDP_REQUESTS;
use postlude_stories::workbench::{Run, answer_json, request_json};
use serde_json::{Map, Value, json};

/// The message of a line that has a call of `api`.
const CALL: &str = "auth0 call";

/// What a run did: `calls`, `requests`, `outcome` and what belongs to it.
pub(super) fn observed(run: &Run) -> Value {
    let lines = run.report.log.lines.iter().filter(|line| line.message == CALL);
    let calls = lines.filter_map(|line| {
        let (_, text) = line.fields.iter().find(|(name, _)| name == "call")?;
        Some(serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone())))
    });
    let http = run.report.http.iter();
    let requests = http.map(|one| json!({ "request": request_json(&one.request), "answer": answer_json(&one.answer) }));
    let mut all = json!({ "calls": calls.collect::<Vec<Value>>(), "requests": requests.collect::<Vec<_>>() });
    if let (Some(members), Value::Object(outcome)) = (all.as_object_mut(), outcome(run)) {
        members.extend(outcome);
    }
    all
}

fn outcome(run: &Run) -> Value {
    let error = |message: &str| json!({ "outcome": "error", "error": { "message": message } });
    match &run.report.ending {
        Ending::Decided(Decision::Continue) => json!({ "outcome": "continue", "effects": effects(run, true) }),
        Ending::Decided(Decision::Deny(denial)) => {
            json!({ "outcome": "deny", "deny": denial.message, "effects": effects(run, false) })
        }
        Ending::Decided(Decision::Redirect(request)) => {
            let Ok(mut url) = reqwest::Url::parse(&request.url) else { return error("the redirect is no URL") };
            let query: Map<String, Value> =
                url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned().into())).collect();
            url.set_query(None);
            url.set_fragment(None);
            let redirect = json!({ "url": url.as_str(), "query": query });
            json!({ "outcome": "redirect", "redirect": redirect, "effects": effects(run, false) })
        }
        Ending::Failed(Failure::Other(why) | Failure::Unavailable(why)) => error(why),
        Ending::Trapped(trap) => error(&trap.message),
        Ending::Leaked(leak) => error(&format!("refused: {leak}")),
        Ending::TimedOut => error("the wall clock ran out"),
        Ending::Busy => error("no place to run came free"),
    }
}

/// The effects of a run's commands; `whole` with those that only a login which goes on keeps.
fn effects(run: &Run, whole: bool) -> Value {
    let (mut id_token, mut access_token, mut app, mut user) = (Map::new(), Map::new(), Map::new(), Map::new());
    let (mut add, mut remove, mut factors) = (Vec::new(), Vec::new(), Vec::new());
    let mut requests = json!([]);
    let optional = |value: &Option<Json>| value.as_ref().map_or(Value::Null, Json::to_value);
    for command in &run.report.commands {
        match command {
            Command::SetIdTokenClaim { name, value } => drop(id_token.insert(name.clone(), value.to_value())),
            Command::SetAccessTokenClaim { name, value } => drop(access_token.insert(name.clone(), value.to_value())),
            Command::SetAppMetadata { key, value } => drop(app.insert(key.clone(), optional(value))),
            Command::SetUserMetadata { key, value } => drop(user.insert(key.clone(), optional(value))),
            Command::AddScope(scope) => shift(scope, &mut remove, &mut add),
            Command::RemoveScope(scope) => shift(scope, &mut add, &mut remove),
            Command::RecordFactor { name, .. } => factors.push(name.to_string()),
            Command::SetLoginMetadata { key, value } if key == IDP_REQUESTS => requests = optional(value),
            Command::SetLoginMetadata { .. }
            | Command::SetSessionMetadata { .. }
            | Command::Stash(_)
            | Command::SetCache { .. } => {}
        }
    }
    let mut effects = json!({ "app_metadata": app, "user_metadata": user, "idp_requests": requests });
    if let (true, Some(members)) = (whole, effects.as_object_mut()) {
        let more = json!({
            "id_token": id_token, "access_token": access_token, "add_scopes": add, "remove_scopes": remove, "factors": factors,
        });
        members.extend(more.as_object().cloned().unwrap_or_default());
    }
    effects
}

fn shift(scope: &str, from: &mut Vec<String>, to: &mut Vec<String>) {
    from.retain(|known| known != scope);
    if !to.iter().any(|known| known == scope) {
        to.push(scope.to_owned());
    }
}
