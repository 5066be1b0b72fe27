//! What actions ask of the identity provider beyond claims, scopes and metadata: a challenge, an enrolment, a primary user.
//!
//! The frozen contract has no function for it, so a run hands its list over as login metadata under a reserved key. The key can be added
//! to and never taken from: no action hides what another one asked for.

use crate::decision::Command;
use crate::json::Json;
use crate::names::ActionName;
use crate::run::{IDP_REQUESTS, Metadata};
use serde_json::{Value, json};

/// The most requests of one login.
const REQUESTS: usize = 64;

/// The requests of a login's metadata, in order.
#[must_use]
pub fn idp_requests(metadata: &Metadata) -> Vec<Value> {
    match metadata.get(IDP_REQUESTS).map(Json::to_value) {
        Some(Value::Array(requests)) => requests,
        _ => Vec::new(),
    }
}

/// Adds a run's requests to those of the login.
pub(super) fn add(metadata: &mut Metadata, action: &ActionName, commands: &[Command]) -> Result<(), String> {
    // The last value of a run has all of its requests.
    let asked = commands.iter().rev().find_map(|command| match command {
        Command::SetLoginMetadata { key, value } if key == IDP_REQUESTS => Some(value.as_ref()),
        _ => None,
    });
    let Some(Some(asked)) = asked else { return Ok(()) };
    let malformed = || format!("`{IDP_REQUESTS}` is no list of objects with `method`, a text, and `arguments`, a list");
    let Value::Array(asked) = asked.to_value() else { return Err(malformed()) };
    let mut all = idp_requests(metadata);
    for request in asked {
        let method = request.get("method").and_then(Value::as_str).filter(|method| !method.is_empty());
        let arguments = request.get("arguments").filter(|arguments| arguments.is_array());
        let (Some(method), Some(arguments)) = (method, arguments) else { return Err(malformed()) };
        all.push(json!({ "action": action.as_str(), "method": method, "arguments": arguments }));
    }
    if all.len() > REQUESTS {
        return Err(format!("the login asks the identity provider for {} things, the limit is {REQUESTS}", all.len()));
    }
    metadata.insert(IDP_REQUESTS.to_owned(), Json::from_value(&Value::Array(all)));
    Ok(())
}

/// Whether a command sets the reserved key.
pub(super) fn is_request(command: &Command) -> bool {
    matches!(command, Command::SetLoginMetadata { key, .. } if key == IDP_REQUESTS)
}
