//! What the IdP's pages show of Postlude's answers: lists that a person can read, on a phone as well.

use crate::journal::{Answered, Sso, USERS};
use crate::site::{Word, escape, grouped, term};
use serde_json::Value;
use std::fmt::Write as _;

/// Bytes of a digest that are shown: `sha256:` and enough to recognise it.
const DIGEST_SHOWN: usize = 19;

/// The front page: who is logged in, and who can log in. `waiting` is a user whose login waits at the prompt.
#[must_use]
pub(super) fn front(session: Option<&Sso>, waiting: Option<&'static str>) -> String {
    let mut body = String::new();
    if let Some(user) = waiting {
        let _ = write!(
            body,
            "<section><h2>{user}'s login waits</h2><p>The partner has not answered yet. \
             <a href=\"/interaction/prompt\">Back to the prompt</a></p></section>"
        );
    }
    body.push_str(&session.map_or_else(nobody, somebody));
    body.push_str(&forms(session));
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

/// A page's body: what was refused, and what Postlude said.
#[must_use]
pub(super) fn refused(title: &str, why: &str, answered: &Answered) -> String {
    format!(
        "<section><h1>{}</h1><p>{}</p>{}<p><a href=\"/\">Back to the start</a></p></section>",
        escape(title),
        escape(why),
        answer(&answered.body)
    )
}

/// An answer as a list, with its actions, and the whole of it folded away.
fn answer(body: &Value) -> String {
    let mut rows = String::new();
    let mut row = |name: &str, value: String| {
        if !value.is_empty() {
            let _ = write!(rows, "<div><dt>{name}</dt><dd>{value}</dd></div>");
        }
    };
    row("outcome", tag(text(body, "outcome")));
    row("code", escape(text(body, "code")));
    row(&term(Word::Amr), escape(&list(body.get("amr"))));
    row("ID token claims", pairs(body.get("id_token_claims")));
    row(&term(Word::Factor), factors(body));
    let rows = if rows.is_empty() { rows } else { format!("<dl>{rows}</dl>") };
    format!(
        "{rows}{}<details><summary>The whole answer</summary><pre tabindex=\"0\">{}</pre></details>",
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
    let all = body.get("actions").and_then(Value::as_array).into_iter().flatten();
    let number = |action: &Value, name: &str| grouped(action.get(name).and_then(Value::as_u64).unwrap_or_default());
    let one = |action: &Value| {
        format!(
            "<div class=\"run\"><b>{}</b> {}<p>{}</p><dl><div><dt>{}</dt><dd>{}</dd></div>\
             <div><dt>{}</dt><dd>{} µs</dd></div><div><dt>{}</dt><dd>{}</dd></div></dl></div>",
            escape(text(action, "name")),
            tag(text(action, "decision")),
            escape(text(action, "why")),
            term(Word::Fuel),
            number(action, "fuel"),
            term(Word::Time),
            number(action, "duration_us"),
            term(Word::Digest),
            escape(text(action, "digest").get(..DIGEST_SHOWN).unwrap_or_default()),
        )
    };
    all.map(one).collect()
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
    if word.is_empty() {
        return String::new();
    }
    let word = escape(word);
    format!("<span class=\"tag {word}\">{word}</span>")
}

/// A list of texts, as people write it.
#[must_use]
pub(crate) fn list(value: Option<&Value>) -> String {
    let all = value.and_then(Value::as_array).into_iter().flatten();
    all.filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

/// A text of an answer; empty when it is not there.
#[must_use]
pub(crate) fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}
