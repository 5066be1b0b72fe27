//! The sweep of the in-memory engine.

use super::state::{State, Tenant};
use crate::rules::{bypasses, open_logins};
use postlude_model::names::{TenantName, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// Deletes at most so many records that have expired; whether more are due.
pub(crate) fn sweep_expired(state: &mut State, now: Timestamp, most: usize, session_lifetime: Duration) -> bool {
    let mut room = most;
    let mut more = false;
    for tenant in state.tenants.values_mut() {
        more |= sweep_tenant(tenant, now, &mut room, session_lifetime);
    }
    more
}

/// Deletes the revisions whose time is over, except each tenant's newest and active one.
pub(crate) fn sweep_revisions(state: &mut State, now: Timestamp) -> Vec<(TenantName, u64)> {
    let mut gone = Vec::new();
    for (name, tenant) in &mut state.tenants {
        let newest = tenant.revisions.last_key_value().map(|(number, _)| *number);
        let active = tenant.active_revision.map(|active| active.number);
        tenant.revisions.retain(|number, revision| {
            let needed = revision.needed_until.is_none_or(|until| until >= now);
            let stays = needed || newest == Some(*number) || active == Some(*number);
            gone.extend((!stays).then(|| (name.clone(), *number)));
            stays
        });
    }
    gone
}

fn sweep_tenant(tenant: &mut Tenant, now: Timestamp, room: &mut usize, session_lifetime: Duration) -> bool {
    let logins = remove(&mut tenant.logins, room, |login| login.expires_at <= now);
    let sessions = remove(&mut tenant.sessions, room, |session| session.last_used_at.plus(session_lifetime) <= now);
    let over = |at: Option<Timestamp>| at.is_none_or(|at| at <= now);
    let open = remove(&mut tenant.open_logins, room, |open| over(open_logins::last_deadline(open)));
    let bypasses = remove(&mut tenant.bypasses, room, |all| over(bypasses::last_expiry(all)));
    let caches = remove(&mut tenant.caches, room, |cache| over(cache.values().map(|entry| entry.expires_at).max()));
    logins || sessions || open || bypasses || caches
}

/// Removes what is due, as long as there is room; whether something due is left.
fn remove<K: Ord, V>(map: &mut BTreeMap<K, V>, room: &mut usize, due: impl Fn(&V) -> bool) -> bool {
    let mut left = false;
    map.retain(|_, value| {
        if !due(value) {
            return true;
        }
        left |= *room == 0;
        let stays = *room == 0;
        *room = room.saturating_sub(1);
        stays
    });
    left
}
