//! The records of the contract that host and plugin both see.

/// Name and value pairs in their order; a name may occur more than once.
pub type Pairs = Vec<(String, String)>;

/// How much a line of the log matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// For the plugin's author.
    Debug,
    /// What happened.
    Info,
    /// Something the operator may want to look at.
    Warn,
    /// Something the operator should look at.
    Error,
}

/// A request. Host, length, connection and proxy headers are the host's own and refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// An upper-case method (RFC 9110, section 9).
    pub method: String,
    /// An absolute https URL of a granted host and port.
    pub url: String,
    /// Header fields.
    pub headers: Pairs,
    /// The content, at most 262,144 bytes.
    pub body: Option<Vec<u8>>,
}

/// A response. Redirects are not followed, content is not decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code (RFC 9110, section 15).
    pub status: u16,
    /// Header fields.
    pub headers: Pairs,
    /// The content, at most 262,144 bytes.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without headers and content.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self { method: method.into(), url: url.into(), headers: Vec::new(), body: None }
    }

    /// Adds a header field.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the content.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }
}
