//! The plugin's runs as they happen, read from Postlude's answers to the IdP.

use crate::journal::{Draft, Flow, Journal, Message, Party};
use serde::Serialize;
use serde_json::Value;
use std::collections::HashMap;

/// One run, or one refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunLine {
    /// The user.
    pub user: String,
    /// The browser.
    pub browser: String,
    /// The function that was called; empty for a refusal.
    pub phase: &'static str,
    /// What came of it: a decision, or the code of a refusal.
    pub decision: String,
    /// Why, where the host says it.
    pub why: String,
    /// Microseconds that the run took.
    pub duration_us: Option<u64>,
    /// Fuel that the run spent.
    pub fuel: Option<u64>,
}

/// Tells every run from now on. Does not return.
pub(super) async fn follow(journal: &Journal, mut tell: impl FnMut(&RunLine) + Send) {
    let mut changes = journal.follow();
    let mut told = Told::default();
    loop {
        let (flows, _) = journal.now();
        told.new_lines(&flows).iter().for_each(&mut tell);
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// What was told already.
#[derive(Default)]
struct Told {
    /// The last message.
    last: u64,
    /// Runs of each login.
    runs: HashMap<String, usize>,
}

impl Told {
    fn new_lines(&mut self, flows: &[Flow]) -> Vec<RunLine> {
        let all = flows.iter().flat_map(|flow| flow.messages.iter().map(move |message| (flow, message.as_ref())));
        let mut new: Vec<(&Flow, &Message)> = all.filter(|(_, message)| message.id > self.last).collect();
        new.sort_by_key(|(_, message)| message.id);
        self.last = new.last().map_or(self.last, |(_, message)| message.id);
        let answers = new.into_iter().filter(|(_, message)| {
            let draft = &message.draft;
            draft.from == Party::Postlude && draft.to == Party::Idp
        });
        answers.flat_map(|(flow, message)| self.lines(&flow.browser, &message.draft)).collect()
    }

    fn lines(&mut self, browser: &str, answer: &Draft) -> Vec<RunLine> {
        let Some(actions) = answer.json("/actions").and_then(Value::as_array) else {
            return refusal(browser, answer).into_iter().collect();
        };
        let login = answer.text("/login_id").to_owned();
        let before = self.runs.insert(login, actions.len()).unwrap_or_default();
        let line = |(at, action): (usize, &Value)| {
            let text = |name: &str| action.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let number = |name: &str| action.get(name).and_then(Value::as_u64);
            RunLine {
                user: answer.text("/subject/user_id").to_owned(),
                browser: browser.to_owned(),
                // The browser is back for the first of an answer's new runs; one after it is another action's first.
                phase: if before > 0 && at == 0 { "on-continue" } else { "on-login" },
                decision: text("decision"),
                why: text("why"),
                duration_us: number("duration_us"),
                fuel: number("fuel"),
            }
        };
        actions.iter().skip(before).enumerate().map(line).collect()
    }
}

/// A call that Postlude refused; the end of a session is no refusal.
fn refusal(browser: &str, answer: &Draft) -> Option<RunLine> {
    let code = answer.text("/code");
    let decision = if code.is_empty() && answer.status == Some(0) { "no answer" } else { code };
    (!decision.is_empty()).then(|| RunLine {
        user: String::new(),
        browser: browser.to_owned(),
        phase: "",
        decision: decision.to_owned(),
        why: answer.text("/detail").to_owned(),
        duration_us: None,
        fuel: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Bytes;
    use axum::http::HeaderMap;
    use postlude_host::Clock;
    use serde_json::json;
    use std::time::Duration;

    fn answer(body: &Value) -> Draft {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/json".parse().unwrap());
        let bytes = Bytes::from(body.to_string());
        Draft::answer(Party::Postlude, Party::Idp, 200, &headers, &bytes, Duration::ZERO)
    }

    #[test]
    fn each_run_is_told_once_with_the_function_that_was_called() {
        let run = |decision: &str| json!({ "decision": decision, "why": "", "fuel": 1, "duration_us": 2 });
        let body = |runs: &[&str]| {
            let actions: Vec<_> = runs.iter().map(|decision| run(decision)).collect();
            json!({ "login_id": "lgn_1", "subject": { "user_id": "ana" }, "actions": actions })
        };
        let journal = Journal::new(["chrome", "firefox"], Clock::system());
        let flow = journal.begin("chrome", "ana logs in");
        let mut told = Told::default();
        journal.record(flow, answer(&body(&["redirect"])));
        let first = told.new_lines(&journal.now().0);
        journal.record(flow, answer(&body(&["redirect", "continue"])));
        let second = told.new_lines(&journal.now().0);
        let seen: Vec<_> =
            first.iter().chain(&second).map(|line| (line.phase, line.decision.as_str(), line.user.as_str())).collect();
        assert_eq!(seen, [("on-login", "redirect", "ana"), ("on-continue", "continue", "ana")]);
        assert_eq!(told.new_lines(&journal.now().0), []);
    }
}
