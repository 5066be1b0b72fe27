//! Commits of the in-memory engine: everything is compared first, then written.

use super::state::Tenant;
use crate::api::{Commit, CommitOutcome, LightLoginOutcome, LoginWrite, SessionWrite};
use crate::rules::{bypasses, open_logins};
use postlude_model::cache::{self, CacheChange};
use postlude_model::login::LoginRecord;
use postlude_model::names::{SessionId, Timestamp};
use std::sync::Arc;

/// Writes all of a commit, or nothing where an expectation does not hold.
pub(crate) fn commit(tenant: &mut Tenant, commit: Commit) -> CommitOutcome {
    let Commit { login, sessions, check_session, orders_seen, cache, now, settled, .. } = commit;
    if orders_seen.is_some_and(|seen| seen != tenant.orders.version) {
        return CommitOutcome::OrdersChanged;
    }
    let written = sessions.iter().map(|write| (&write.session.id, write.expect));
    let checked = check_session.iter().map(|(id, version)| (id, *version));
    if !checked.chain(written).all(|(id, version)| session_version(tenant, id) == version) {
        return CommitOutcome::SessionChanged;
    }
    if let Some(write) = login {
        let outcome = write_login(tenant, write, (now, settled));
        if outcome != CommitOutcome::Done {
            return outcome;
        }
    }
    for SessionWrite { mut session, expect } in sessions {
        session.version = expect.saturating_add(1);
        tenant.sessions.insert(session.id.clone(), Arc::new(session));
    }
    write_caches(tenant, &cache, (now, settled));
    CommitOutcome::Done
}

/// Adds a light login, unless its session changed.
pub(crate) fn append(
    tenant: &mut Tenant,
    record: &mut LoginRecord,
    check_session: Option<(&SessionId, u64)>,
    orders_seen: Option<u64>,
    now: Timestamp,
) -> LightLoginOutcome {
    if orders_seen.is_some_and(|seen| seen != tenant.orders.version) {
        return LightLoginOutcome::OrdersChanged;
    }
    if check_session.is_some_and(|(id, version)| session_version(tenant, id) != version) {
        return LightLoginOutcome::SessionChanged;
    }
    record.version = 1;
    record.changed_at = now;
    tenant.logins.insert(record.id.place().to_owned(), record.clone());
    LightLoginOutcome::Done
}

fn session_version(tenant: &Tenant, id: &SessionId) -> u64 {
    tenant.sessions.get(id).map_or(0, |session| session.version)
}

fn write_login(tenant: &mut Tenant, write: LoginWrite, (now, settled): (Timestamp, bool)) -> CommitOutcome {
    let LoginWrite { mut record, expect, claim: _, max_open, caps, bypasses: wanted } = write;
    if tenant.logins.get(record.id.place()).map_or(0, |stored| stored.version) != expect {
        return CommitOutcome::LoginChanged;
    }
    let of_user = |login: &&LoginRecord| login.subject.user_id == record.subject.user_id;
    if expect == 0
        && tenant.logins.len() >= caps.records_of_user
        && tenant.logins.values().filter(of_user).count() >= caps.records_of_user
    {
        return CommitOutcome::UserFull;
    }
    let user = &record.subject.user_id;
    let is_open = |login: &&open_logins::OpenLogin| login.deadline >= now && login.id != record.id;
    let places = |user| tenant.open_logins.get(user).map_or(0, |open: &Vec<_>| open.iter().filter(is_open).count());
    if record.suspension().is_some()
        && tenant.logins.len() >= caps.open_of_tenant
        && places(user) < max_open
        && tenant.open_logins.keys().map(places).sum::<usize>() >= caps.open_of_tenant
    {
        return CommitOutcome::TenantFull;
    }
    if !wanted.is_empty() {
        let mut all = tenant.bypasses.get(&record.subject.user_id).cloned().unwrap_or_default();
        if !bypasses::use_up(&mut all, &wanted, &record.id, now) {
            return CommitOutcome::BypassChanged;
        }
        tenant.bypasses.insert(record.subject.user_id.clone(), all);
    }
    record.version = expect.saturating_add(1);
    record.changed_at = now;
    let open = tenant.open_logins.entry(record.subject.user_id.clone()).or_default();
    for id in open_logins::update(open, &record, max_open, (now, settled)) {
        if let Some(evicted) = tenant.logins.get_mut(id.place()) {
            open_logins::evict(evicted, now);
        }
    }
    tenant.logins.insert(record.id.place().to_owned(), record);
    CommitOutcome::Done
}

fn write_caches(tenant: &mut Tenant, changes: &[CacheChange], (now, settled): (Timestamp, bool)) {
    for change in changes {
        let cache = tenant.caches.entry(change.action.clone()).or_default();
        cache::apply(cache, [change], now, settled);
    }
}
