//! Where a login may send the browser back to: a registered origin and a path prefix of whole segments.

use super::problem::Complaint;
use super::read::shown;
use super::web::{self, REPLY_PARAMETER};
use url::Url;

/// A registered return URL: an origin (RFC 6454) and the path segments that a login's own return URL begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnUrl {
    origin: String,
    segments: Vec<String>,
    /// Origin and path in one, where every character of the path means itself.
    plain: Option<String>,
}

impl ReturnUrl {
    /// Reads a registration: https, or http to loopback in development mode; no query, fragment or user information.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn parse(text: &str, development: bool) -> Result<Self, Complaint> {
        let url = web::url(text, development)?;
        if url.query().is_some() {
            let message = format!("`{}` has a query", shown(text));
            return Err(Complaint::new(message).hint("register origin and path; a login may add any query"));
        }
        let mut segments = segments(&url).ok_or_else(|| {
            Complaint::new(format!("the path of `{}` can be read in two ways", shown(text)))
                .hint("write it without encoded slashes, backslashes, dots or control characters")
        })?;
        // A slash at the end says the same as none: prefixes match whole segments.
        if segments.last().is_some_and(String::is_empty) {
            segments.pop();
        }
        let origin = url.origin().ascii_serialization();
        let plain = segments.iter().fold(origin.clone(), |plain, segment| plain + "/" + segment);
        let plain = segments.iter().all(|segment| means_itself(segment)).then_some(plain);
        Ok(Self { origin, segments, plain })
    }

    /// The origin, serialised.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The segments of the path prefix.
    #[must_use]
    pub fn segments(&self) -> &[String] {
        &self.segments
    }

    /// Whether a URL is so plainly below this one that nobody could read it differently: the registered text, and letters,
    /// digits, `-` and `_` in segments. False says nothing: [`Self::matches`] looks closer.
    #[must_use]
    pub fn matches_plainly(&self, text: &str) -> bool {
        let rest = self.plain.as_deref().and_then(|plain| text.strip_prefix(plain)?.strip_prefix('/'));
        rest.is_some_and(|rest| rest.split('/').all(means_itself))
    }

    /// Whether a login may return to this URL: the same origin, a path below the prefix, and nothing in it that another
    /// reader might understand differently. The query is free, except for the parameter that carries the sealed reply.
    #[must_use]
    pub fn matches(&self, url: &Url) -> bool {
        url.host().is_some()
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
            && url.origin().ascii_serialization() == self.origin
            && !url.query_pairs().any(|(name, _)| name == REPLY_PARAMETER)
            && segments(url).is_some_and(|path| path.starts_with(&self.segments))
    }
}

/// Whether no reader of URLs gives the segment another meaning.
fn means_itself(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// The path's segments, or none when one of them could be read as more than one segment, or as a step upwards.
fn segments(url: &Url) -> Option<Vec<String>> {
    let segments = url.path_segments()?;
    segments.map(|segment| is_plain(segment).then(|| segment.to_owned())).collect()
}

/// Servers differ in encoded slashes, backslashes, encoded controls, and parameters after a dot segment (`..;x`).
fn is_plain(segment: &str) -> bool {
    let lower = segment.to_ascii_lowercase();
    let name = lower.split(';').next().unwrap_or_default().replace("%2e", ".");
    let has_control = lower.split('%').skip(1).any(|code| {
        let code = code.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        code.is_none_or(|byte| byte < 0x20 || byte == 0x7f)
    });
    !lower.contains("%2f")
        && !lower.contains("%5c")
        && !lower.contains('\\')
        && name != "."
        && name != ".."
        && !has_control
}
