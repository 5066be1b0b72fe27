//! The user's session at the IdP: its factors, metadata and generation.

use crate::json::Json;
use crate::names::{ActionName, ClientId, Digest, FactorName, LoginId, SessionId, Timestamp, UserId};
use crate::run::Metadata;

/// A session as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its identifier.
    pub id: SessionId,
    /// Whose factors it holds; none in a session that is new or ended.
    pub user: Option<UserId>,
    /// Counts logouts, revocations and changes of user. A login of an older generation is over.
    pub generation: u64,
    /// Counts the writes; zero: never stored.
    pub version: u64,
    /// The factors, oldest first.
    pub factors: Vec<FactorRecord>,
    /// Values that actions put there.
    pub metadata: Metadata,
    /// When it was first stored.
    pub created_at: Timestamp,
    /// When a login last used it, coarsely.
    pub last_used_at: Timestamp,
    /// Where it went when the IdP changed its identifier.
    pub moved_to: Option<SessionId>,
}

/// A completed factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactorRecord {
    /// The factor.
    pub name: FactorName,
    /// When, by the host's clock.
    pub completed_at: Timestamp,
    /// The plugin that recorded it.
    pub digest: Digest,
    /// The action that recorded it.
    pub action: ActionName,
    /// The login in which it was completed.
    pub login_id: LoginId,
    /// The client of that login.
    pub client_id: ClientId,
    /// How many later logins it satisfied under a policy with `max_uses`.
    pub uses: u32,
    /// When a login last used it under a policy with `max_idle`, coarsely; else when it was completed.
    pub last_used_at: Timestamp,
    /// The store's epoch; records of older epochs count as absent.
    pub epoch: u64,
    /// For the audit trail; an object.
    pub evidence: Option<Json>,
}

/// What tells a session's records apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordKey {
    /// The factor.
    pub name: FactorName,
    /// The login in which it was completed.
    pub login_id: LoginId,
    /// When.
    pub completed_at: Timestamp,
}

impl FactorRecord {
    /// The record's key within its session.
    #[must_use]
    pub fn key(&self) -> RecordKey {
        RecordKey { name: self.name.clone(), login_id: self.login_id.clone(), completed_at: self.completed_at }
    }

    /// Whether it is the record of this key.
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
