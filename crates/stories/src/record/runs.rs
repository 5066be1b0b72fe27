//! What the runs of a host did that only a listener hears: their requests, and what stopped them.

use crate::story::HttpStep;
use crate::workbench::{answer_json, request_json};
use postlude_host::RunListener;
use postlude_model::http::{Exchange, HttpError};
use postlude_model::run::{Ending, Report, RunInput};
use postlude_sandbox::Plugin;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Logins whose runs are kept until they are asked for.
const LOGINS: usize = 1000;
/// Header fields of an answer that a story keeps: others are about the connection.
const ANSWER_HEADERS: [&str; 2] = ["content-type", "location"];

/// Keeps what the runs of each login did, until it is asked for.
#[derive(Debug, Default)]
pub struct RunLog(Mutex<HashMap<String, LoginRuns>>);

/// What the runs of a login did since this was asked last.
#[derive(Debug, Default)]
pub struct LoginRuns {
    /// The requests that they made, and their answers.
    pub http: Vec<HttpStep>,
    /// What stopped one of them.
    pub trap: Option<String>,
}

impl RunLog {
    /// What the runs of a login did since this was asked last.
    pub fn take(&self, login: &str) -> LoginRuns {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(login).unwrap_or_default()
    }
}

impl RunListener for RunLog {
    fn ran(&self, _: &Plugin, input: &RunInput, report: &Report) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= LOGINS {
            all.clear();
        }
        let runs = all.entry(input.login_id.to_string()).or_default();
        runs.http.extend(report.http.iter().filter_map(expected_request));
        if let Ending::Trapped(trap) = &report.ending {
            runs.trap = Some(trap.message.clone());
        }
    }
}

/// A request of a plugin as a story expects it; none where the network never saw it. Header fields and content of requests are left
/// out: they may hold secrets.
fn expected_request(exchange: &Exchange) -> Option<HttpStep> {
    let fail = match &exchange.answer {
        Ok(_) => None,
        Err(HttpError::NotGranted | HttpError::InvalidRequest(_) | HttpError::NotAvailable) => return None,
        Err(HttpError::Timeout) => Some("timeout".to_owned()),
        Err(HttpError::TooLarge) => Some("too-large".to_owned()),
        Err(HttpError::Other(_)) => Some("refused".to_owned()),
    };
    let (mut request, mut answer) = (request_json(&exchange.request), answer_json(&exchange.answer));
    if let Some(request) = request.as_object_mut() {
        request.retain(|name, _| ["method", "url"].contains(&name.as_str()));
    }
    if let Some(headers) = answer.get_mut("headers").and_then(Value::as_object_mut) {
        headers.retain(|name, _| ANSWER_HEADERS.contains(&name.as_str()));
    }
    Some(HttpStep { line: 0, request, answer, fail, repeats: false })
}
