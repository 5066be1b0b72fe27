//! What one action decided about the login, or why it could not.

pub use crate::run::Command;
use serde::Serialize;

/// What one action decided about the login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The login may go on.
    Continue,
    /// Send the browser to a prompt.
    Redirect(RedirectRequest),
    /// End the login.
    Deny(Denial),
}

/// Where an action wants the browser to go. Nothing in it is checked yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RedirectRequest {
    /// The URL, as the plugin wrote it.
    pub url: String,
    /// Pairs for its query.
    pub query: Vec<(String, String)>,
    /// The factor that the prompt is for, as the plugin wrote it.
    pub factor: Option<String>,
    /// The request token to append.
    pub token: Option<TokenRequest>,
}

/// A request token that an action asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenRequest {
    /// The query parameter that carries it.
    pub parameter: String,
    /// The key's name.
    pub key: String,
    /// The action's own claims, as text that is not checked yet.
    pub claims: String,
    /// Lifetime in seconds.
    pub ttl_seconds: u32,
}

/// Why a login was denied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Denial {
    /// A stable code: 1 to 64 characters `a-z 0-9 _`.
    pub code: String,
    /// A sentence that the user may see, at most 256 bytes.
    pub message: String,
}

/// An action could not decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Anything that has no case of its own.
    Other(String),
    /// Something that the action needs did not answer.
    Unavailable(String),
}
