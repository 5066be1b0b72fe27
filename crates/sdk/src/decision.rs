//! What an action returns.

use serde_json::{Map, Value};

/// What one action decided about this login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The login may go on. All that the run did is kept.
    Continue,
    /// Send the browser to a prompt; the login resumes in this action's `on_continue`.
    Redirect(Redirect),
    /// End the login.
    Deny(Denial),
}

impl Decision {
    /// Ends the login: a stable code of at most 64 characters `a-z 0-9 _` for the IdP, and a sentence of at most 256
    /// bytes that the user may see.
    pub fn deny(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Deny(Denial { code: code.into(), message: message.into() })
    }
}

impl From<Redirect> for Decision {
    fn from(redirect: Redirect) -> Self {
        Self::Redirect(redirect)
    }
}

/// Why the login ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// A stable code: 1 to 64 characters `a-z 0-9 _`.
    pub code: String,
    /// A sentence of at most 256 bytes that the user may see.
    pub message: String,
}

/// The action could not decide; the operator's failure policy decides.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Anything that has no case of its own; the text is for the log.
    #[error("{0}")]
    Other(String),
    /// Something that the action needs did not answer.
    #[error("not available: {0}")]
    Unavailable(String),
}

/// Where to send the browser. The host adds the query parameter `state`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// An absolute https URL of at most 2,048 bytes, of an origin that the manifest asks for and the operator granted.
    pub url: String,
    /// Pairs to append to the URL's query; a pair named `state` is refused by the host.
    pub query: Vec<(String, String)>,
    /// The factor that the prompt is for; while its record is fresh the host skips the prompt.
    pub factor: Option<String>,
    /// A token for the prompt site, which the host signs and appends.
    pub token: Option<TokenRequest>,
}

impl Redirect {
    /// A redirect to an absolute URL.
    pub fn to(url: impl Into<String>) -> Self {
        Self { url: url.into(), query: Vec::new(), factor: None, token: None }
    }

    /// Appends a pair to the query.
    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Says which factor the prompt is for.
    #[must_use]
    pub fn factor(mut self, name: impl Into<String>) -> Self {
        self.factor = Some(name.into());
        self
    }

    /// Asks the host to sign a request token and to append it.
    #[must_use]
    pub fn token(mut self, token: TokenRequest) -> Self {
        self.token = Some(token);
        self
    }
}

/// A token for the prompt site: which user is asked, for which factor, where to return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRequest {
    /// The query parameter that carries the token.
    pub parameter: String,
    /// The key's name, as the manifest and the operator's configuration give it.
    pub key: String,
    /// Claims of the action's own; claims that the host sets are refused by it.
    pub claims: Map<String, Value>,
    /// Lifetime in seconds, 1 to 900.
    pub ttl_seconds: u32,
}

impl TokenRequest {
    /// A token in that query parameter, signed by that key, which lives for 600 seconds.
    pub fn new(parameter: impl Into<String>, key: impl Into<String>) -> Self {
        Self { parameter: parameter.into(), key: key.into(), claims: Map::new(), ttl_seconds: 600 }
    }

    /// Adds a claim.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Sets the lifetime in seconds, 1 to 900.
    #[must_use]
    pub const fn ttl(mut self, seconds: u32) -> Self {
        self.ttl_seconds = seconds;
        self
    }

    /// The claims as JSON text.
    #[must_use]
    pub fn claims_text(&self) -> String {
        crate::text::text_of_map(&self.claims)
    }
}
