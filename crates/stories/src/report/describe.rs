//! A failure in lines of plain text: what was expected, what the plugin logged, and where it was stopped.

use crate::play::{Failure, Reason, StoryResult, Verdict};
use crate::workbench::log_text;
use postlude_sandbox::own_frames;
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

/// Where a story, or the step of it that failed, stands: `file:line`.
#[must_use]
pub fn location(result: &StoryResult) -> String {
    let line = match &result.verdict {
        Verdict::Failed(failures) => failures.first().map_or(result.line, |failure| failure.line),
        _ => result.line,
    };
    if line == 0 { result.file.display().to_string() } else { format!("{}:{line}", result.file.display()) }
}

/// Failures in lines, without colour. Of a backtrace the frames that the plugin's author wrote, or all.
#[must_use]
pub fn failure_lines(failures: &[Failure], all_frames: bool) -> Vec<String> {
    failures.iter().flat_map(|failure| lines_of(failure, all_frames)).collect()
}

fn lines_of(failure: &Failure, all_frames: bool) -> Vec<String> {
    let mut lines = vec![format!("step {}, {}: {}", failure.step, failure.title, failure.answer.outcome())];
    lines.extend(reasons_of_answer(&failure.answer.json).into_iter().map(|line| format!("  {line}")));
    for reason in &failure.reasons {
        lines.extend(reason.text().lines().map(|line| format!("  {line}")));
        match reason {
            Reason::Trap { backtrace, .. } => lines.extend(frames(backtrace, all_frames)),
            Reason::UnexpectedRequest { script, .. } => {
                lines.push("  these lines in the step would expect it:".to_owned());
                lines.extend(script.lines().map(|line| format!("    {line}")));
            }
            Reason::Snapshot { stored: Some(stored), text, .. } => lines.extend(difference(stored, text)),
            _ => {}
        }
    }
    for run in &failure.answer.runs {
        let (action, phase) = (&run.input.action.spec.name, run.input.phase.as_str());
        for line in &run.report.log.lines {
            lines.push(format!("  log of {action} {phase}: {}", log_text(line)));
        }
        if run.report.log.dropped > 0 {
            lines.push(format!("  log of {action} {phase}: {} more lines were dropped", run.report.log.dropped));
        }
        if let postlude_model::run::Ending::Failed(why) = &run.report.ending {
            let why = match why {
                postlude_model::decision::Failure::Other(why) | postlude_model::decision::Failure::Unavailable(why) => {
                    why
                }
            };
            lines.push(format!("  {action} {phase} could not decide: {why}"));
        }
    }
    lines
}

/// Why the answer is what it is, in the host's words.
fn reasons_of_answer(answer: &Value) -> Vec<String> {
    let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let mut lines = Vec::new();
    for action in answer.get("actions").and_then(Value::as_array).into_iter().flatten() {
        let of = |name: &str| action.get(name).and_then(Value::as_str).unwrap_or_default();
        lines.push(format!("{}: {}, {}", of("name"), of("decision"), of("why")));
    }
    if answer.get("refused").is_some() {
        lines.push(format!(
            "refused by {}: {}, {}",
            text("/refused/by"),
            text("/refused/code"),
            text("/refused/message")
        ));
    }
    lines
}

fn frames(backtrace: &[String], all_frames: bool) -> Vec<String> {
    let own = own_frames(backtrace);
    let shown = if all_frames { backtrace.to_vec() } else { own };
    let shown: Vec<_> = shown.into_iter().map(|frame| format!("    at {}", placed(&frame))).collect();
    let hidden = backtrace.len().saturating_sub(shown.len());
    let rest =
        (hidden > 0).then(|| format!("    {hidden} frames of the runtime are hidden; `--all-frames` shows them"));
    shown.into_iter().chain(rest).collect()
}

/// `function at file:line` as `function (file:line)`; a line of a guest's own traceback as it is.
fn placed(frame: &str) -> String {
    match frame.strip_prefix("at ") {
        Some(own) => own.to_owned(),
        None => {
            frame.rsplit_once(" at ").map_or_else(|| frame.to_owned(), |(function, at)| format!("{function} ({at})"))
        }
    }
}

/// The lines that differ, with a line around them.
fn difference(stored: &str, text: &str) -> Vec<String> {
    let diff = TextDiff::from_lines(stored, text);
    let changes = diff.grouped_ops(1).into_iter().flatten().flat_map(|op| diff.iter_changes(&op).collect::<Vec<_>>());
    changes
        .map(|change| {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            format!("    {sign} {}", change.value().trim_end_matches('\n'))
        })
        .collect()
}
