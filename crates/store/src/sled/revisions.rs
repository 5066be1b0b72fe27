//! Which revisions there are, which one is active, and letting go of those that nobody needs.

use super::changes::Changes;
use super::database::Database;
use super::keys::{self, KeyKind};
use crate::api::observer::report;
use crate::api::{Activation, ActiveRevision, StoreError};
use crate::format::revision::{RevisionHash, RevisionNeed, RevisionNumber};
use postlude_model::names::{TenantName, Timestamp};

/// The number of a revision by its content's hash: the one it has, or a new one.
pub(crate) fn plan_revision(
    database: &Database,
    tenant: &TenantName,
    hash: &[u8; 32],
) -> Result<(Changes, u64), StoreError> {
    let mut changes = Changes::default();
    let by_hash = keys::revision_number(tenant, hash);
    if let Some(RevisionNumber(number)) = database.get_to_change(&mut changes, &by_hash)? {
        let key = keys::revision(tenant, number);
        if database.get_listed::<RevisionHash>(&key)?.is_none() {
            changes.set_aside(key.clone());
            database.put(&mut changes, key, &RevisionHash(*hash))?;
        }
        return Ok((changes, number));
    }
    // The newest is never swept, so no number is given twice.
    let number = newest(database, tenant)?.unwrap_or_default().saturating_add(1);
    database.put(&mut changes, keys::revision(tenant, number), &RevisionHash(*hash))?;
    database.put(&mut changes, by_hash, &RevisionNumber(number))?;
    Ok((changes, number))
}

/// Activates revisions, all of them or, where one expectation does not hold, none.
pub(crate) fn plan_activations(database: &Database, activations: &[Activation]) -> Result<Option<Changes>, StoreError> {
    let mut changes = Changes::default();
    for Activation { tenant, number, expect } in activations {
        let key = keys::active_revision(tenant);
        let stored: Option<ActiveRevision> = database.get_to_change(&mut changes, &key)?;
        let stored = stored.map_or(0, |active| active.version);
        if stored != *expect {
            return Ok(None);
        }
        let active = ActiveRevision { number: *number, version: expect.saturating_add(1) };
        database.put(&mut changes, key, &active)?;
    }
    Ok(Some(changes))
}

/// A revision is needed until then at least.
pub(crate) fn plan_need(
    database: &Database,
    tenant: &TenantName,
    number: u64,
    until: Timestamp,
) -> Result<Changes, StoreError> {
    let (mut changes, key) = (Changes::default(), keys::revision_need(tenant, number));
    let before: Option<RevisionNeed> = database.get_to_change(&mut changes, &key)?;
    let before = before.map(|need| need.until);
    if before.is_none_or(|before| before < until) {
        database.put(&mut changes, key, &RevisionNeed { tenant: tenant.clone(), number, until })?;
    }
    Ok(changes)
}

/// Deletes every revision that nobody needs any more. A tenant's newest stays, so that its number is not given again, and so
/// does the active one.
pub(crate) fn plan_sweep(database: &Database, now: Timestamp) -> Result<(Changes, Vec<(TenantName, u64)>), StoreError> {
    let (mut changes, mut gone) = (Changes::default(), Vec::new());
    for key in database.records.keys(&keys::all_of(KeyKind::RevisionNeed))? {
        match sweep_one(database, &mut changes, &key, now) {
            Ok(revision) => gone.extend(revision),
            Err(why) => report(&*database.observer, why, "its revision is kept")?,
        }
    }
    Ok((changes, gone))
}

fn sweep_one(
    database: &Database,
    changes: &mut Changes,
    key: &[u8],
    now: Timestamp,
) -> Result<Option<(TenantName, u64)>, StoreError> {
    let Some(RevisionNeed { tenant, number, until }) = database.get(key)? else { return Ok(None) };
    let active = database.get::<ActiveRevision>(&keys::active_revision(&tenant))?.map(|active| active.number);
    if until >= now || active == Some(number) || newest(database, &tenant)? == Some(number) {
        return Ok(None);
    }
    let revision = keys::revision(&tenant, number);
    if let Some(RevisionHash(hash)) = database.get(&revision)? {
        changes.remove(keys::revision_number(&tenant, &hash));
    }
    changes.remove(revision);
    changes.remove(key.to_vec());
    Ok(Some((tenant, number)))
}

/// The hashes of all revisions' contents.
pub(crate) fn hashes(database: &Database) -> Result<Vec<[u8; 32]>, StoreError> {
    let keys = database.records.keys(&keys::all_of(KeyKind::Revision))?;
    let hash = |key| Ok(database.get::<RevisionHash>(key)?.map(|hash| hash.0));
    keys.iter().filter_map(|key| hash(key).transpose()).collect()
}

fn newest(database: &Database, tenant: &TenantName) -> Result<Option<u64>, StoreError> {
    Ok(database.records.last(&keys::revisions(tenant))?.and_then(|key| keys::number_of(&key)))
}
