//! Whether a plugin did what the reference did.

use super::case::STATE;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD as B64, Engine as _};
use postlude_model::limits::SECRET_BYTES;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The longest text that a difference shows of each side.
const SHOWN: usize = 300;

/// Where the plugin differs from the reference in one phase, in a sentence; none where it does not. `again` is the reference with other
/// random numbers: what is not the same in both may be anything.
pub(super) fn difference(phase: &str, node: &Value, again: &Value, plugin: &Value, state: &str) -> Option<String> {
    let [node, again] = [node, again].map(|one| plain(one, STATE));
    let plugin = plain(plugin, state);
    let outcomes =
        [&node, &plugin].map(|one| one.get("outcome").and_then(Value::as_str).unwrap_or_default().to_owned());
    if outcomes[0] != outcomes[1] {
        let why = |one: &Value| one.pointer("/error/message").or(one.get("deny")).map(shown).unwrap_or_default();
        return Some(format!(
            "{phase}: {} in Node, {} as a plugin: {} {}",
            outcomes[0],
            outcomes[1],
            why(&node),
            why(&plugin)
        ));
    }
    if outcomes[0] == "error" {
        return error(phase, &node, &plugin).or_else(|| of("calls", &node, &again, &plugin, phase));
    }
    let members = ["calls", "deny", "redirect", "effects", "requests"];
    members.iter().find_map(|member| of(member, &node, &again, &plugin, phase))
}

/// The calls of a phase as the plugin's log has them: with a mark for each secret.
pub(super) fn cover_calls(phase: &mut Value, secrets: &BTreeMap<String, String>) {
    if let Some(calls) = phase.get_mut("calls") {
        for (name, secret) in secrets.iter().filter(|(_, secret)| secret.len() >= SECRET_BYTES) {
            cover(calls, secret, &format!("[secret {name}]"));
        }
    }
}

fn cover(value: &mut Value, secret: &str, mark: &str) {
    match value {
        Value::String(text) => *text = text.replace(secret, mark),
        Value::Array(items) => items.iter_mut().for_each(|item| cover(item, secret, mark)),
        Value::Object(members) => members.values_mut().for_each(|member| cover(member, secret, mark)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn of(member: &str, node: &Value, again: &Value, plugin: &Value, phase: &str) -> Option<String> {
    let part = |one: &Value| one.get(member).cloned().unwrap_or_default();
    let (mut node, mut again, mut plugin) = (part(node), part(again), part(plugin));
    match member {
        // A denial is cut where the contract's limit is.
        "deny" => node = node.as_str().map(|text| cut(text).into()).unwrap_or_default(),
        "requests" => [&mut node, &mut again, &mut plugin].into_iter().for_each(|one| *one = requests(one)),
        _ => {}
    }
    unlike(&node, &again, &plugin, member)
        .map(|(at, one, other)| format!("{phase}: {at}: {} in Node, {} as a plugin", shown(&one), shown(&other)))
}

/// An error by its name, and by its text where the action wrote it.
fn error(phase: &str, node: &Value, plugin: &Value) -> Option<String> {
    let text = |one: &Value, pointer: &str| one.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (name, message) = (text(node, "/error/name"), text(node, "/error/message"));
    let said = text(plugin, "/error/message");
    let native = node.pointer("/error/native").and_then(Value::as_bool) == Some(true);
    let expected = if native { &name } else { &message };
    (!said.contains(expected.as_str()))
        .then(|| format!("{phase}: it threw {name}: {message} in Node, as a plugin {said}"))
}

/// The first place where the plugin's value is another one.
fn unlike(node: &Value, again: &Value, plugin: &Value, at: &str) -> Option<(String, Value, Value)> {
    let nothing = Value::Null;
    match (node, plugin) {
        (Value::Object(one), Value::Object(other)) => {
            let names = one.keys().chain(other.keys().filter(|name| !one.contains_key(*name)));
            names.into_iter().find_map(|name| {
                let (left, right) = (one.get(name), other.get(name));
                if left.is_none() || right.is_none() {
                    let (left, right) = (left.unwrap_or(&nothing), right.unwrap_or(&nothing));
                    // Nothing and an empty collection are the same here.
                    let empty = |value: &Value| match value {
                        Value::Null => true,
                        Value::Array(items) => items.is_empty(),
                        Value::Object(members) => members.is_empty(),
                        _ => false,
                    };
                    let differs = !(empty(left) && empty(right));
                    return differs.then(|| (format!("{at}.{name}"), left.clone(), right.clone()));
                }
                unlike(left?, again.get(name).unwrap_or(&nothing), right?, &format!("{at}.{name}"))
            })
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            one.iter().zip(other).enumerate().find_map(|(index, (left, right))| {
                unlike(left, again.get(index).unwrap_or(&nothing), right, &format!("{at}[{index}]"))
            })
        }
        // Random: another run in Node has another one.
        _ if node != again => None,
        (Value::Number(one), Value::Number(other)) if one.as_f64() == other.as_f64() => None,
        _ => (node != plugin).then(|| (at.to_owned(), node.clone(), plugin.clone())),
    }
}

/// A value whose tokens are their claims, and whose states are one word.
fn plain(value: &Value, state: &str) -> Value {
    match value {
        Value::String(text) => {
            token(text).map_or_else(|| text.replace(state, STATE).into(), |claims| plain(&claims, state))
        }
        Value::Array(items) => items.iter().map(|item| plain(item, state)).collect(),
        Value::Object(members) => {
            let plain = members.iter().map(|(name, member)| (name.clone(), plain(member, state)));
            Value::Object(plain.collect())
        }
        other => other.clone(),
    }
}

/// Header and claims of what is a token (RFC 7515, section 7.1).
fn token(text: &str) -> Option<Value> {
    let mut parts = text.split('.');
    let (header, claims) = (parts.next()?, parts.next()?);
    parts.next()?;
    let read = |part: &str| serde_json::from_slice::<Map<String, Value>>(&B64.decode(part).ok()?).ok();
    Some(json!({ "header": read(header)?, "claims": read(claims)? }))
}

/// Requests without what belongs to a connection or names a program.
fn requests(all: &Value) -> Value {
    let plain = all.as_array().into_iter().flatten().map(|one| {
        let request = one.get("request").cloned().unwrap_or_default();
        let headers = request.get("headers").and_then(Value::as_object).cloned().unwrap_or_default();
        let kind = headers.get("content-type").and_then(Value::as_str).unwrap_or_default();
        let body = request.get("body").map(|body| match body {
            Value::String(text) if kind.starts_with("application/x-www-form-urlencoded") => {
                let pairs = url_pairs(text);
                Value::Object(pairs)
            }
            Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| body.clone()),
            other => other.clone(),
        });
        let kept = |name: &str| name == "authorization" || name.starts_with("x-");
        let headers: Map<_, _> = headers.into_iter().filter(|(name, _)| kept(name)).collect();
        json!({ "method": request.get("method"), "url": request.get("url"), "headers": headers, "body": body })
    });
    plain.collect()
}

fn url_pairs(text: &str) -> Map<String, Value> {
    let Ok(url) = reqwest::Url::parse(&format!("https://form.example/?{text}")) else { return Map::new() };
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned().into())).collect()
}

