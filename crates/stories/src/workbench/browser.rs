//! A browser with what an identity provider keeps for it: its session, the login that is open in it, and the reply that it brought.

use postlude_host::login::Event;
use postlude_model::names::{LoginId, SessionId};
use serde_json::Value;

/// The browser of a step that names none.
pub const FIRST_BROWSER: &str = "first";

/// A browser. What the identity provider keeps of it is found by its cookies, never by an address.
#[derive(Debug, Clone, Default)]
pub(super) struct Browser {
    /// Who is logged in, and in which session.
    pub(super) session: Option<(String, SessionId)>,
    /// The login that waits for its prompt.
    pub(super) open: Option<OpenLogin>,
    /// The last reply with which the browser came back, and the login that it was for.
    pub(super) replied: Option<(OpenLogin, String)>,
}

/// A login that waits for its prompt: the identity provider's transaction.
#[derive(Debug, Clone)]
pub(super) struct OpenLogin {
    pub(super) id: LoginId,
    pub(super) resume_key: String,
    /// Where the browser was sent.
    pub(super) location: String,
    /// The action that asked for it.
    pub(super) action: String,
    /// The factor that the prompt is for.
    pub(super) factor: Option<String>,
    pub(super) event: Event,
}

impl Browser {
    /// The session that the identity provider puts into an event: the user's own, never another's.
    pub(super) fn session_of(&self, user: &str) -> Option<&SessionId> {
        self.session.as_ref().filter(|(owner, _)| owner == user).map(|(_, id)| id)
    }
}

/// The user of an event.
pub(super) fn user_of(event: &Value) -> &str {
    event.pointer("/user/user_id").and_then(Value::as_str).unwrap_or_default()
}
