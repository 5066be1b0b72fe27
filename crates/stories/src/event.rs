//! A complete event, as an identity provider sends it, and changes to it.

use serde_json::{Value, json};

/// The user of the sample event.
pub const USER: &str = "ana";

/// An event with every part that is common, so that a test names only what it is about. It has no session: a browser brings its own.
#[must_use]
pub fn sample() -> Value {
    json!({
        "user": {
            "user_id": USER,
            "name": "Ana Silva",
            "given_name": "Ana",
            "family_name": "Silva",
            "email": "ana@acme.example",
            "email_verified": true,
            "created_at": "2024-02-29T09:30:00.000Z",
            "app_metadata": {},
            "user_metadata": {},
        },
        "client": { "client_id": "shop", "name": "Acme Shop", "metadata": {} },
        "authentication": { "methods": [{ "name": "pwd", "timestamp": "2026-01-01T00:00:00.000Z" }] },
        "authorization": { "roles": ["member"] },
        "organization": { "id": "org_acme", "name": "acme" },
        "request": {
            "ip": "203.0.113.7",
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
            "method": "POST",
            "hostname": "idp.example",
            "language": "en-GB",
            "geoip": { "countryCode": "PT", "cityName": "Lisbon" },
        },
        "transaction": {
            "protocol": "oidc-basic-profile",
            "requested_scopes": ["openid", "profile"],
            "acr_values": [],
            "locale": "en",
        },
        "connection": { "id": "con_users", "name": "users", "strategy": "database" },
        "stats": { "logins_count": 7 },
    })
}

/// Changes a document by a merge patch (RFC 7396): a member that is null is removed.
pub fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Value::Object(members) = target else { return };
    for (name, change) in changes {
        if change.is_null() {
            members.remove(name);
        } else {
            merge(members.entry(name.clone()).or_insert(Value::Null), change);
        }
    }
}

/// Puts a patch over another one: what both do, one after the other, the new one does.
pub fn compose(below: &mut Value, above: &Value) {
    match (below, above) {
        (Value::Object(members), Value::Object(changes)) => {
            for (name, change) in changes {
                compose(members.entry(name.clone()).or_insert_with(|| json!({})), change);
            }
        }
        (below, above) => *below = above.clone(),
    }
}

/// What a story writes as a patch, as one: TOML has no null, so `{ absent = true }` stands for it.
#[must_use]
pub fn patch(written: &Value) -> Value {
    match written {
        Value::Object(members) if members.len() == 1 && members.get("absent") == Some(&Value::Bool(true)) => {
            Value::Null
        }
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, member)| (name.clone(), patch(member))).collect())
        }
        other => other.clone(),
    }
}

/// The patch that makes the second document of the first one.
#[must_use]
pub fn difference(from: &Value, to: &Value) -> Value {
    let (Value::Object(from), Value::Object(to)) = (from, to) else { return to.clone() };
    let mut patch = serde_json::Map::new();
    for (name, member) in to {
        match from.get(name) {
            Some(before) if before == member => {}
            Some(before) => drop(patch.insert(name.clone(), difference(before, member))),
            None => drop(patch.insert(name.clone(), member.clone())),
        }
    }
    for name in from.keys().filter(|name| !to.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    Value::Object(patch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_that_are_composed_do_what_both_do() {
        let (first, second) =
            (json!({ "user": { "email": null } }), json!({ "user": { "name": null }, "client": { "name": "x" } }));
        let mut both = first.clone();
        compose(&mut both, &second);
        let (mut one, mut other) = (sample(), sample());
        merge(&mut one, &first);
        merge(&mut one, &second);
        merge(&mut other, &both);
        assert_eq!(one, other);
        assert_eq!(other.pointer("/user/email"), None);
    }

    #[test]
    fn the_difference_of_two_events_makes_one_of_the_other() {
        let other =
            json!({ "user": { "user_id": "ben", "more": [1] }, "client": { "client_id": "app" }, "request": {} });
        let mut event = sample();
        merge(&mut event, &difference(&sample(), &other));
        assert_eq!(event, other);
        assert_eq!(patch(&json!({ "user": { "email": { "absent": true } } })), json!({ "user": { "email": null } }));
    }

    #[test]
    fn a_patch_changes_what_it_names_and_null_removes() {
        let mut event = sample();
        merge(&mut event, &json!({ "user": { "email": null, "user_id": "ben" }, "client": { "name": "Other" } }));
        assert_eq!(event.pointer("/user/user_id"), Some(&json!("ben")));
        assert_eq!(event.pointer("/user/email"), None);
        assert_eq!(event.pointer("/client/client_id"), Some(&json!("shop")));
    }
}
