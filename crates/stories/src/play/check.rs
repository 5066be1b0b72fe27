//! Compares what a step answered with what is expected of it.

use super::http_step::paste;
use super::result::Reason;
use super::snapshot::{self, SnapshotStore};
use crate::pattern;
use crate::story::{Step, StoryFile};
use crate::workbench::{Answer, HttpScript, ScriptedExchange, request_json};
use postlude_model::run::Ending;
use serde_json::Value;

/// Everything that is not as expected.
pub(super) fn check(expect: Option<&Value>, answer: &Answer) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let expects_trap = expect.is_some_and(|expect| expect.get("trap").is_some());
    if let (Some(message), false) = (answer.json.get("trap").and_then(Value::as_str), expects_trap) {
        let backtrace = answer.runs.iter().find_map(|run| match &run.report.ending {
            Ending::Trapped(trap) => Some(trap.backtrace.clone()),
            _ => None,
        });
        reasons.push(Reason::Trap { message: message.to_owned(), backtrace: backtrace.unwrap_or_default() });
    }
    if let Some(expect) = expect {
        reasons.extend(pattern::differences(expect, Some(&answer.json)).into_iter().map(Reason::Difference));
    }
    reasons
}

/// The requests that were made and not expected, and the step's own ones that were expected and not made.
pub(super) fn check_http(script: &HttpScript, step: &Step) -> Vec<Reason> {
    let unexpected = script.take_unexpected().into_iter().map(|request| {
        let request = request_json(&request);
        let script = paste(&request);
        Reason::UnexpectedRequest { request, script }
    });
    let mut reasons: Vec<Reason> = unexpected.collect();
    let left = script.expect(Vec::new());
    for ScriptedExchange { request, .. } in left.into_iter().filter(|one| !one.repeats) {
        let line =
            step.http.iter().find(|one| !one.repeats && one.request == request).map_or(step.line, |one| one.line);
        reasons.push(Reason::MissingRequest { request, line });
    }
    reasons
}

/// Compares the whole answer with the stored one.
pub(super) fn check_snapshot(
    store: &SnapshotStore,
    file: &StoryFile,
    story: &str,
    number: usize,
    answer: &Answer,
) -> Result<Option<Reason>, String> {
    let path = SnapshotStore::file(&file.path, story, number);
    let text = snapshot::text(&answer.json);
    match store.compare(&path, &text) {
        Ok(None) => Ok(None),
        Ok(Some(stored)) => Ok(Some(Reason::Snapshot { file: path, stored, text })),
        Err(why) => Err(format!("`{}` cannot be written: {why}", path.display())),
    }
}
