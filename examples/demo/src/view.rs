//! What the IdP's pages show of Postlude's answers: tables that a person can read.

use crate::journal::{Answered, Sso, USERS};
use crate::page::{escape, grouped};
use serde_json::Value;
use std::fmt::Write as _;

/// Calls that the front page lists.
const SHOWN_CALLS: usize = 8;

/// The front page: who is logged in, what to try, and what Postlude answered last. `origins` are the IdP's two names, `hours` says
/// how far the demo's clock is ahead.
#[must_use]
pub fn front(origins: &[String; 2], browser: &str, hours: u64, session: Option<&Sso>, journal: &[Answered]) -> String {
    let mut body = session.map_or_else(nobody, somebody);
    body.push_str(&forms(session));
    body.push_str(&others(origins, browser, hours));
    body.push_str(&calls(journal));
    body
}

fn nobody() -> String {
    "<section><h1>Log in</h1><p>No password here: what happens <b>after</b> it is the point.</p></section>".to_owned()
}

fn somebody(session: &Sso) -> String {
    format!(
        "<section><h1>Signed in as {}</h1><p>What Postlude answered to this login:</p>{}</section>",
        escape(session.user),
        answer(&session.answer)
    )
}

fn forms(session: Option<&Sso>) -> String {
    let again = |user: &str| session.is_some_and(|session| session.user == user);
    let mut buttons = String::new();
    for (user, email) in USERS {
        let quiet = if session.is_some() && !again(user) { " class=\"quiet\"" } else { "" };
        let what = if again(user) { format!("Log in again as {user}") } else { format!("Log in as {user}") };
        let _ = write!(buttons, "<button{quiet} name=\"user\" value=\"{user}\" title=\"{email}\">{what}</button>");
    }
    let out = if session.is_some() {
        "<form method=\"post\" action=\"/logout\"><button class=\"quiet\">Log out</button></form>"
    } else {
        ""
    };
    format!("<section><form method=\"post\" action=\"/login\">{buttons}</form>{out}</section>")
}

fn others(origins: &[String; 2], browser: &str, hours: u64) -> String {
    let [first, second] = origins;
    let (other, name) = if browser == "browser A" { (second, "browser B") } else { (first, "browser A") };
    format!(
        "<section><h2>Try</h2><table class=\"pairs\">\
         <tr><td>another browser</td><td><a href=\"{other}/\" target=\"_blank\" rel=\"noopener\">{other}</a> is this IdP under \
         another name: yours has another cookie jar for it, so it is {name}.</td></tr>\
         <tr><td>a stolen link</td><td>In one browser, log in and choose <b>show me the link</b> at the prompt. In the other, log in \
         as ben, stop at the prompt, and open the link there.</td></tr>\
         <tr><td>24 hours later</td><td>The demo's clock is {hours} h ahead.<form method=\"post\" action=\"/later\">\
         <button class=\"quiet\">Move it 24 h forward</button></form></td></tr>\
         <tr><td>a hostile plugin</td><td>A second tenant runs a plugin that never returns.<form method=\"post\" action=\"/login\">\
         <input type=\"hidden\" name=\"tenant\" value=\"lab\"><button class=\"quiet\" name=\"user\" value=\"ben\">Log in there as \
         ben</button></form></td></tr></table></section>"
    )
}

fn calls(journal: &[Answered]) -> String {
    if journal.is_empty() {
        return String::new();
    }
    let mut rows = String::new();
    for call in journal.iter().rev().take(SHOWN_CALLS) {
        let _ = write!(
            rows,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"n\">{:.1} ms</td></tr>",
            escape(&call.call),
            tag(call.outcome()),
            escape(&reason(&call.body)),
            call.took.as_secs_f64() * 1000.0,
        );
    }
    format!(
        "<section><h2>Calls of Postlude, the last first</h2><div class=\"scroll\"><table>\
         <tr><th>call</th><th>answer</th><th>why</th><th class=\"n\">took</th></tr>{rows}</table></div></section>"
    )
}

/// The last action's reason, or the problem's text.
fn reason(body: &Value) -> String {
    let last = body.get("actions").and_then(Value::as_array).and_then(|actions| actions.last());
    let why = last.map(|action| format!("{}: {}", text(action, "name"), text(action, "why")));
    why.unwrap_or_else(|| text(body, "detail").to_owned())
}

/// A page's body: what was refused, and what Postlude said.
#[must_use]
pub fn refused(title: &str, why: &str, answered: &Answered) -> String {
    format!(
        "<section><h1>{}</h1><p>{}</p>{}<form action=\"/\"><button class=\"quiet\">Back to the start</button></form></section>",
        escape(title),
        escape(why),
        answer(&answered.body)
    )
}

/// An answer as a table, with its actions, and the whole of it folded away.
fn answer(body: &Value) -> String {
    let mut rows = String::new();
    let mut row = |name: &str, value: String| {
        if !value.is_empty() {
            let _ = write!(rows, "<tr><td>{name}</td><td>{value}</td></tr>");
        }
    };
    row("outcome", tag(text(body, "outcome")));
    row("code", escape(text(body, "code")));
    row("amr", escape(&list(body.get("amr"))));
    row("ID token claims", pairs(body.get("id_token_claims")));
    row("factors", factors(body));
    format!(
        "<table class=\"pairs\">{rows}</table>{}<details><summary>The whole answer</summary><pre>{}</pre></details>",
        actions(body),
        escape(&serde_json::to_string_pretty(&redacted(body)).unwrap_or_default()),
    )
}

/// An answer without what is only for the IdP's own transaction.
fn redacted(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(key) = body.get_mut("resume_key") {
        *key = Value::from("(only in the IdP's transaction)");
    }
    body
}

fn actions(body: &Value) -> String {
    let Some(actions) = body.get("actions").and_then(Value::as_array).filter(|actions| !actions.is_empty()) else {
        return String::new();
    };
    let number = |action: &Value, name: &str| grouped(action.get(name).and_then(Value::as_u64).unwrap_or_default());
    let mut rows = String::new();
    for action in actions {
        let _ = write!(
            rows,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{} µs</td></tr>",
            escape(text(action, "name")),
            tag(text(action, "decision")),
            escape(text(action, "why")),
            number(action, "fuel"),
            number(action, "duration_us"),
        );
    }
    format!(
        "<div class=\"scroll\"><table><tr><th>action</th><th>decision</th><th>why</th><th class=\"n\">fuel</th>\
         <th class=\"n\">time</th></tr>{rows}</table></div>"
    )
}

fn factors(body: &Value) -> String {
    let all = body.pointer("/session/factors").and_then(Value::as_array).into_iter().flatten();
    let one = |factor: &Value| format!("{} until {}", escape(text(factor, "name")), escape(text(factor, "expires_at")));
    all.map(one).collect::<Vec<_>>().join("<br>")
}

fn pairs(object: Option<&Value>) -> String {
    let all = object.and_then(Value::as_object).into_iter().flatten();
    all.map(|(name, value)| format!("{} = {}", escape(name), escape(&value.to_string())))
        .collect::<Vec<_>>()
        .join("<br>")
}

fn tag(word: &str) -> String {
    let word = escape(word);
    format!("<span class=\"tag {word}\">{word}</span>")
}

/// A list of texts, as people write it.
#[must_use]
pub fn list(value: Option<&Value>) -> String {
    let all = value.and_then(Value::as_array).into_iter().flatten();
    all.filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

/// A text of an answer; empty when it is not there.
#[must_use]
pub fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}
