//! What a commit changes, worked out by the one thread that writes; and new logins that need not pass it.

use super::bypasses;
use super::changes::Changes;
use super::database::{Database, expire};
use super::keys::{self, KeyKind};
use crate::api::{Commit, CommitOutcome, LightLogin, LightLoginOutcome, LoginWrite, SessionWrite, StoreError};
use crate::login_log::Appended;
use crate::rules::open_logins::{self, OpenLogin};
use postlude_model::cache::{self, Cache, CacheChange};
use postlude_model::login::LoginRecord;
use postlude_model::names::{SessionId, TenantName, Timestamp};
use postlude_model::session::Session;
use std::collections::BTreeSet;
use std::sync::PoisonError;

/// What a commit changes, and what became of it.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) changes: Changes,
    pub(crate) outcome: CommitOutcome,
}

/// What a commit changes, or which of its expectations does not hold.
pub(crate) fn plan(database: &Database, commit: Commit) -> Result<Plan, StoreError> {
    let nothing = |outcome| Plan { changes: Changes::default(), outcome };
    let tenant = &commit.tenant;
    if !database.orders.are_seen(tenant, commit.orders_seen) {
        return Ok(nothing(CommitOutcome::OrdersChanged));
    }
    if let Some((id, version)) = &commit.check_session
        && session_version(database, tenant, id)? != *version
    {
        return Ok(nothing(CommitOutcome::SessionChanged));
    }
    let mut changes = Changes::default();
    for write in commit.sessions {
        if !plan_session(database, &mut changes, tenant, write)? {
            return Ok(nothing(CommitOutcome::SessionChanged));
        }
    }
    if let Some(write) = commit.login {
        let outcome = plan_login(database, &mut changes, tenant, write, (commit.now, commit.settled))?;
        if outcome != CommitOutcome::Done {
            return Ok(nothing(outcome));
        }
    }
    plan_caches(database, &mut changes, tenant, &commit.cache, (commit.now, commit.settled))?;
    Ok(Plan { changes, outcome: CommitOutcome::Done })
}

/// Appends a light login. The caller has claimed it, and knows that it is not stored.
pub(crate) fn append_light(database: &Database, login: LightLogin<'_>) -> Result<LightLoginOutcome, StoreError> {
    let LightLogin { tenant, record, check_session, orders_seen, bytes_of_tenant, now, .. } = login;
    if is_full(database, tenant, bytes_of_tenant, now) {
        return Ok(LightLoginOutcome::DiskFull);
    }
    if !database.orders.are_seen(tenant, orders_seen) {
        return Ok(LightLoginOutcome::OrdersChanged);
    }
    if let Some((id, version)) = check_session {
        let cached = database.records.read_cache.session(&keys::session(tenant, id)).map(|session| session.version);
        let stored = match cached {
            Some(version) => version,
            None => session_version(database, tenant, id)?,
        };
        if stored != version {
            return Ok(LightLoginOutcome::SessionChanged);
        }
    }
    record.version = 1;
    record.changed_at = now;
    Ok(match database.append(tenant, record)? {
        Appended::Done => LightLoginOutcome::Done,
        Appended::Full => LightLoginOutcome::Full,
    })
}

/// When a cache holds nothing more that counts.
pub(crate) fn last_expiry(cache: &Cache) -> Option<Timestamp> {
    cache.values().map(|entry| entry.expires_at).max()
}

fn session_version(database: &Database, tenant: &TenantName, id: &SessionId) -> Result<u64, StoreError> {
    let stored: Option<Session> = database.get_or_lost(&keys::session(tenant, id))?;
    Ok(stored.map_or(0, |session| session.version))
}

fn plan_session(
    database: &Database,
    changes: &mut Changes,
    tenant: &TenantName,
    write: SessionWrite,
) -> Result<bool, StoreError> {
    let SessionWrite { mut session, expect } = write;
    let key = keys::session(tenant, &session.id);
    let stored: Option<Session> = database.get_to_change(changes, &key)?;
    if stored.map_or(0, |session| session.version) != expect {
        return Ok(false);
    }
    session.version = expect.saturating_add(1);
    if expect == 0 {
        expire(changes, session.last_used_at.plus(database.session_lifetime), &key);
    }
    database.put(changes, key, &session)?;
    Ok(true)
}

