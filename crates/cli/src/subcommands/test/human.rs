//! What a person reads: a line for each story, the whole of each failure, and a summary.

use crate::output::{self, Paint, plain};
use postlude_stories::fuzz::FuzzReport;
use postlude_stories::play::{STOCK_FILE, StoryResult, Verdict};
use postlude_stories::report::{failure_lines, location};
use postlude_stories::story::StoryFile;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// Lists the stories of files.
pub(super) fn list(files: &[StoryFile], wanted: impl Fn(&str) -> bool) {
    for file in files {
        for story in file.stories.iter().filter(|story| wanted(&story.name)) {
            let skip = if story.skip.is_some() { "  (skipped)" } else { "" };
            output::line(format!("{}:{}: {}{skip}", file.path.display(), story.line, plain(&story.name)));
        }
    }
}

/// Shows results: by file, failures after all stories, and the summary at the end.
pub(super) fn show(results: &[StoryResult], took: Duration, all_frames: bool) {
    let mut by_file: BTreeMap<(bool, &Path), Vec<&StoryResult>> = BTreeMap::new();
    for result in results {
        // Stock stories come last.
        by_file.entry((is_stock(result), &result.file)).or_default().push(result);
    }
    for ((stock, file), results) in by_file {
        output::line(output::coloured(Paint::Quiet, &file.display().to_string()));
        let good = results.iter().filter(|result| result.is_good()).count();
        if stock && good == results.len() {
            output::line(format!("  {} {good} stock stories", output::coloured(Paint::Good, "ok  ")));
            continue;
        }
        results.into_iter().for_each(line);
    }
    for result in results.iter().filter(|result| !result.is_good()) {
        failure(result, all_frames);
    }
    summary(results, took);
}

/// Shows what made-up events and replies came to. False where one stopped the plugin.
pub(super) fn fuzzed(found: &FuzzReport, seed: u64, took: Duration, all_frames: bool) -> bool {
    let Some(failure) = &found.failure else {
        let text = format!("{} made-up logins passed in {:.1} s  (seed {seed})", found.cases, took.as_secs_f64());
        output::line(format!("{} {text}", output::coloured(Paint::Good, "ok  ")));
        return true;
    };
    output::line(format!(
        "{} the smallest login that does it, of {} tried (seed {seed}):",
        output::coloured(Paint::Bad, "FAIL"),
        found.cases
    ));
    let lines = failure_lines(std::slice::from_ref(&failure.failure), all_frames);
    lines.iter().for_each(|line| output::line(format!("  {}", painted(line))));
    output::line("\nas a story, to paste:\n");
    failure.story.lines().for_each(output::line);
    false
}

fn is_stock(result: &StoryResult) -> bool {
    result.file == Path::new(STOCK_FILE)
}

fn line(result: &StoryResult) {
    let name = plain(&result.name);
    let (paint, word, more) = match &result.verdict {
        Verdict::Passed => (Paint::Good, "ok  ", String::new()),
        Verdict::Skipped(why) => (Paint::Careful, "skip", format!(": {}", plain(why))),
        Verdict::Failed(_) | Verdict::Refused(_) => (Paint::Bad, "FAIL", String::new()),
    };
    output::line(format!("  {} {name}{more}", output::coloured(paint, word)));
}

fn failure(result: &StoryResult, all_frames: bool) {
    let title = format!("{}  {}", plain(&result.name), location(result));
    output::line(format!("\n{} {title}", output::coloured(Paint::Bad, "FAIL")));
    match &result.verdict {
        Verdict::Failed(failures) => {
            let lines = failure_lines(failures, all_frames);
            lines.iter().for_each(|line| output::line(format!("  {}", painted(line))));
        }
        Verdict::Refused(why) => why.lines().for_each(|line| output::line(format!("  {}", plain(line)))),
        Verdict::Passed | Verdict::Skipped(_) => {}
    }
}

/// A line of a failure, with the colour of what it says.
fn painted(line: &str) -> String {
    let text = plain(line);
    match text.trim_start() {
        start if start.starts_with("- ") => output::coloured(Paint::Bad, &text),
        start if start.starts_with("+ ") => output::coloured(Paint::Good, &text),
        start if start.starts_with("at ") || start.starts_with("log of ") => output::coloured(Paint::Quiet, &text),
        _ => text,
    }
}

fn summary(results: &[StoryResult], took: Duration) {
    let count = |is: fn(&StoryResult) -> bool| results.iter().filter(|result| is(result)).count();
    let passed = count(|result| matches!(result.verdict, Verdict::Passed));
    let skipped = count(|result| matches!(result.verdict, Verdict::Skipped(_)));
    let failed = results.len() - passed - skipped;
    let stories = |count: usize| format!("{count} {}", if count == 1 { "story" } else { "stories" });
    let mut text = format!("\n{} passed", stories(passed));
    if failed > 0 {
        text.push_str(&format!(", {}", output::coloured(Paint::Bad, &format!("{failed} failed"))));
    }
    if skipped > 0 {
        text.push_str(&format!(", {skipped} skipped"));
    }
    text.push_str(&format!(" in {:.1} s", took.as_secs_f64()));
    output::line(format!("{text}{}", attacks(results)));
}

/// The attacks that were played, in a few words.
fn attacks(results: &[StoryResult]) -> String {
    const KNOWN: [(&str, &str); 4] = [
        ("a state stolen by another browser", "stolen state"),
        ("a replayed reply", "replay"),
        ("an expired result", "expired"),
        ("a result for another user", "wrong user"),
    ];
    let played = |begin: &str| results.iter().any(|result| is_stock(result) && result.name.starts_with(begin));
    let words: Vec<_> = KNOWN.iter().filter(|(begin, _)| played(begin)).map(|(_, word)| *word).collect();
    if words.is_empty() { String::new() } else { format!("  ({} included)", words.join(", ")) }
}
