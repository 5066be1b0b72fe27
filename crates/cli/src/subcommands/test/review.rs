//! Answers that are not the stored ones, one after the other: shown, and stored where a person says so.

use crate::output::{self, Paint, plain};
use anyhow::{Context as _, Result, bail};
use postlude_stories::play::{Reason, SnapshotStore, StoryResult, Verdict};
use postlude_stories::report::failure_lines;
use std::io::{BufRead as _, IsTerminal as _, Write as _};

/// Asks for each. A story whose only fault was that passes then.
pub(super) fn review(results: &mut [StoryResult]) -> Result<()> {
    let open = results.iter().filter(|result| !snapshots(result).is_empty()).count();
    if open == 0 {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        bail!(
            "`--review` asks a person at a terminal, and standard input is none; `--accept` stores {open} answers without asking"
        );
    }
    for result in results.iter_mut().filter(|result| !snapshots(result).is_empty()) {
        let file = result.file.clone();
        let Verdict::Failed(failures) = &mut result.verdict else { continue };
        for failure in failures.iter_mut() {
            let at = format!("{}:{}", file.display(), failure.line);
            output::line(format!("\n{} {}  {at}", output::coloured(Paint::Careful, "changed"), plain(&result.name)));
            let lines = failure_lines(std::slice::from_ref(failure), false);
            lines.iter().for_each(|line| output::line(format!("  {}", plain(line))));
            let reasons = std::mem::take(&mut failure.reasons);
            failure.reasons = reasons.into_iter().map(ask).filter_map(Result::transpose).collect::<Result<_>>()?;
        }
        failures.retain(|failure| !failure.reasons.is_empty());
        if failures.is_empty() {
            result.verdict = Verdict::Passed;
        }
    }
    Ok(())
}

/// Asks whether an answer is to be stored; what is left of the reason to fail.
fn ask(reason: Reason) -> Result<Option<Reason>> {
    let Reason::Snapshot { file, text, stored } = &reason else { return Ok(Some(reason)) };
    if stored.is_none() {
        text.lines().for_each(|line| output::line(format!("    + {}", plain(line))));
    }
    if !yes(&format!("store it in {}?", file.display()))? {
        return Ok(Some(reason));
    }
    SnapshotStore::store(file, text).with_context(|| format!("`{}` cannot be written", file.display()))?;
    Ok(None)
}

fn snapshots(result: &StoryResult) -> Vec<&Reason> {
    match &result.verdict {
        Verdict::Failed(failures) => failures
            .iter()
            .flat_map(|failure| &failure.reasons)
            .filter(|reason| matches!(reason, Reason::Snapshot { .. }))
            .collect(),
        _ => Vec::new(),
    }
}

fn yes(question: &str) -> Result<bool> {
    let mut out = std::io::stdout().lock();
    write!(out, "{question} [y/N] ")?;
    out.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