fn plan_login(
    database: &Database,
    changes: &mut Changes,
    tenant: &TenantName,
    write: LoginWrite,
    clock: (Timestamp, bool),
) -> Result<CommitOutcome, StoreError> {
    let LoginWrite { mut record, expect, claim: _, max_open, caps, bypasses } = write;
    let (now, _) = clock;
    let key = keys::login(tenant, &record.id);
    let stored: Option<LoginRecord> = database.get(&key)?;
    let is_new = stored.is_none();
    let stored = stored.map_or_else(|| database.light_logins.get(&key), |stored| Ok(Some(stored)))?;
    if stored.map_or(0, |stored| stored.version) != expect {
        return Ok(CommitOutcome::LoginChanged);
    }
    if is_new && is_full(database, tenant, caps.bytes_of_tenant, now) {
        return Ok(CommitOutcome::DiskFull);
    }
    if is_new && !has_room(database, tenant, &record, caps.records_of_user)? {
        return Ok(CommitOutcome::UserFull);
    }
    if !bypasses::plan_uses(database, changes, tenant, &record, &bypasses, now)? {
        return Ok(CommitOutcome::BypassChanged);
    }
    record.version = expect.saturating_add(1);
    record.changed_at = now;
    if !plan_open_logins(database, changes, tenant, &record, (max_open, caps.open_of_tenant), clock)? {
        return Ok(CommitOutcome::TenantFull);
    }
    if is_new {
        expire(changes, record.expires_at, &key);
        changes.put_index(keys::by_user(tenant, &record.subject.user_id, record.created_at, &record.id));
    }
    database.put(changes, key, &record)?;
    Ok(CommitOutcome::Done)
}

/// Whether a tenant's records take as much of the disk as they may. What began before, and every order and logout, is written all the same.
fn is_full(database: &Database, tenant: &TenantName, most: u64, now: Timestamp) -> bool {
    database.records.space.of(&keys::of_tenant(KeyKind::Login, tenant), now) >= most
}

/// Whether a user may have a further record. Only a user who has that many pays for counting them.
fn has_room(database: &Database, tenant: &TenantName, record: &LoginRecord, most: usize) -> Result<bool, StoreError> {
    let list = keys::of_user(tenant, &record.subject.user_id);
    let entries = database.records.entries(list.clone()..keys::end_of(&list));
    Ok(entries.take(most).filter(Result::is_ok).count() < most)
}

/// Keeps the list of a user's suspended logins, and evicts the oldest beyond the limit. Returns whether the tenant may have so many.
fn plan_open_logins(
    database: &Database,
    changes: &mut Changes,
    tenant: &TenantName,
    record: &LoginRecord,
    (max_open, open_of_tenant): (usize, usize),
    clock: (Timestamp, bool),
) -> Result<bool, StoreError> {
    let (now, _) = clock;
    let key = keys::open_logins(tenant, &record.subject.user_id);
    let before: Vec<OpenLogin> = database.get_to_change(changes, &key)?.unwrap_or_default();
    let mut open = before.clone();
    for id in open_logins::update(&mut open, record, max_open, clock) {
        let key = keys::login(tenant, &id);
        if let Some(mut evicted) = database.get_listed::<LoginRecord>(&key)?
            && open_logins::evict(&mut evicted, now)
        {
            database.put(changes, key, &evicted)?;
        }
    }
    if open == before {
        return Ok(true);
    }
    {
        let mut counts = database.open_counts.lock().unwrap_or_else(PoisonError::into_inner);
        if !counts.entry(tenant.clone()).or_default().replace(&before, &open, open_of_tenant, now) {
            return Ok(false);
        }
    }
    let Some(last) = open_logins::last_deadline(&open) else {
        changes.remove(key);
        return Ok(true);
    };
    if before.is_empty() {
        expire(changes, last, &key);
    }
    database.put(changes, key, &open).map(|()| true)
}

/// Changes are made in what is stored now, not in what a run saw: of two logins at the same time neither is lost.
fn plan_caches(
    database: &Database,
    changes: &mut Changes,
    tenant: &TenantName,
    wanted: &[CacheChange],
    (now, settled): (Timestamp, bool),
) -> Result<(), StoreError> {
    let actions: BTreeSet<_> = wanted.iter().map(|change| &change.action).collect();
    for action in actions {
        let key = keys::cache(tenant, action);
        let before: Option<Cache> = database.get_to_change(changes, &key)?;
        let mut cache = before.clone().unwrap_or_default();
        cache::apply(&mut cache, wanted.iter().filter(|change| change.action == *action), now, settled);
        match (last_expiry(&cache), before) {
            (_, Some(before)) if before == cache => {}
            (None, None) => {}
            (None, Some(_)) => changes.remove(key),
            (Some(last), before) => {
                if before.is_none() {
                    expire(changes, last, &key);
                }
                database.put(changes, key, &cache)?;
            }
        }
    }
    Ok(())
}
