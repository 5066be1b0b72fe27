//! The URL of a request: read once, by one parser, and compared with the grants as a whole host and port.

use postlude_model::http::{HttpError, granted_form};
use postlude_model::limits;
use url::{Host, Url};

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The URL, as it was read.
    pub url: Url,
    /// The target's host and port as grants write them.
    pub host: String,
    /// Whether the name is this machine's by definition (RFC 6761, section 6.3), and development mode is on.
    pub local: bool,
}

impl Target {
    /// Reads a URL: https, or http to `localhost` in development mode, to one of the granted hosts.
    ///
    /// # Errors
    /// `InvalidRequest` for what is no such URL, `NotGranted` for what is not granted: every address is.
    pub fn read(text: &str, granted: &[String], development: bool) -> Result<Self, HttpError> {
        let invalid = |why: &str| HttpError::InvalidRequest(why.to_owned());
        if text.len() > limits::HTTP_URL_BYTES {
            return Err(invalid("the URL is too long"));
        }
        // RFC 3986 has no other characters. Parsers repair them in different ways.
        if !text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') {
            return Err(invalid("the URL has characters that no URL has (RFC 3986, section 2)"));
        }
        let url = Url::parse(text).map_err(|why| HttpError::InvalidRequest(format!("the URL: {why}")))?;
        if !url.username().is_empty() || url.password().is_some() || text.contains("://@") {
            return Err(invalid("the URL has user information"));
        }
        let local = development && matches!(url.host(), Some(Host::Domain(name)) if is_local(name));
        match url.scheme() {
            "https" => {}
            "http" if local => {}
            _ => return Err(invalid("the URL is not https")),
        }
        let host = granted_form(&url).map_err(|_| HttpError::NotGranted)?;
        if granted.contains(&host) { Ok(Self { url, host, local }) } else { Err(HttpError::NotGranted) }
    }
}

fn is_local(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}
