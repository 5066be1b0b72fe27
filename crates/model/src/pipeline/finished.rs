//! What a login leaves behind: what it wants stored, or that it ran out of time.

use crate::cache::CacheChange;
use crate::login::LoginRecord;
use crate::names::BypassId;
use crate::session::Session;

/// A run's wall clock ran out. That is load, not a decision: nothing of the login may be stored but
/// [`Login::timed_out`](super::Login::timed_out).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the action ran out of time")]
pub struct Overload {
    /// Whether the run was one of `on-continue` that began and did not end: an attempt at the suspended step.
    pub resuming: bool,
}

/// What a login wants stored, all or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The login record.
    pub record: LoginRecord,
    /// The session's new value, where it changed.
    pub session: Option<Session>,
    /// The version of the session that the runs saw; none without a session.
    pub session_seen: Option<u64>,
    /// The version of the operator's orders that decided: it may be stored only while they are in force. None: orders do not matter.
    pub orders_seen: Option<u64>,
    /// Changes of the actions' caches, in order. These changes need not be durable.
    pub cache: Vec<CacheChange>,
    /// Bypasses that the login uses up: nothing of the login may be stored unless all of them are still unused.
    pub bypasses: Vec<BypassId>,
    /// Whether the answer may leave only when all of this is durable.
    pub synced: bool,
}

impl Finished {
    /// Stores a record alone, durably.
    #[must_use]
    pub const fn of_record(record: LoginRecord) -> Self {
        Self {
            record,
            session: None,
            session_seen: None,
            orders_seen: None,
            cache: Vec::new(),
            bypasses: Vec::new(),
            synced: true,
        }
    }
}
