//! What a guest says of its own panic or uncaught exception, before the run ends by it.

use crate::escape::escaped;

/// Bytes of a panic's message that are kept: a sentence and the first lines of a traceback.
const MESSAGE_BYTES: usize = 1024;

/// A guest's panic. A host function that returns this ends the run by a trap.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct GuestPanic {
    /// What happened, in one line.
    pub what: String,
    /// Where, as the guest's language says it; innermost first if the language says so.
    pub lines: Vec<String>,
}

impl GuestPanic {
    /// The panic of a message: its first line says what happened.
    pub fn new(message: &str) -> Self {
        let kept = message.get(..message.floor_char_boundary(MESSAGE_BYTES)).unwrap_or_default();
        let mut lines = kept.lines().map(str::trim_end).filter(|line| !line.is_empty());
        let what = match lines.next() {
            Some(line) => escaped(line),
            None => "the plugin panicked and did not say why".to_owned(),
        };
        Self { what, lines: lines.map(|line| escaped(line.trim_start())).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_what_happened_and_the_others_say_where() {
        let panic = GuestPanic::new("TypeError: x is undefined\n    at onLogin (index.js:3)\n\n    at \u{1b}[31m\n");
        assert_eq!(panic.what, "TypeError: x is undefined");
        assert_eq!(panic.lines, ["at onLogin (index.js:3)", "at \\u{1b}[31m"]);
    }

    #[test]
    fn an_empty_message_is_said_to_be_one() {
        assert_eq!(GuestPanic::new("\n \n").what, "the plugin panicked and did not say why");
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        assert_eq!(GuestPanic::new(&"x".repeat(MESSAGE_BYTES)).what.len(), MESSAGE_BYTES);
        let long = GuestPanic::new(&format!("x{}", "\u{e9}".repeat(MESSAGE_BYTES)));
        assert_eq!(long.what.len(), MESSAGE_BYTES - 1, "the last character had only one byte of its two");
    }
}
