//! Changes that operators make: orders and notes of uploads.

use super::changes::Changes;
use super::database::Database;
use super::keys::{self, KeyKind};
use super::orders_file::OrdersFile;
use crate::api::{StoreError, Upload};
use postlude_model::names::{Digest, TenantName};
use postlude_model::policy::orders::Orders;
use std::collections::HashSet;

/// Replaces a tenant's orders where their version is `expect`, also in their file; none where it is not.
pub(crate) fn plan_orders(
    database: &Database,
    file: &mut OrdersFile,
    tenant: &TenantName,
    mut orders: Orders,
    expect: u64,
) -> Result<Option<Changes>, StoreError> {
    let key = keys::orders(tenant);
    if database.get::<Orders>(&key)?.unwrap_or_default().version != expect {
        return Ok(None);
    }
    orders.version = expect.saturating_add(1);
    let mut changes = Changes::default();
    database.put(&mut changes, key, &orders)?;
    // First, so that an order is in both places before its answer. Alone there, after a crash, it holds as well.
    file.put(tenant, &orders)?;
    Ok(Some(changes))
}

/// Notes an upload, unless the tenant has as many as it may have. The first note of a digest stays.
pub(crate) fn plan_upload(
    database: &Database,
    tenant: &TenantName,
    upload: &Upload,
    most: usize,
) -> Result<Option<Changes>, StoreError> {
    let key = keys::upload(tenant, &upload.digest);
    let mut changes = Changes::default();
    if database.get_to_change::<Upload>(&mut changes, &key)?.is_some() {
        return Ok(Some(changes));
    }
    // Counted by their keys: the notes are not read where commits wait.
    if database.records.keys(&keys::of_tenant(KeyKind::Upload, tenant))?.len() >= most {
        return Ok(None);
    }
    database.put(&mut changes, key, upload)?;
    Ok(Some(changes))
}

/// Removes the note of an upload; none where there is none.
pub(crate) fn plan_removal(
    database: &Database,
    tenant: &TenantName,
    digest: &Digest,
) -> Result<Option<Changes>, StoreError> {
    let key = keys::upload(tenant, digest);
    if !database.records.contains(&key)? {
        return Ok(None);
    }
    let mut changes = Changes::default();
    changes.remove(key);
    Ok(Some(changes))
}

/// What any tenant uploaded.
pub(crate) fn uploaded(database: &Database) -> Result<HashSet<Digest>, StoreError> {
    let keys = database.records.keys(&keys::all_of(KeyKind::Upload))?;
    // A note without a digest in its key must stop whoever deletes files that are not noted.
    let digest = |key| keys::uploaded(key).ok_or(StoreError::Corrupt(KeyKind::name_of(key)));
    keys.iter().map(|key| digest(key)).collect()
}
