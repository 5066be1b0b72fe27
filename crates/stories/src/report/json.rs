//! A report in JSON, for scripts.

use super::describe::{failure_lines, location};
use crate::pattern::Difference;
use crate::play::{Failure, Reason, StoryResult, Verdict};
use serde_json::{Value, json};

/// The report.
#[must_use]
pub fn json(results: &[StoryResult]) -> Value {
    let count = |is: fn(&Verdict) -> bool| results.iter().filter(|result| is(&result.verdict)).count();
    json!({
        "passed": count(|verdict| matches!(verdict, Verdict::Passed)),
        "failed": count(|verdict| matches!(verdict, Verdict::Failed(_))),
        "refused": count(|verdict| matches!(verdict, Verdict::Refused(_))),
        "skipped": count(|verdict| matches!(verdict, Verdict::Skipped(_))),
        "stories": results.iter().map(story).collect::<Vec<_>>(),
    })
}

fn story(result: &StoryResult) -> Value {
    let mut story = json!({
        "file": result.file.display().to_string(),
        "line": result.line,
        "name": result.name,
        "duration_us": u64::try_from(result.duration.as_micros()).unwrap_or(u64::MAX),
    });
    let (verdict, more) = match &result.verdict {
        Verdict::Passed => ("passed", json!({})),
        Verdict::Skipped(why) => ("skipped", json!({ "reason": why })),
        Verdict::Refused(why) => ("refused", json!({ "reason": why })),
        Verdict::Failed(failures) => ("failed", failed(result, failures)),
    };
    if let (Value::Object(story), Value::Object(more)) = (&mut story, more) {
        story.insert("verdict".to_owned(), verdict.into());
        story.extend(more);
    }
    story
}

fn failed(result: &StoryResult, failures: &[Failure]) -> Value {
    let step = |failure: &Failure| {
        json!({
            "step": failure.step,
            "line": failure.line,
            "reasons": failure.reasons.iter().map(reason).collect::<Vec<_>>(),
            "answer": failure.answer.json,
        })
    };
    json!({
        "at": location(result),
        "text": failure_lines(failures, true).join("\n"),
        "failures": failures.iter().map(step).collect::<Vec<_>>(),
    })
}

fn reason(reason: &Reason) -> Value {
    let text = reason.text();
    match reason {
        Reason::Difference(Difference { path, expected, found }) => {
            json!({ "kind": "difference", "path": path, "expected": expected, "found": found, "text": text })
        }
        Reason::Trap { message, backtrace } => {
            json!({ "kind": "trap", "message": message, "backtrace": backtrace, "text": text })
        }
        Reason::UnexpectedRequest { request, script } => {
            json!({ "kind": "unexpected_request", "request": request, "script": script, "text": text })
        }
        Reason::MissingRequest { request, line } => {
            json!({ "kind": "missing_request", "request": request, "line": line, "text": text })
        }
        Reason::Snapshot { file, .. } => json!({ "kind": "snapshot", "file": file, "text": text }),
    }
}
