//! Who can log in at the demo's IdP, who did, and what Postlude answered.

use serde_json::Value;
use std::time::Duration;

/// The demo's users and their addresses.
pub(crate) const USERS: [(&str, &str); 3] =
    [("ana", "ana@acme.example"), ("ben", "ben@acme.example"), ("eve", "eve@elsewhere.example")];

/// An SSO session of the IdP.
#[derive(Debug, Clone)]
pub(crate) struct Sso {
    /// The user.
    pub(crate) user: &'static str,
    /// Postlude's session id, which no browser sees.
    pub(crate) session_id: String,
    /// What the login was worth.
    pub(crate) answer: Value,
}

/// What Postlude answered.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    /// The call, for people.
    pub(crate) call: String,
    /// The HTTP status; 0 when there was no answer.
    pub(crate) status: u16,
    /// The answer.
    pub(crate) body: Value,
    /// How long it took, seen from here.
    pub(crate) took: Duration,
}

impl Answered {
    /// The outcome, or the code of the problem.
    #[must_use]
    pub(crate) fn outcome(&self) -> &str {
        let field = if self.status == 200 { "outcome" } else { "code" };
        self.body.get(field).and_then(Value::as_str).unwrap_or("no answer")
    }

    /// A text of the answer, by its pointer.
    #[must_use]
    pub(crate) fn text(&self, pointer: &str) -> Option<String> {
        self.body.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
    }
}
