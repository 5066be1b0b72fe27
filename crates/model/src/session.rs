//! The user's session at the IdP: its factors, metadata and generation.

use crate::json::Json;
use crate::names::{ActionName, Digest, FactorName, LoginId, SessionId, Timestamp, UserId};
use crate::run::Metadata;
use serde::{Deserialize, Serialize};

/// A session as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The store's epoch; records of older epochs count as absent.
    pub epoch: u64,
    /// For the audit trail; an object.
    pub evidence: Option<Json>,
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
