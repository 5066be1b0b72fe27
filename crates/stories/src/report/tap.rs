//! A report in the Test Anything Protocol, version 14.

use super::describe::{failure_lines, location};
use crate::play::{StoryResult, Verdict};
use std::fmt::Write as _;

/// The report: a test point for each story, with a YAML block for each failure.
#[must_use]
pub fn tap(results: &[StoryResult]) -> String {
    let mut text = format!("TAP version 14\n1..{}\n", results.len());
    for (at, result) in results.iter().enumerate() {
        let number = at.saturating_add(1);
        // A hash would begin a directive.
        let name = format!("{}: {}", result.file.display(), result.name).replace('\\', "\\\\").replace('#', "\\#");
        let (ok, directive, lines) = match &result.verdict {
            Verdict::Passed => ("ok", String::new(), Vec::new()),
            Verdict::Skipped(why) => ("ok", format!(" # SKIP {}", why.replace('\n', " ")), Vec::new()),
            Verdict::Failed(failures) => ("not ok", String::new(), failure_lines(failures, true)),
            Verdict::Refused(why) => ("not ok", String::new(), why.lines().map(str::to_owned).collect()),
        };
        // Writing to a string does not fail.
        let _ = writeln!(text, "{ok} {number} - {name}{directive}");
        if !lines.is_empty() {
            let _ = writeln!(text, "  ---\n  at: {}\n  message: |", quoted(&location(result)));
            for line in lines {
                let _ = writeln!(text, "    {line}");
            }
            text.push_str("  ...\n");
        }
    }
    text
}

/// A text as YAML in double quotes: JSON is YAML.
fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}
