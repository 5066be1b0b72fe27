//! `log`: lines for the login record, within the budget and with nothing in them that a terminal would obey.

use super::meter::Interface;
use crate::abi::Pairs;
use crate::abi::log::Level as Asked;
use crate::state::Run;
use postlude_model::run::{Level, LogLine};
use std::fmt::Write as _;

/// Fuel of a byte that is looked at and perhaps escaped.
const ESCAPE_FUEL: u64 = 40;

/// Links the interface.
pub fn link(to: &mut Interface<'_>) -> wasmtime::Result<()> {
    to.procedure("log", log)
}

fn log(run: &mut Run, (level, message, fields): (Asked, String, Pairs)) {
    // Once a line was dropped the log is over: what is kept has no holes.
    if run.log.dropped > 0 || run.log.lines.len() >= run.input.action.spec.budget.log_lines {
        run.log.dropped = run.log.dropped.saturating_add(1);
        return;
    }
    let fields = fields.iter().map(|(name, value)| (escaped(name), escaped(value))).collect();
    let line = LogLine { level: named(level), message: escaped(&message), fields };
    let bytes = size(&line);
    run.owe(u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(ESCAPE_FUEL));
    match run.log_bytes.checked_add(bytes).filter(|total| *total <= run.input.action.spec.budget.log_bytes) {
        Some(total) => {
            run.log_bytes = total;
            run.log.lines.push(line);
        }
        None => run.log.dropped = 1,
    }
}

fn size(line: &LogLine) -> usize {
    let fields = line.fields.iter().map(|(name, value)| name.len().saturating_add(value.len()));
    fields.fold(line.message.len(), usize::saturating_add)
}

const fn named(level: Asked) -> Level {
    match level {
        Asked::Debug => Level::Debug,
        Asked::Info => Level::Info,
        Asked::Warn => Level::Warn,
        Asked::Error => Level::Error,
    }
}

/// The text with control characters, line separators and bidirectional controls (Unicode Standard Annex 9) written out.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || is_invisible(c) => {
                // Writing to a string does not fail.
                let _ = write!(out, "{}", c.escape_unicode());
            }
            c => out.push(c),
        }
    }
    out
}

const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        let hostile = "a\r\nb\u{1b}[31m\u{0}\u{202e}c\u{2028}\u{85}d\té";
        assert_eq!(escaped(hostile), r"a\u{d}\nb\u{1b}[31m\u{0}\u{202e}c\u{2028}\u{85}d\té");
    }
}
