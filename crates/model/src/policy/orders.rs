//! What an operator ordered about plugins beside the configuration: kills and revocations. They hold at once, without a reload.

use crate::login::LoginRecord;
use crate::names::{Digest, FactorName, Timestamp};
use crate::session::FactorRecord;
use std::fmt;
use std::sync::Arc;

/// A tenant's orders.
///
/// Their version is the sequence by which orders are older or newer than what they are about. No clock is asked: one that was wrong
/// would date a record later than the order that came after it.
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
    /// The version of the orders in which it came; zero: an earlier version of this program stored it, and `at` says when it came.
    pub sequence: u64,
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
    /// The version of the orders in which it came: records of logins that did not know of it are void. Zero: an earlier version of
    /// this program stored it, and `before` says which are.
    pub sequence: u64,
    /// When it was ordered.
    pub before: Timestamp,
    /// After this time no record that it covers can count any more under any policy, and it may be forgotten.
    pub needed_until: Timestamp,
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

    /// The version that the next write makes: the sequence of an order that it brings.
    #[must_use]
    pub const fn next_version(&self) -> u64 {
        self.version.saturating_add(1)
    }

    /// The order that stops a plugin.
    #[must_use]
    pub fn killed(&self, digest: &Digest) -> Option<&Kill> {
        self.kills.iter().find(|kill| kill.digest == *digest)
    }

    /// The orders that make a record void: revocations of it, and the kill of its plugin.
    fn voiding<'o>(&'o self, record: &'o FactorRecord) -> impl Iterator<Item = Order> + 'o {
        let revoked = self.revocations.iter().filter(|revocation| revocation.covers(record)).map(Revocation::order);
        let killed = self.killed(&record.digest).map(|kill| Order { sequence: kill.sequence, at: kill.at });
        revoked.chain(killed)
    }

    /// Whether a record counts.
    #[must_use]
    pub fn accepts(&self, record: &FactorRecord) -> bool {
        self.is_empty() || self.voiding(record).next().is_none()
    }

    /// A record of a login or its session that became void after the login began: the login may rest on it.
    #[must_use]
    pub fn overtakes<'r>(&self, login: &'r LoginRecord, session: &'r [FactorRecord]) -> Option<&'r FactorRecord> {
        if self.is_empty() {
            return None;
        }
        let late = |order: Order| order.came_after(login.orders_seen, login.created_at);
        login.recorded.iter().chain(session).find(|record| self.voiding(record).any(late))
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
        now > self.needed_until
    }

    const fn order(&self) -> Order {
        Order { sequence: self.sequence, at: self.before }
    }

    fn covers(&self, record: &FactorRecord) -> bool {
        let named = self.name.as_ref().is_none_or(|name| *name == record.name);
        self.digest == record.digest && named && self.order().came_after(record.orders_seen, record.completed_at)
    }
}

/// When an order came.
#[derive(Debug, Clone, Copy)]
struct Order {
    sequence: u64,
    at: Timestamp,
}

impl Order {
    /// Whether the order came after something that knew of the orders up to a version. What an earlier version of this program stored
    /// knew of none that a later one took; between two that it stored their times must do.
    fn came_after(self, seen: Option<u64>, time: Timestamp) -> bool {
        match (seen, self.sequence) {
            (Some(seen), sequence) => sequence > seen,
            (None, 0) => time <= self.at,
            (None, _) => true,
        }
    }
}
