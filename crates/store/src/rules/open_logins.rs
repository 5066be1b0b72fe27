//! A user's suspended logins: so many at a time, the oldest goes.

use postlude_model::login::{EndReason, LoginRecord, Status};
use postlude_model::names::{LoginId, Timestamp};
use std::collections::BTreeMap;

/// A suspended login in its user's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenLogin {
    /// The login.
    pub(crate) id: LoginId,
    /// After this it can no longer be resumed, and takes no place.
    pub(crate) deadline: Timestamp,
}

/// Brings a user's list up to date with a login that is written, and returns the logins that must end as evicted. A login
/// that suspends again keeps its place in the order, and none evicts itself. What is over goes by a clock that is settled, and
/// takes no place by any.
pub(crate) fn update(
    open: &mut Vec<OpenLogin>,
    record: &LoginRecord,
    max_open: usize,
    (now, settled): (Timestamp, bool),
) -> Vec<LoginId> {
    open.retain(|login| !settled || login.deadline >= now || login.id == record.id);
    let place = open.iter().position(|login| login.id == record.id && login.deadline >= now);
    open.retain(|login| login.id != record.id);
    if matches!(record.status, Status::Suspended(_)) {
        let entry = OpenLogin { id: record.id.clone(), deadline: record.deadline };
        open.insert(place.unwrap_or(open.len()).min(open.len()), entry);
    }
    let mut evicted = Vec::new();
    let lives = |login: &&OpenLogin| login.deadline >= now || login.id == record.id;
    while open.iter().filter(lives).count() > max_open.max(1)
        && let Some(oldest) = open.iter().position(|login| login.id != record.id && login.deadline >= now)
    {
        evicted.push(open.remove(oldest).id);
    }
    evicted
}

/// How many suspended logins a tenant has, by the minute of their deadline: those that are over count no more.
#[derive(Debug, Default)]
pub(crate) struct OpenCount(BTreeMap<u64, usize>);

const MINUTE_MS: u64 = 60_000;

impl OpenCount {
    /// Takes the list of a user in place of what it was before; false, and nothing changes, where the tenant would then have more
    /// than it may.
    pub(crate) fn replace(&mut self, before: &[OpenLogin], after: &[OpenLogin], most: usize, now: Timestamp) -> bool {
        self.0 = self.0.split_off(&(now.0 / MINUTE_MS));
        let alive = |logins: &[OpenLogin]| logins.iter().filter(|login| login.deadline >= now).count();
        let is_more = alive(after) > alive(before);
        if is_more && self.0.values().sum::<usize>() >= most {
            return false;
        }
        for login in before {
            if let Some(count) = self.0.get_mut(&(login.deadline.0 / MINUTE_MS)) {
                *count = count.saturating_sub(1);
            }
        }
        for login in after {
            let count = self.0.entry(login.deadline.0 / MINUTE_MS).or_default();
            *count = count.saturating_add(1);
        }
        true
    }
}

/// Ends a login because its user opened too many; whether it was suspended, and so changed.
pub(crate) fn evict(record: &mut LoginRecord, now: Timestamp) -> bool {
    let suspended = record.suspension().is_some();
    if suspended {
        record.status = Status::Ended(EndReason::Evicted);
        record.version = record.version.saturating_add(1);
        record.changed_at = now;
    }
    suspended
}

/// When the last of a user's suspended logins can no longer be resumed.
pub(crate) fn last_deadline(open: &[OpenLogin]) -> Option<Timestamp> {
    open.iter().map(|login| login.deadline).max()
}
