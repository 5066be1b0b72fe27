//! A failure in lines of plain text: what was expected, what the plugin logged, and where it was stopped.

use crate::play::{Failure, Reason, StoryResult, Verdict};
use crate::workbench::log_text;
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

/// Failures in lines, without colour. `keeps` says which frames of a backtrace are shown.
#[must_use]
pub fn failure_lines(failures: &[Failure], keeps: impl Fn(&str) -> bool) -> Vec<String> {
    failures.iter().flat_map(|failure| lines_of(failure, &keeps)).collect()
}

fn lines_of(failure: &Failure, keeps: &impl Fn(&str) -> bool) -> Vec<String> {
    let mut lines = vec![format!("step {}, {}: {}", failure.step, failure.title, failure.answer.outcome())];
    for reason in &failure.reasons {
        lines.extend(reason.text().lines().map(|line| format!("  {line}")));
        match reason {
            Reason::Trap { backtrace, .. } => lines.extend(frames(backtrace, keeps)),
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

fn frames(backtrace: &[String], keeps: &impl Fn(&str) -> bool) -> Vec<String> {
    let shown: Vec<_> = backtrace.iter().filter(|frame| keeps(frame)).map(|frame| format!("    at {frame}")).collect();
    let hidden = backtrace.len().saturating_sub(shown.len());
    let rest =
        (hidden > 0).then(|| format!("    {hidden} frames of the runtime are hidden; `--all-frames` shows them"));
    shown.into_iter().chain(rest).collect()
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

/// Whether a frame of a backtrace is the language's runtime, and not the plugin's author's.
#[must_use]
pub fn is_runtime_frame(frame: &str) -> bool {
    const PREFIXES: [&str; 14] = [
        "std::",
        "core::",
        "alloc::",
        "<alloc::",
        "<core::",
        "<std::",
        "rust_",
        "__rust",
        "_rust",
        "panic_",
        "wit_bindgen",
        "dlmalloc",
        "cabi_",
        "__wasm_",
    ];
    const PARTS: [&str; 6] =
        ["/rustc/", "/library/std/", "/library/core/", "/library/alloc/", "::panicking::", "_cabi"];
    let name = frame.split_once('!').map_or(frame, |(_, name)| name);
    PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || PARTS.iter().any(|part| frame.contains(part))
}
