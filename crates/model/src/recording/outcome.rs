//! What came out of a run as JSON, for files and scripts.

use crate::decision::{Command, Decision, Failure};
use crate::json::Json;
use crate::run::{Ending, Report};
use serde_json::{Value, json};

/// How a run ended, its effects, its log and what it consumed, the duration apart: the same input gives the same value.
#[must_use]
pub fn outcome(report: &Report) -> Value {
    json!({
        "ending": ending(&report.ending),
        "commands": report.commands.iter().map(command).collect::<Vec<_>>(),
        "log": report.log,
        "usage": {
            "fuel": report.usage.fuel,
            "memory_bytes": report.usage.memory_bytes,
            "host_calls": report.usage.host_calls,
        },
    })
}

fn ending(ending: &Ending) -> Value {
    match ending {
        Ending::Decided(Decision::Continue) => json!({ "decision": "continue" }),
        Ending::Decided(Decision::Redirect(request)) => json!({ "decision": "redirect", "redirect": request }),
        Ending::Decided(Decision::Deny(denial)) => json!({ "decision": "deny", "denial": denial }),
        Ending::Failed(Failure::Other(why)) => json!({ "failure": "other", "message": why }),
        Ending::Failed(Failure::Unavailable(why)) => json!({ "failure": "unavailable", "message": why }),
        Ending::Trapped(trap) => json!({ "trap": trap.message, "limit": trap.limit, "backtrace": trap.backtrace }),
        Ending::Leaked(leak) => json!({ "leak": leak.to_string(), "secret": leak.secret }),
        Ending::TimedOut => json!({ "trap": "the wall clock ran out", "limit": "wall_clock", "backtrace": [] }),
        Ending::Busy => json!({ "trap": "no place to run came free", "limit": "wall_clock", "backtrace": [] }),
    }
}

/// A buffered effect as JSON.
#[must_use]
pub fn command(command: &Command) -> Value {
    let value = |value: &Option<Json>| value.as_ref().map_or(Value::Null, Json::to_value);
    let change = |what: &str, key: &str, to: &Option<Json>| json!({ "command": what, "key": key, "value": value(to) });
    match command {
        Command::RecordFactor { name, evidence } => {
            json!({ "command": "record_factor", "name": name, "evidence": value(evidence) })
        }
        Command::SetIdTokenClaim { name, value } => {
            json!({ "command": "set_id_token_claim", "name": name, "value": value.to_value() })
        }
        Command::SetAccessTokenClaim { name, value } => {
            json!({ "command": "set_access_token_claim", "name": name, "value": value.to_value() })
        }
        Command::AddScope(scope) => json!({ "command": "add_scope", "scope": scope }),
        Command::RemoveScope(scope) => json!({ "command": "remove_scope", "scope": scope }),
        Command::SetLoginMetadata { key, value } => change("set_login_metadata", key, value),
        Command::SetSessionMetadata { key, value } => change("set_session_metadata", key, value),
        Command::SetAppMetadata { key, value } => change("set_app_metadata", key, value),
        Command::SetUserMetadata { key, value } => change("set_user_metadata", key, value),
        Command::Stash(value) => json!({ "command": "stash", "value": value.to_value() }),
        Command::SetCache { key, entry } => {
            let expires_at = entry.as_ref().map(|entry| entry.expires_at);
            let to = entry.as_ref().map(|entry| entry.value.clone());
            json!({ "command": "set_cache", "key": key, "value": value(&to), "expires_at": expires_at })
        }
    }
}
