//! The lines of a story's file.

use crate::partner::{PromptAnswer, ReturnMethod};
use crate::story::{HttpStep, PluginRef, Setup};
use crate::toml_text::{inline, key};
use postlude_model::action::Mode;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// Members of an answer that a recorded story expects: what a person would look at.
const EXPECTED: [&str; 12] = [
    "outcome",
    "factors",
    "amr",
    "id_token",
    "access_token",
    "add_scopes",
    "remove_scopes",
    "deny",
    "app_metadata",
    "user_metadata",
    "action",
    "trap",
];
/// Numbers from here on are taken for times, in seconds or milliseconds since 1970: a story's clock is another one.
const TIMES_BEGIN: f64 = 1_000_000_000.0;

pub(super) fn head(setup: &Setup) -> String {
    let mut text = String::new();
    let secrets: Map<String, Value> =
        setup.secrets.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    for (table, members) in [("settings", &setup.settings), ("secrets", &secrets), ("action", &setup.action)] {
        if members.is_empty() {
            continue;
        }
        let _ = writeln!(text, "[{table}]");
        for (name, value) in members {
            let _ = writeln!(text, "{} = {}", key(name), inline(value));
        }
        text.push('\n');
    }
    text
}

pub(super) fn login(text: &mut String, event: &Value, mode: Mode) {
    let _ = writeln!(text, "login = {}", inline(event));
    if mode != Mode::Interactive {
        let _ = writeln!(text, "mode = \"{}\"", mode.as_str());
    }
}

pub(super) fn prompt(text: &mut String, answer: &PromptAnswer) {
    let PromptAnswer { kind, claims, query, form, method, browser } = answer;
    let pairs = |pairs: &[(String, String)]| {
        Value::Object(pairs.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect())
    };
    let mut table = Map::from_iter([("kind".to_owned(), json!(kind.as_str()))]);
    for (name, value) in [("claims", Value::Object(claims.clone())), ("query", pairs(query)), ("form", pairs(form))] {
        if value.as_object().is_some_and(|members| !members.is_empty()) {
            table.insert(name.to_owned(), value);
        }
    }
    if *method == ReturnMethod::Post {
        table.insert("method".to_owned(), json!("POST"));
    }
    if let Some(browser) = browser {
        table.insert("brought_by".to_owned(), browser.clone().into());
    }
    if table.len() == 1 {
        let _ = writeln!(text, "prompt = \"{}\"", kind.as_str());
    } else {
        let _ = writeln!(text, "prompt = {}", inline(&Value::Object(table)));
    }
}

pub(super) fn http(text: &mut String, table: &str, all: &[HttpStep]) {
    for HttpStep { request, answer, fail, repeats, .. } in all {
        let _ = writeln!(text, "[[{table}]]\nrequest = {}", inline(request));
        match fail {
            Some(fail) => drop(writeln!(text, "fail = \"{fail}\"")),
            None => drop(writeln!(text, "answer = {}", inline(answer))),
        }
        let _ = writeln!(text, "repeat = {repeats}");
    }
}

/// What a recorded story expects: empty lists and tables say nothing.
pub(super) fn expected(text: &mut String, answer: &Value) {
    for name in EXPECTED {
        let Some(value) = answer.get(name) else { continue };
        let says_nothing = value.is_null()
            || value.as_array().is_some_and(Vec::is_empty)
            || value.as_object().is_some_and(Map::is_empty);
        if !says_nothing {
            let _ = writeln!(text, "expect.{name} = {}", inline(&without_times(value)));
        }
    }
    if let Some(url) = answer.pointer("/redirect/url") {
        let _ = writeln!(text, "expect.redirect.url = {}", inline(url));
    }
    if let Some(code) = answer.pointer("/refused/code") {
        let _ = writeln!(text, "expect.refused.code = {}", inline(code));
    }
}

/// A pattern of a value in which a time may be any time.
fn without_times(value: &Value) -> Value {
    match value {
        Value::Number(number) if number.as_f64().is_some_and(|number| number >= TIMES_BEGIN) => json!({ "any": true }),
        Value::String(text) if is_date_time(text) => json!({ "any": true }),
        Value::Array(items) => items.iter().map(without_times).collect(),
        Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), without_times(member))).collect(),
        other => other.clone(),
    }
}

/// Whether a text begins as a date and a time of RFC 3339 do.
fn is_date_time(text: &str) -> bool {
    let shape = "0000-00-00T00:00:00";
    let is_like = |(found, wanted): (u8, u8)| if wanted == b'0' { found.is_ascii_digit() } else { found == wanted };
    text.len() >= shape.len() && text.bytes().zip(shape.bytes()).all(is_like)
}

pub(super) fn plugin_table(text: &mut String, plugin: &PluginRef) {
    text.push_str("[[plugin]]\n");
    let path = plugin.path.as_ref().map(|path| path.display().to_string());
    for (name, value) in [("path", &path), ("name", &plugin.name)] {
        if let Some(value) = value {
            let _ = writeln!(text, "{name} = {}", inline(&value.clone().into()));
        }
    }
    let Setup { settings, secrets, action } = &plugin.setup;
    for (name, table) in [("settings", json!(settings)), ("secrets", json!(secrets)), ("action", json!(action))] {
        if table.as_object().is_some_and(|members| !members.is_empty()) {
            let _ = writeln!(text, "{name} = {}", inline(&table));
        }
    }
    text.push('\n');
}
