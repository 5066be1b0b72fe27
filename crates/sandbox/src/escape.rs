//! Writes text of a plugin so that nothing is left in it that a terminal or a log reader would obey.

use std::fmt::Write as _;

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
