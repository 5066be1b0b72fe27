//! What an operator ordered about plugins beside the configuration: kills and revocations. They hold at once, without a reload.

use crate::limits;
use crate::login::LoginRecord;
use crate::names::{Digest, FactorName, Timestamp};
use crate::session::FactorRecord;
use std::fmt;
use std::sync::Arc;

/// A tenant's orders.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Orders {
    /// The number of writes; zero: never stored.
    pub version: u64,
    /// Plugins that must not run, oldest first; a digest stands here once.
    pub kills: Vec<Kill>,
    /// Factors that no longer count, oldest first; a digest and name stand here once.
    pub revocations: Vec<Revocation>,
}

/// A plugin that must not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kill {
    /// The plugin.
    pub digest: Digest,
    /// When the plugin was killed.
    pub at: Timestamp,
    /// The name of the key that ordered it.
    pub by: String,
    /// The operator's reason, for people.
    pub reason: String,
}

/// Factors that a plugin recorded and that no longer count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// The plugin that recorded them.
    pub digest: Digest,
    /// The factor; none: all that the plugin recorded.
    pub name: Option<FactorName>,
    /// Records up to this time are void.
    pub before: Timestamp,
    /// The name of the key that ordered it.
    pub by: String,
    /// The operator's reason, for people.
    pub reason: String,
}

/// Gives the orders at this moment. A pipeline asks for them before every run and after it.
pub trait CurrentOrders: Send + Sync + fmt::Debug {
    /// The orders.
    fn orders(&self) -> Arc<Orders>;
}

impl CurrentOrders for Arc<Orders> {
    fn orders(&self) -> Arc<Orders> {
        Self::clone(self)
    }
}

impl Orders {
    /// Whether nothing is ordered.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.kills.is_empty() && self.revocations.is_empty()
    }

    /// The order that stops a plugin.
    #[must_use]
    pub fn killed(&self, digest: &Digest) -> Option<&Kill> {
        self.kills.iter().find(|kill| kill.digest == *digest)
    }

    /// The time from which a record is void, because it was revoked or its plugin is killed; none where the record counts.
    #[must_use]
    pub fn void_since(&self, record: &FactorRecord) -> Option<Timestamp> {
        let revoked = self.revocations.iter().filter(|revocation| revocation.covers(record));
        let killed = self.killed(&record.digest).map(|kill| kill.at);
        revoked.map(|revocation| revocation.before).chain(killed).max()
    }

    /// Whether a record counts.
    #[must_use]
    pub fn accepts(&self, record: &FactorRecord) -> bool {
        self.void_since(record).is_none()
    }

    /// A record of a login or its session that became void after the login began: the login may rest on it.
    #[must_use]
    pub fn overtakes<'r>(&self, login: &'r LoginRecord, session: &'r [FactorRecord]) -> Option<&'r FactorRecord> {
        if self.is_empty() {
            return None;
        }
        let late = |record: &&FactorRecord| self.void_since(record).is_some_and(|since| since >= login.created_at);
        login.recorded.iter().chain(session).find(late)
    }

    /// Kills a plugin. Returns whether the order is new: the first one stays when it is repeated.
    pub fn kill(&mut self, kill: Kill) -> bool {
        let new = self.killed(&kill.digest).is_none();
        if new {
            self.kills.push(kill);
        }
        new
    }

    /// Lets a plugin run again. Returns whether it was killed.
    pub fn lift(&mut self, digest: &Digest) -> bool {
        let before = self.kills.len();
        self.kills.retain(|kill| kill.digest != *digest);
        self.kills.len() < before
    }

    /// Revokes factors; a later order takes the place of an earlier one about the same plugin and factor.
    pub fn revoke(&mut self, revocation: Revocation) {
        self.revocations.retain(|known| (known.digest, &known.name) != (revocation.digest, &revocation.name));
        self.revocations.push(revocation);
    }

    /// Whether a revocation is so old that no record which it covers can count any more under any policy.
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.revocations.iter().any(|revocation| revocation.has_expired(now))
    }

    /// Forgets those revocations.
    pub fn forget_expired(&mut self, now: Timestamp) {
        self.revocations.retain(|revocation| !revocation.has_expired(now));
    }
}

impl Revocation {
    fn has_expired(&self, now: Timestamp) -> bool {
        now > self.before.plus(limits::FACTOR_AGE)
    }

    fn covers(&self, record: &FactorRecord) -> bool {
        let named = self.name.as_ref().is_none_or(|name| *name == record.name);
        self.digest == record.digest && named && record.completed_at <= self.before
    }
}
