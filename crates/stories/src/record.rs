//! Stories that are made of logins which happened: at a demo, on a developer's server, or made up.

use crate::event::{difference, sample};
use crate::partner::{PromptAnswer, ReturnMethod};
use crate::story::{HttpStep, Setup, StepKind, Story};
use crate::toml_text::{inline, key};
use crate::workbench::FIRST_BROWSER;
use postlude_model::action::Mode;
use postlude_model::names::Timestamp;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::time::Duration;

/// Something that was observed.
#[derive(Debug, Clone)]
pub struct Observed {
    /// When.
    pub at: Timestamp,
    /// The browser.
    pub browser: String,
    /// What happened.
    pub call: ObservedCall,
    /// What came of it, as [`Answer::json`](crate::workbench::Answer::json) has it; members that are not there are not expected.
    pub answer: Value,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum ObservedCall {
    /// A user logged in.
    Login {
        /// The whole event. Its session is left out: a story's browser brings its own.
        event: Value,
        /// How the login reached the identity provider.
        mode: Mode,
    },
    /// The prompt site answered, and the browser was back.
    Prompt(PromptAnswer),
    /// The user logged out.
    Logout,
}

/// Members of an answer that a recorded story expects: what a person would look at.
const EXPECTED: [&str; 11] = [
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
];

/// The text of a file with one story that does what was observed, and expects what came of it.
#[must_use]
pub fn record(name: &str, setup: &Setup, observed: &[Observed]) -> String {
    let mut text = head(setup);
    // Writing to a string does not fail.
    let _ = writeln!(text, "[[story]]\nname = {}", inline(&name.into()));
    let mut now = observed.first().map(|first| first.at).unwrap_or_default();
    for one in observed {
        let passed = one.at.since(now);
        now = one.at;
        if passed >= Duration::from_secs(1) {
            let _ = writeln!(text, "\n[[story.step]]\nwait = \"{}s\"", passed.as_secs());
        }
        text.push_str("\n[[story.step]]\n");
        match &one.call {
            ObservedCall::Login { event, mode } => {
                let mut event = event.clone();
                if let Some(event) = event.as_object_mut() {
                    event.remove("session");
                }
                login(&mut text, &difference(&sample(), &event), *mode);
            }
            ObservedCall::Prompt(answer) => prompt(&mut text, answer),
            ObservedCall::Logout => text.push_str("logout = true\n"),
        }
        if one.browser != FIRST_BROWSER {
            let _ = writeln!(text, "browser = {}", inline(&one.browser.clone().into()));
        }
        if !matches!(one.call, ObservedCall::Logout) {
            expected(&mut text, &one.answer);
        }
    }
    text
}

/// The text of a file with one story.
pub(crate) fn story_text(setup: &Setup, story: &Story) -> String {
    let mut text = head(setup);
    let _ = writeln!(text, "[[story]]\nname = {}", inline(&story.name.clone().into()));
    http(&mut text, "story.http", &story.http);
    for step in &story.steps {
        text.push_str("\n[[story.step]]\n");
        match &step.kind {
            StepKind::Login { event, mode } => login(&mut text, event, *mode),
            StepKind::Prompt(answer) => prompt(&mut text, answer),
            StepKind::Wait(duration) => drop(writeln!(text, "wait = \"{}ms\"", duration.as_millis())),
            StepKind::Swap(path) => drop(writeln!(text, "swap = {}", inline(&path.display().to_string().into()))),
            StepKind::Logout => text.push_str("logout = true\n"),
        }
        if step.browser != FIRST_BROWSER {
            let _ = writeln!(text, "browser = {}", inline(&step.browser.clone().into()));
        }
        http(&mut text, "story.step.http", &step.http);
    }
    text
}

fn head(setup: &Setup) -> String {
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

fn login(text: &mut String, event: &Value, mode: Mode) {
    let _ = writeln!(text, "login = {}", inline(event));
    if mode != Mode::Interactive {
        let _ = writeln!(text, "mode = \"{}\"", mode.as_str());
    }
}

fn prompt(text: &mut String, answer: &PromptAnswer) {
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

fn http(text: &mut String, table: &str, all: &[HttpStep]) {
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
fn expected(text: &mut String, answer: &Value) {
    for name in EXPECTED {
        let Some(value) = answer.get(name) else { continue };
        let says_nothing = value.is_null()
            || value.as_array().is_some_and(Vec::is_empty)
            || value.as_object().is_some_and(Map::is_empty);
        if !says_nothing {
            let _ = writeln!(text, "expect.{name} = {}", inline(value));
        }
    }
    if let Some(url) = answer.pointer("/redirect/url") {
        let _ = writeln!(text, "expect.redirect.url = {}", inline(url));
    }
    if let Some(code) = answer.pointer("/refused/code") {
        let _ = writeln!(text, "expect.refused.code = {}", inline(code));
    }
}
