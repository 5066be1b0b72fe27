//! What a person reads: the one place that writes to standard output and standard error.
//!
//! A reader of standard output that goes away, such as `head`, is no mistake: what is written after it is dropped, and the command
//! ends as it would have. Any other reason why standard output takes no more fails the command in the end.

use serde::Serialize;
use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::OnceLock;

/// Why standard output took no more.
static BROKEN: OnceLock<io::Error> = OnceLock::new();

/// A colour, by what it means.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Paint {
    Good,
    Bad,
    Careful,
    Quiet,
}

/// Writes a line to standard output.
pub(crate) fn line(text: impl Display) {
    write(format!("{text}\n").as_bytes());
}

/// Writes bytes to standard output.
pub(crate) fn write(bytes: &[u8]) {
    if BROKEN.get().is_some() {
        return;
    }
    let mut out = io::stdout().lock();
    if let Err(why) = out.write_all(bytes).and_then(|()| out.flush()) {
        // The first reason is the one to tell.
        let _ = BROKEN.set(why);
    }
}

/// The exit code of a command that ended with this one: standard output may have taken less than was written.
pub(crate) fn ended(code: ExitCode) -> ExitCode {
    match BROKEN.get() {
        Some(why) if why.kind() != ErrorKind::BrokenPipe => {
            fail(&anyhow::anyhow!("cannot write to standard output: {why}"))
        }
        _ => code,
    }
}

/// Writes a line to standard output, where a reader that went away is no error of ours.
pub(crate) fn try_line(text: impl Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush())
}

/// A text from elsewhere without anything that a terminal would obey.
pub(crate) fn plain(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

/// Writes a line to standard error.
pub(crate) fn note(text: impl Display) {
    // Nobody is left to tell.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Writes a value as JSON, for scripts.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Says why a command failed, with its causes.
pub(crate) fn fail(why: &anyhow::Error) -> ExitCode {
    note(format!("{} {why:#}", coloured_note(Paint::Bad, "error:")));
    ExitCode::from(1)
}

/// A text in colour, where standard output is a terminal that wants it (<https://no-color.org>).
pub(crate) fn coloured(paint_: Paint, text: &str) -> String {
    paint(paint_, text, io::stdout().is_terminal())
}

/// A text in colour, where standard error is a terminal that wants it.
pub(crate) fn coloured_note(paint_: Paint, text: &str) -> String {
    paint(paint_, text, io::stderr().is_terminal())
}

fn paint(paint: Paint, text: &str, terminal: bool) -> String {
    if !terminal || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        return text.to_owned();
    }
    let code = match paint {
        Paint::Good => 32,
        Paint::Bad => 31,
        Paint::Careful => 33,
        Paint::Quiet => 2,
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

/// A number with separators: `50,000,000`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        assert_eq!([0, 999, 1000, 50_000_000].map(grouped), ["0", "999", "1,000", "50,000,000"]);
    }
}
