//! The user's session at the IdP: its factors, metadata and generation.

use crate::json::Json;
use crate::names::{ActionName, ClientId, Digest, FactorName, LoginId, SessionId, Timestamp, UserId};
use crate::run::Metadata;

/// A session as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The session's identifier.
    pub id: SessionId,
    /// The user whose factors the session holds; none in a session that is new or ended.
    pub user: Option<UserId>,
    /// The number of logouts, revocations and changes of user. A login of an older generation is over.
    pub generation: u64,
    /// The number of writes; zero: never stored.
    pub version: u64,
    /// The factors, oldest first.
    pub factors: Vec<FactorRecord>,
    /// Values that actions keep in the session.
    pub metadata: Metadata,
    /// When the session was first stored.
    pub created_at: Timestamp,
    /// When a login last used the session, coarsely.
    pub last_used_at: Timestamp,
    /// The session's new identifier, where the IdP changed it.
    pub moved_to: Option<SessionId>,
}

/// A completed factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactorRecord {
    /// The factor.
    pub name: FactorName,
    /// When the factor was completed, by the host's clock.
    pub completed_at: Timestamp,
    /// The plugin that recorded it.
    pub digest: Digest,
    /// The action that recorded it.
    pub action: ActionName,
    /// The login in which it was completed.
    pub login_id: LoginId,
    /// The client of that login.
    pub client_id: ClientId,
    /// How many later logins the record satisfied under a policy with `max_uses`.
    pub uses: u32,
    /// When a login last used the record under a policy with `max_idle`, coarsely; else when the factor was completed.
    pub last_used_at: Timestamp,
    /// The store's epoch; records of older epochs count as absent.
    pub epoch: u64,
    /// The version of the tenant's orders that the call which recorded it knew: later revocations cover it. None: an earlier version of
    /// this program stored it.
    pub orders_seen: Option<u64>,
    /// Evidence for the audit trail; an object.
    pub evidence: Option<Json>,
}

/// What tells a session's records apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordKey {
    /// The factor.
    pub name: FactorName,
    /// The login in which it was completed.
    pub login_id: LoginId,
    /// When the factor was completed.
    pub completed_at: Timestamp,
}

impl FactorRecord {
    /// The record's key within its session.
    #[must_use]
    pub fn key(&self) -> RecordKey {
        RecordKey { name: self.name.clone(), login_id: self.login_id.clone(), completed_at: self.completed_at }
    }

    /// Whether the record has this key.
    #[must_use]
    pub fn is(&self, key: &RecordKey) -> bool {
        self.name == key.name && self.login_id == key.login_id && self.completed_at == key.completed_at
    }
}

impl Session {
    /// A session that was never stored.
    #[must_use]
    pub const fn new(id: SessionId, now: Timestamp) -> Self {
        Self {
            id,
            user: None,
            generation: 0,
            version: 0,
            factors: Vec::new(),
            metadata: Metadata::new(),
            created_at: now,
            last_used_at: now,
            moved_to: None,
        }
    }
}
