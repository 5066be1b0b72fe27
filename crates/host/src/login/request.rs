//! What an identity provider asks about a login.

use postlude_model::action::Mode;
use postlude_model::json::Json;
use postlude_model::names::{ClientId, SessionId, UserId};
use postlude_model::trigger::Trigger;
use std::sync::Arc;

/// A login that begins: primary authentication has succeeded, and the IdP asks whether the login may go on.
#[derive(Debug, Clone)]
pub struct LoginRequest {
    /// The moment at which the IdP asks: the pipeline of that trigger runs.
    pub trigger: Trigger,
    /// How the login reached the IdP.
    pub mode: Mode,
    /// Where the browser goes after a prompt; required in mode `interactive`.
    pub return_url: Option<String>,
    /// The event.
    pub event: Event,
}

/// A login that goes on: the browser is back from its prompt.
#[derive(Debug, Clone)]
pub struct ContinueRequest {
    /// The resume key that the answer with the redirect gave.
    pub resume_key: String,
    /// The sealed reply that the browser brought in the query parameter `postlude`.
    pub reply: String,
    /// The event again: fresh request data, the same subject.
    pub event: Event,
}

/// An event: any JSON object that names its subject.
#[derive(Debug, Clone)]
pub struct Event {
    /// The whole document.
    pub document: Arc<Json>,
    /// The user at `/user/user_id`.
    pub user_id: UserId,
    /// The client at `/client/client_id`.
    pub client_id: ClientId,
    /// The session at `/session/id`; absent at a first login.
    pub session_id: Option<SessionId>,
}

/// The key under which an IdP repeats a call, and the SHA-256 of the bytes that it sent with it.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    /// The key: the transaction's id and a hash of the user.
    pub key: String,
    /// The SHA-256 of the request's body: the same key with other bytes is refused.
    pub body_hash: [u8; 32],
}
