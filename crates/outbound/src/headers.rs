//! Header fields: which a plugin may set, and which it gets to see.

use postlude_model::http::HttpError;
use postlude_model::limits;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

/// Fields that are the host's own: the connection's (RFC 9110, section 7.6; RFC 9112), the message's framing, and what says
/// who speaks for whom. Cookies are a browser's.
const OURS: [&str; 18] = [
    "connection",
    "content-length",
    "cookie",
    "cookie2",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "max-forwards",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
];

/// Fields of a response that are about the connection alone.
const HOPS: [&str; 7] =
    ["connection", "keep-alive", "proxy-authenticate", "proxy-connection", "te", "transfer-encoding", "upgrade"];

/// Whether a plugin may not set a field. The name is in lower case.
#[must_use]
pub fn is_ours(name: &str) -> bool {
    OURS.contains(&name) || name.starts_with("proxy-") || name.starts_with("sec-")
}

/// Reads the fields of a request.
///
/// # Errors
/// `InvalidRequest` for names and values that are not fields (RFC 9110, section 5), the host's own, or too many.
pub fn read(pairs: &[(String, String)]) -> Result<HeaderMap, HttpError> {
    let invalid = |why: String| Err(HttpError::InvalidRequest(why));
    if pairs.len() > limits::HTTP_HEADERS {
        return invalid(format!("more than {} header fields", limits::HTTP_HEADERS));
    }
    let bytes: usize = pairs.iter().map(|(name, value)| name.len().saturating_add(value.len())).sum();
    if bytes > limits::HTTP_HEADER_BYTES {
        return invalid(format!("header fields of more than {} bytes", limits::HTTP_HEADER_BYTES));
    }
    let mut fields = HeaderMap::with_capacity(pairs.len());
    for (name, value) in pairs {
        let shown: String = name.chars().take(64).flat_map(char::escape_default).collect();
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
            return invalid(format!("`{shown}` is not the name of a header field"));
        };
        if is_ours(name.as_str()) {
            return invalid(format!("the header field `{name}` is the host's own"));
        }
        let visible = value.bytes().all(|b| b == b'\t' || b == b' ' || b.is_ascii_graphic());
        let value = HeaderValue::from_str(value).ok().filter(|_| visible);
        let Some(mut value) = value else {
            return invalid(format!("the value of `{name}` is not one of a header field"));
        };
        // Never in a log of the library's.
        value.set_sensitive(true);
        fields.append(name, value);
    }
    Ok(fields)
}

/// The fields of a response that a plugin gets, values that are not UTF-8 byte for character (ISO 8859-1).
///
/// # Errors
/// `TooLarge` when there are too many or too large ones.
pub fn shown(fields: &HeaderMap) -> Result<Vec<(String, String)>, HttpError> {
    let (mut pairs, mut bytes) = (Vec::new(), 0_usize);
    for (name, value) in fields.iter().filter(|(name, _)| !HOPS.contains(&name.as_str())) {
        let value = std::str::from_utf8(value.as_bytes())
            .map_or_else(|_| value.as_bytes().iter().map(|b| char::from(*b)).collect(), str::to_owned);
        bytes = bytes.saturating_add(name.as_str().len()).saturating_add(value.len());
        pairs.push((name.as_str().to_owned(), value));
    }
    let fits = pairs.len() <= limits::HTTP_HEADERS && bytes <= limits::HTTP_HEADER_BYTES;
    if fits { Ok(pairs) } else { Err(HttpError::TooLarge) }
}
