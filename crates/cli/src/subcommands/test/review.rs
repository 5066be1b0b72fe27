//! Answers that are not the stored ones, one after the other: shown, and stored where a person says so.

use crate::output::{self, Paint, plain};
use anyhow::{Context as _, Result, bail};
use postlude_stories::play::{Reason, SnapshotStore, StoryResult, Verdict};
use postlude_stories::report::failure_lines;
use std::io::{BufRead as _, IsTerminal as _, Write as _};

/// Asks for each. A story whose only fault was that passes then; what is not stored, and what nobody is asked about, fails.
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
    let mut scope = Scope::Answer;
    for result in results.iter_mut().filter(|result| !snapshots(result).is_empty()) {
        if scope == Scope::All {
            break;
        }
        scope = Scope::Answer;
        let file = result.file.clone();
        let Verdict::Failed(failures) = &mut result.verdict else { continue };
        for failure in failures.iter_mut() {
            if scope != Scope::Answer {
                break;
            }
            let at = format!("{}:{}", file.display(), failure.line);
            output::line(format!("\n{} {}  {at}", output::coloured(Paint::Careful, "changed"), plain(&result.name)));
            let lines = failure_lines(std::slice::from_ref(failure), false);
            lines.iter().for_each(|line| output::line(format!("  {}", plain(line))));
            let reasons = std::mem::take(&mut failure.reasons);
            let asked = reasons.into_iter().map(|reason| ask(reason, &mut scope));
            failure.reasons = asked.filter_map(Result::transpose).collect::<Result<_>>()?;
        }
        failures.retain(|failure| !failure.reasons.is_empty());
        if failures.is_empty() {
            result.verdict = Verdict::Passed;
        }
    }
    Ok(())
}

/// What a person decided about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// This answer alone.
    Answer,
    /// The other answers of the story as well.
    Story,
    /// All answers.
    All,
}

/// Asks whether an answer is to be stored; what is left of the reason to fail.
fn ask(reason: Reason, scope: &mut Scope) -> Result<Option<Reason>> {
    let Reason::Snapshot { file, text, stored } = &reason else { return Ok(Some(reason)) };
    if *scope != Scope::Answer {
        return Ok(Some(reason));
    }
    if stored.is_none() {
        text.lines().for_each(|line| output::line(format!("    + {}", plain(line))));
    }
    match question(&format!("store it in {}?", file.display()))? {
        Choice::Store => {}
        Choice::Keep => return Ok(Some(reason)),
        Choice::Leave(more) => {
            *scope = more;
            return Ok(Some(reason));
        }
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

/// What a person answers.
enum Choice {
    /// The new answer is stored.
    Store,
    /// The stored answer stays, and the story fails.
    Keep,
    /// The stored answers stay, and nothing more of that scope is asked.
    Leave(Scope),
}

/// Asks until the answer is one that is known; the end of the input is no more than a wish to stop.
fn question(question: &str) -> Result<Choice> {
    loop {
        let mut out = std::io::stdout().lock();
        write!(out, "{question} [y]es, [n]o, [s]kip this story, [q]uit: ")?;
        out.flush()?;
        drop(out);
        let mut answer = String::new();
        if std::io::stdin().lock().read_line(&mut answer)? == 0 {
            output::line("");
            return Ok(Choice::Leave(Scope::All));
        }
        match answer.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => return Ok(Choice::Store),
            "n" | "no" => return Ok(Choice::Keep),
            "s" | "skip" => return Ok(Choice::Leave(Scope::Story)),
            "q" | "quit" => return Ok(Choice::Leave(Scope::All)),
            _ => {}
        }
    }
}
