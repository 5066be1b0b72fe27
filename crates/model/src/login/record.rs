//! The login record: the one stored thing about a login. It is the suspended login, the replay of its answers, the
//! trace and the audit entry.

use crate::action::Mode;
use crate::json::Json;
use crate::login::{Status, Suspension, Trace};
use crate::names::{ClientId, LoginId, SessionId, Timestamp, UserId};
use crate::policy::state::PolicyState;
use crate::run::Metadata;
use crate::session::FactorRecord;
use std::collections::BTreeMap;

/// Everything that is stored about a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginRecord {
    /// The login.
    pub id: LoginId,
    /// The SHA-256 of the body that started it, for the idempotency check.
    pub body_hash: [u8; 32],
    /// The number of writes; zero: never stored.
    pub version: u64,
    /// The user that logs in, with client and session.
    pub subject: Subject,
    /// The mode.
    pub mode: Mode,
    /// Where the browser goes after the continue URL; in mode `interactive`.
    pub return_url: Option<String>,
    /// The pipeline's revision.
    pub revision: u64,
    /// When the login began.
    pub created_at: Timestamp,
    /// The version of the tenant's orders that were in force when the login began. None: an earlier version of this program stored it.
    pub orders_seen: Option<u64>,
    /// When the record was last written; the store sets this time, as it counts `version`.
    pub changed_at: Timestamp,
    /// After this time the login can no longer be resumed.
    pub deadline: Timestamp,
    /// After this time the store sweeps the record.
    pub expires_at: Timestamp,
    /// The index of the action that is next, or suspended.
    pub position: u32,
    /// The number of the next run, over all actions and phases.
    pub step: u32,
    /// How often the login was suspended.
    pub suspensions: u32,
    /// Where the login stands.
    pub status: Status,
    /// Values that actions keep in the login.
    pub metadata: Metadata,
    /// What the answer will say.
    pub effects: Effects,
    /// Factors recorded in this login.
    pub recorded: Vec<FactorRecord>,
    /// Session metadata of a login whose session still belongs to another user, held back until its `continue`.
    pub held_metadata: Metadata,
    /// What policy decided in the login so far.
    pub policy_state: PolicyState,
    /// The runs, and the actions that were passed over, in order.
    pub trace: Vec<Trace>,
}

/// The user that logs in, with client and session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The user.
    pub user_id: UserId,
    /// The client.
    pub client_id: ClientId,
    /// The session; none where the IdP named none and none was minted.
    pub session_id: Option<SessionId>,
    /// Whether Postlude minted the session's identifier.
    pub minted: bool,
    /// The session's generation when the login began.
    pub generation: u64,
    /// Whether the session belonged to another user when the login began.
    pub foreign: bool,
}

/// Buffered effects of all kept runs, merged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Effects {
    /// Claims of the ID token.
    pub id_token_claims: BTreeMap<String, Json>,
    /// Claims of the access token.
    pub access_token_claims: BTreeMap<String, Json>,
    /// Scopes to add.
    pub add_scopes: Vec<String>,
    /// Scopes to remove.
    pub remove_scopes: Vec<String>,
    /// Changes of the user's app metadata (RFC 7396).
    pub app_metadata: BTreeMap<String, Option<Json>>,
    /// Changes of the user's own metadata (RFC 7396).
    pub user_metadata: BTreeMap<String, Option<Json>>,
}

impl LoginRecord {
    /// The suspension, while the browser is at a prompt.
    #[must_use]
    pub const fn suspension(&self) -> Option<&Suspension> {
        match &self.status {
            Status::Suspended(suspension) => Some(suspension),
            _ => None,
        }
    }
}
