//! Changes of a user's list of bypasses.

use super::changes::Changes;
use super::database::{Database, expire};
use super::keys;
use crate::api::{BypassChange, BypassOutcome, StoreError};
use crate::rules::bypasses;
use postlude_model::login::LoginRecord;
use postlude_model::names::{BypassId, TenantName, Timestamp, UserId};
use postlude_model::policy::bypass::Bypass;

/// Issues or revokes a bypass.
pub(crate) fn plan_change(
    database: &Database,
    tenant: &TenantName,
    change: BypassChange,
    now: Timestamp,
    settled: bool,
) -> Result<(Changes, BypassOutcome), StoreError> {
    let (mut changes, user) = (Changes::default(), change.user().clone());
    let mut all = read(database, &mut changes, tenant, &user)?;
    let is_new = all.is_empty();
    let outcome = bypasses::change(&mut all, change, now, settled);
    if outcome == BypassOutcome::Done {
        put(database, &mut changes, tenant, &user, &all, is_new)?;
    }
    Ok((changes, outcome))
}

/// Marks bypasses as used by a login; false where one of them cannot be used any more.
pub(crate) fn plan_uses(
    database: &Database,
    changes: &mut Changes,
    tenant: &TenantName,
    record: &LoginRecord,
    wanted: &[BypassId],
    now: Timestamp,
) -> Result<bool, StoreError> {
    if wanted.is_empty() {
        return Ok(true);
    }
    let user = &record.subject.user_id;
    let mut all = read(database, changes, tenant, user)?;
    if !bypasses::use_up(&mut all, wanted, &record.id, now) {
        return Ok(false);
    }
    put(database, changes, tenant, user, &all, false)?;
    Ok(true)
}

fn read(
    database: &Database,
    changes: &mut Changes,
    tenant: &TenantName,
    user: &UserId,
) -> Result<Vec<Bypass>, StoreError> {
    Ok(database.get_to_change(changes, &keys::bypasses(tenant, user))?.unwrap_or_default())
}

fn put(
    database: &Database,
    changes: &mut Changes,
    tenant: &TenantName,
    user: &UserId,
    all: &Vec<Bypass>,
    is_new: bool,
) -> Result<(), StoreError> {
    let key = keys::bypasses(tenant, user);
    let Some(last) = bypasses::last_expiry(all) else {
        changes.remove(key);
        return Ok(());
    };
    if is_new {
        expire(changes, last, &key);
    }
    database.put(changes, key, all)
}