/// The longest beginning of 256 bytes.
fn cut(text: &str) -> &str {
    let end = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= 256).last();
    text.get(..end.unwrap_or(0)).unwrap_or(text)
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => format!("`{text}`"),
        other => other.to_string(),
    };
    if text.chars().count() <= SHOWN { text } else { text.chars().take(SHOWN).chain("..".chars()).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phase(outcome: &str, calls: Value) -> Value {
        json!({ "outcome": outcome, "calls": calls, "effects": {}, "requests": [] })
    }

    fn compared(node: &Value, again: &Value, plugin: &Value) -> Option<String> {
        difference("login", node, again, plugin, "other")
    }

    #[test]
    fn equal_calls_are_the_same_and_others_are_named() {
        let node = phase("continue", json!([{ "method": "access.deny", "args": ["the-state"] }]));
        let plugin = phase("continue", json!([{ "method": "access.deny", "args": ["other"] }]));
        assert_eq!(compared(&node, &node, &plugin), None);
        let plugin = phase("continue", json!([]));
        assert!(compared(&node, &node, &plugin).unwrap().starts_with("login: calls: "));
        let plugin = phase("deny", json!([]));
        assert!(compared(&node, &node, &plugin).unwrap().starts_with("login: continue in Node, deny as a plugin"));
    }

    #[test]
    fn what_is_random_may_be_anything_and_the_rest_may_not() {
        let call = |id: &str, name: &str| phase("continue", json!([{ "args": [id, name] }]));
        assert_eq!(compared(&call("1", "a"), &call("2", "a"), &call("3", "a")), None);
        assert!(compared(&call("1", "a"), &call("2", "a"), &call("3", "b")).is_some());
    }

    #[test]
    fn an_error_of_the_language_is_the_same_by_its_name() {
        let node = |native: bool| json!({ "outcome": "error", "error": { "name": "TypeError", "message": "x of undefined", "native": native } });
        let plugin = json!({ "outcome": "error", "error": { "message": "TypeError: cannot read x" } });
        assert_eq!(compared(&node(true), &node(true), &plugin), None);
        assert!(compared(&node(false), &node(false), &plugin).is_some());
    }
}
