//! Postlude's answers to the IdP as stories have them.

use super::answered::Answered;
use serde_json::{Map, Value, json};
use url::Url;

/// Members of a story's answer, and where an answer of Postlude's has them. Those of a `continue` are in no other.
const MEMBERS: [(&str, &str); 8] = [
    ("outcome", "/outcome"),
    ("amr", "/amr"),
    ("id_token", "/id_token_claims"),
    ("access_token", "/access_token_claims"),
    ("add_scopes", "/scopes/add"),
    ("remove_scopes", "/scopes/remove"),
    ("app_metadata", "/user_updates/app_metadata"),
    ("user_metadata", "/user_updates/user_metadata"),
];

/// An answer as [`Answer::json`](postlude_stories::workbench::Answer::json) has it, as far as a story looks at it.
pub(super) fn told(answered: &Answered, trap: Option<String>) -> Value {
    let Answered { status, body, .. } = answered;
    if *status != 200 {
        return json!({ "outcome": "refused", "refused": { "code": body.get("code") } });
    }
    let member = |(name, pointer): (&str, &str)| Some((name.to_owned(), body.pointer(pointer)?.clone()));
    let mut told: Map<String, Value> = MEMBERS.into_iter().filter_map(member).collect();
    match answered.outcome() {
        "continue" => {
            let factors = body.pointer("/session/factors").and_then(Value::as_array).into_iter().flatten();
            let names: Vec<_> = factors.filter_map(|factor| factor.get("name")).collect();
            told.insert("factors".to_owned(), json!(names));
        }
        "redirect" => {
            let url = answered.text("/location").and_then(|location| Url::parse(&location).ok()).map(|mut url| {
                url.set_query(None);
                url.set_fragment(None);
                String::from(url)
            });
            told.insert("redirect".to_owned(), json!({ "url": url }));
        }
        "deny" => {
            let part = |name: &str| body.get(name).cloned().unwrap_or_default();
            told.insert("deny".to_owned(), json!({ "action": part("action"), "code": part("code") }));
        }
        "interaction_required" => {
            drop(told.insert("action".to_owned(), body.get("action").cloned().unwrap_or_default()))
        }
        _ => {}
    }
    if let Some(trap) = trap {
        told.insert("trap".to_owned(), trap.into());
    }
    Value::Object(told)
}
