//! What the demo prints: one line a step, in columns, in colour only where a terminal wants it.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that tells a story")]

use std::fmt::Display;
use std::io::IsTerminal as _;

/// One step of the story.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its number.
    pub number: usize,
    /// What happens.
    pub what: &'static str,
    /// What Postlude answered.
    pub outcome: String,
    /// Why.
    pub why: String,
    /// Figures and other details.
    pub detail: String,
}

/// Prints a step.
pub fn row(row: &Row) {
    let Row { number, what, outcome, why, detail } = row;
    let colour = match outcome.as_str() {
        "continue" => 32,
        "redirect" => 34,
        _ => 31,
    };
    // Padded before it is painted: escape codes have no width.
    let outcome = paint(colour, &format!("{outcome:<10}"));
    let line = if detail.is_empty() { why.clone() } else { format!("{why:<46} {}", paint(2, detail)) };
    println!("{number:>2}  {what:<23} {outcome} {line}");
}

/// Prints a line.
pub fn line(text: impl Display) {
    println!("{text}");
}

/// Prints a line that can be passed over.
pub fn quiet(text: &str) {
    println!("{}", paint(2, text));
}

/// Prints what went wrong.
pub fn failed(why: &anyhow::Error) {
    eprintln!("the demo stopped: {why:#}");
}

/// In colour, on a terminal without `NO_COLOR` (<https://no-color.org>).
fn paint(code: u8, text: &str) -> String {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if std::io::stdout().is_terminal() && !refused { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}
