//! The events that the IdP sends, and the factor of the tests' story.

use serde_json::{Value, json};

/// The story's factor.
pub const FACTOR: &str = "https://acme.example/face";

/// An event, with the user and the session.
#[must_use]
pub fn event(user: &str, session: Option<&str>) -> Value {
    let mut event = json!({
        "user": { "user_id": user, "email": format!("{user}@acme.example"), "email_verified": true },
        "client": { "client_id": "app" },
        "authentication": { "methods": [{ "name": "pwd", "timestamp": "2026-11-24T10:00:00Z" }] },
        "request": { "ip": "203.0.113.7" },
    });
    if let Some(id) = session {
        event["session"] = json!({ "id": id });
    }
    event
}

/// A merge patch (RFC 7396), as an IdP applies `user_updates`.
pub fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, change) in changes {
        if change.is_null() {
            target.as_object_mut().unwrap().remove(name);
        } else {
            merge(&mut target[name], change);
        }
    }
}
