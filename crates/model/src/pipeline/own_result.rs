//! Whether a redirect of profile `auth0` carries a token that would prove its own reply.
//!
//! The profile shares one secret in both directions, and the action holds it: what would verify as the result of this very suspension
//! must not leave with the browser, in whatever part of the URL and whatever stands around it.

use crate::action::Action;
use crate::token::TokenContext;
use std::borrow::Cow;
use url::Url;

/// How often a text may have been escaped: once by each of two sites on the way, and once more.
const ESCAPES: usize = 3;
/// Characters of the signature of HS256, the profile's only algorithm (RFC 7515, section 3.2).
const SIGNATURE: usize = 43;

/// Refuses a URL with such a token.
pub(super) fn refuse(action: &Action, url: &Url, context: &TokenContext<'_>) -> Result<(), String> {
    let proves = |text: &str| action.keys.verify(&action.spec.result.key, text, context).is_ok();
    let mut text = Cow::Borrowed(url.as_str());
    for _ in 0..=ESCAPES {
        let runs = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')));
        if runs.flat_map(tokens).any(proves) {
            return Err("the redirect carries a token that would prove its own reply".to_owned());
        }
        match unescaped(&text) {
            Some(next) => text = Cow::Owned(next),
            None => break,
        }
    }
    Ok(())
}

/// What may be a token (RFC 7515, section 7.1) in a run of its characters: three parts beside each other, the first from any place at
/// which the base64url of an object begins, the last as a whole or up to the length of a signature.
fn tokens(run: &str) -> Vec<&str> {
    // Where each part begins and ends.
    let mut at = 0;
    let parts = run.split('.').map(|part| {
        let start = at;
        at = start + part.len() + 1;
        (start, start + part.len())
    });
    let parts: Vec<(usize, usize)> = parts.collect();
    let mut found = Vec::new();
    for beside in parts.windows(3) {
        let [(start, dot), _, (last, end)] = *beside else { continue };
        for at in (start..dot).filter(|at| begins_object(run, *at)) {
            found.extend([end, (last + SIGNATURE).min(end)].into_iter().filter_map(|end| run.get(at..end)));
        }
    }
    found
}

/// `{` is 011110 11....: `e`, and one of the last sixteen characters of the alphabet.
fn begins_object(run: &str, at: usize) -> bool {
    let mut bytes = run.bytes().skip(at);
    bytes.next() == Some(b'e') && bytes.next().is_some_and(|b| matches!(b, b'w'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
}

/// The text with each `%XX` replaced by its byte; none where there is no such escape.
fn unescaped(text: &str) -> Option<String> {
    let digit =
        |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16)).and_then(|it| u8::try_from(it).ok());
    let (bytes, mut plain, mut at, mut found) = (text.as_bytes(), Vec::with_capacity(text.len()), 0, false);
    while let Some(byte) = bytes.get(at) {
        match (byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                plain.push(high << 4 | low);
                (at, found) = (at + 3, true);
            }
            _ => {
                plain.push(*byte);
                at += 1;
            }
        }
    }
    found.then(|| String::from_utf8_lossy(&plain).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_between_others() {
        let found = |run: &str| tokens(run).into_iter().map(str::to_owned).collect::<Vec<_>>();
        let signature = "s".repeat(SIGNATURE);
        let token = format!("eyJh.cA.{signature}");
        assert!(found(&token).contains(&token));
        for around in [
            format!("a.{token}"),
            format!("{token}.b"),
            format!("xx{token}"),
            format!("{token}yy"),
            format!("a.b.{token}.c.d"),
        ] {
            assert!(found(&around).contains(&token), "{around}");
        }
        assert_eq!(found("a.b.c"), [""; 0]);
        assert_eq!(found("eyJh.b"), [""; 0]);
        assert_eq!(found("...."), [""; 0]);
    }

    #[test]
    fn escapes_are_undone_and_broken_ones_stay() {
        assert_eq!(unescaped("a%2Eb%2e%c3%a9").as_deref(), Some("a.b.é"));
        assert_eq!(unescaped("100%, %2, %zz"), None);
        assert_eq!(unescaped("%252E").as_deref(), Some("%2E"));
    }
}
