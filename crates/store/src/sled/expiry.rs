//! The sweep: deletes what has expired, a part at a time.

use super::changes::Changes;
use super::commit::last_expiry;
use super::database::{Database, expire};
use super::keys::{self, KeyKind};
use crate::api::StoreError;
use crate::api::observer::report;
use crate::rules::{bypasses, open_logins};
use postlude_model::cache::Cache;
use postlude_model::login::LoginRecord;
use postlude_model::names::Timestamp;
use postlude_model::policy::bypass::Bypass;
use postlude_model::session::Session;
use std::time::Duration;

/// When a record that cannot be read is looked at again.
const RETRY: Duration = Duration::from_secs(24 * 60 * 60);

/// What a sweep changes.
#[derive(Debug)]
pub(crate) struct Sweep {
    pub(crate) changes: Changes,
    /// How many records were looked at.
    pub(crate) seen: usize,
    /// Whether more records are due.
    pub(crate) more: bool,
}

/// Deletes about `most` of what has expired.
pub(crate) fn plan(database: &Database, now: Timestamp, most: usize) -> Result<Sweep, StoreError> {
    let (mut changes, mut seen) = (Changes::default(), 0);
    let mut entries = database.records.entries(keys::expiries_until(now));
    while seen < most
        && let Some(entry) = entries.next()
    {
        let (entry, others) = entry?;
        changes.remove_index(entry.to_vec());
        for key in keys::expiring_key(&entry).into_iter().chain(keys::split(&others)) {
            seen += 1;
            sweep_one(database, &mut changes, key, now)?;
        }
    }
    let more = entries.next().transpose()?.is_some();
    Ok(Sweep { changes, seen, more })
}

/// An index entry carries no MAC: a record goes only when it says itself that it is due.
fn sweep_one(database: &Database, changes: &mut Changes, key: &[u8], now: Timestamp) -> Result<(), StoreError> {
    match due(database, key) {
        Ok(Some(due)) if due.at > now => expire(changes, due.at, key),
        Ok(Some(due)) => {
            changes.remove(key.to_vec());
            if let Some(listed) = due.listed {
                changes.remove_index(listed);
            }
        }
        Ok(None) => {}
        // It stays, so that reading it fails; one damaged record must not stop the sweep of all others.
        Err(why @ (StoreError::Corrupt(_) | StoreError::Unreadable(..))) => {
            // Counted and not logged one by one: without their root key, all records are so. The scrub says how many there are.
            why.unreadable().into_iter().for_each(|kind| database.observer.unreadable(kind));
            expire(changes, now.plus(RETRY), key);
        }
        Err(why) => {
            report(&*database.observer, why, "the sweep leaves it, and looks at it again in a day")?;
            expire(changes, now.plus(RETRY), key);
        }
    }
    Ok(())
}

/// When a record expires, and the entry of its user's list that goes with it.
struct Due {
    at: Timestamp,
    listed: Option<Vec<u8>>,
}

/// When a record expires; none where there is no such record.
fn due(database: &Database, key: &[u8]) -> Result<Option<Due>, StoreError> {
    let alone = |at: Option<Timestamp>| at.map(|at| Due { at, listed: None });
    Ok(match KeyKind::of(key) {
        Some(KeyKind::Login) => {
            let Some(record) = database.get::<LoginRecord>(key)? else { return Ok(None) };
            let tenant = keys::tenant_of(key).ok_or(StoreError::Corrupt(KeyKind::name_of(key)))?;
            let listed = keys::by_user(&tenant, &record.subject.user_id, record.created_at, &record.id);
            Some(Due { at: record.expires_at, listed: Some(listed) })
        }
        Some(KeyKind::OpenLogins) => {
            alone(database.get(key)?.and_then(|open: Vec<_>| open_logins::last_deadline(&open)))
        }
        Some(KeyKind::Bypasses) => alone(database.get(key)?.and_then(|all: Vec<Bypass>| bypasses::last_expiry(&all))),
        Some(KeyKind::Session) => {
            let session = database.get::<Session>(key)?;
            alone(session.map(|session| session.last_used_at.plus(database.session_lifetime)))
        }
        Some(KeyKind::Cache) => alone(database.get(key)?.and_then(|cache: Cache| last_expiry(&cache))),
        // Nothing else expires, as far as this program knows: a newer one wrote it.
        _ => return Err(StoreError::Newer(KeyKind::name_of(key))),
    })
}
