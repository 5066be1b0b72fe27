//! Values that several tables have.

use super::problem::Complaint;
use super::read::shown;

/// One of a few words.
pub(super) fn one_of<T: Copy>(text: &str, what: &str, words: &[(&str, T)]) -> Result<T, Complaint> {
    words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        Complaint::new(format!("`{}` is not {what}", shown(text))).hint(format!("one of: {}", known.join(", ")))
    })
}

/// An amr value: visible ASCII (RFC 8176, section 1: case-sensitive strings).
pub(super) fn amr_value(text: &str) -> Result<String, Complaint> {
    if !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err(Complaint::new(format!("`{}` is not an amr value", shown(text)))
            .hint("1 to 64 visible ASCII characters, such as `mfa`"))
    }
}

/// An RFC 6901 pointer: empty, or beginning with `/`, with `~` only in `~0` and `~1`.
pub(super) fn pointer(text: &str) -> Result<String, Complaint> {
    let escapes = text.split('~').skip(1).all(|after| after.starts_with(['0', '1']));
    if (text.is_empty() || text.starts_with('/')) && escapes {
        Ok(text.to_owned())
    } else {
        Err(Complaint::new(format!("`{}` is not a pointer", shown(text))).hint("such as `/user/user_id` (RFC 6901)"))
    }
}
