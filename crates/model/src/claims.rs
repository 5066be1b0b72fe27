//! Claims that no action may set, whatever it was granted.

use std::collections::HashSet;
use std::sync::LazyLock;

/// The contract's list, with comments and empty lines. The SDK's fake host reads the same file.
const FILE: &str = include_str!("../../../wit/0.1/reserved-claims.txt");

/// Bytes of a claim's name.
const NAME_BYTES: usize = 1024;

static RESERVED: LazyLock<HashSet<&str>> =
    LazyLock::new(|| FILE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect());

/// Whether only the identity provider may set the claim of this name: one of the list, or what a lenient reader or a person could take
/// for one of it. Cases of letters do not count, nor what is not seen, and a letter that is not ASCII stands for any it may look like.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    // No claim has a name of this length; reading it would cost what no fuel pays for.
    if RESERVED.contains(name) || name.len() > NAME_BYTES {
        return true;
    }
    // Upper case first: it makes ASCII of the long s and of the Kelvin sign, as readers that ignore cases do.
    let seen = name.chars().filter(|c| !is_unseen(*c));
    let folded: Vec<char> = seen.flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect();
    let reads_as = |reserved: &str| {
        let mut letters = reserved.chars();
        let same = folded.iter().all(|c| letters.next().is_some_and(|letter| *c == letter || is_look_alike(*c)));
        same && letters.next().is_none()
    };
    !folded.is_empty() && RESERVED.iter().any(|reserved| reads_as(reserved))
}

/// White space, control characters, and what is not shown (Unicode: Default_Ignorable_Code_Point, Bidi_Control, marks that combine).
fn is_unseen(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{ad}' | '\u{300}'..='\u{36f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{20d0}'..='\u{20ff}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{fe20}'..='\u{fe2f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Letters and signs of the scripts that look like Latin: accented Latin, phonetic, Greek, Cyrillic, Armenian, Cherokee, Lisu, and the
/// forms for compatibility (superscript, letter-like, enclosed, full width, mathematical).
const fn is_look_alike(c: char) -> bool {
    matches!(c, '\u{c0}'..='\u{2ff}' | '\u{370}'..='\u{58f}' | '\u{13a0}'..='\u{13ff}' | '\u{1d00}'..='\u{1dbf}'
        | '\u{1e00}'..='\u{1fff}' | '\u{2010}'..='\u{2015}' | '\u{2070}'..='\u{209f}' | '\u{2100}'..='\u{218f}'
        | '\u{2460}'..='\u{24ff}' | '\u{2c60}'..='\u{2c7f}' | '\u{a4d0}'..='\u{a4ff}' | '\u{a720}'..='\u{a7ff}'
        | '\u{ab30}'..='\u{abbf}' | '\u{ff00}'..='\u{ff65}' | '\u{10400}'..='\u{1044f}' | '\u{1d400}'..='\u{1d7ff}'
        | '\u{1f100}'..='\u{1f1ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_read_without_its_comments() {
        assert_eq!(RESERVED.len(), 37);
        assert!(["iss", "sub", "acr", "amr", "cnf", "scope", "vtm"].into_iter().all(is_reserved));
        assert!(
            !["", "#", "email", "RFC 9396", "# RFC 9396", "https://acme.example/claim"].into_iter().any(is_reserved)
        );
    }

    /// P40: what a reader that ignores cases or white space makes a reserved claim of, and what a person would read as one.
    #[test]
    fn what_reads_as_a_reserved_claim_is_one() {
        for name in [
            "Sub",
            "SUB",
            " sub",
            "sub\t",
            "s ub",
            "sub\u{0}",
            "s\u{200b}ub",
            "\u{feff}amr",
            "su\u{301}b",
            "ſub",
            "to\u{212a}en_type",
            "\u{455}ub",
            "s\u{3c5}b",
            "ｓｕｂ",
            "𝐬𝐮𝐛",
            "auth\u{2010}time",
            "AMR",
            "Auth_Time",
        ] {
            assert!(is_reserved(name), "{name:?}");
        }
        for name in [
            "subs",
            "s",
            "sub.x",
            "x-sub",
            "https://acme.example/Sub",
            "email",
            "部門名",
            "",
            " ",
            "\u{200b}",
            "auth-time",
        ] {
            assert!(!is_reserved(name), "{name:?}");
        }
    }
}
