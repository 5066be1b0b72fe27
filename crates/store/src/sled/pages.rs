//! Pages of records. Every read is bounded.

use super::database::Database;
use super::keys::{self, KeyKind};
use crate::api::{Page, StoreError, Upload};
use crate::format::stored::Stored;
use postlude_model::login::LoginRecord;
use postlude_model::names::{LoginId, TenantName, Timestamp, UserId};
use std::ops::Range;

/// All uploads of a tenant; the quota bounds them.
pub(crate) fn uploads(database: &Database, tenant: &TenantName) -> Result<Vec<Upload>, StoreError> {
    let all = keys::of_tenant(KeyKind::Upload, tenant);
    Ok(page(database, all.clone()..keys::end_of(&all), usize::MAX)?.items)
}

/// Records of one kind of a tenant in the order of their keys, after one of them.
pub(crate) fn page_of<T: Stored>(
    database: &Database,
    kind: KeyKind,
    tenant: &TenantName,
    after: Option<Vec<u8>>,
    most: usize,
) -> Result<Page<T>, StoreError> {
    let all = keys::of_tenant(kind, tenant);
    let end = keys::end_of(&all);
    // A key with a zero byte at its end is the next one that can be.
    let start = after.map_or(all, |key| [&key[..], &[0]].concat());
    page(database, start..end, most)
}

/// A user's logins, the newest first, after one of them.
pub(crate) fn logins_of(
    database: &Database,
    tenant: &TenantName,
    user: &UserId,
    after: Option<&(Timestamp, LoginId)>,
    most: usize,
) -> Result<Page<LoginRecord>, StoreError> {
    let list = keys::of_user(tenant, user);
    let start = match after {
        Some((began, id)) => [&keys::by_user(tenant, user, *began, id)[..], &[0]].concat(),
        None => list.clone(),
    };
    let (mut items, mut more) = (Vec::new(), false);
    for entry in database.records.entries(start..keys::end_of(&list)) {
        if items.len() >= most {
            more = true;
            break;
        }
        let (entry, _) = entry?;
        let listed = keys::login_of_list(&list, &entry);
        let (_, id) = listed.ok_or(StoreError::Corrupt(KeyKind::name_of(&entry)))?;
        // A record may be swept between its entry and its value.
        items.extend(database.get(&keys::login(tenant, &id))?);
    }
    Ok(Page { items, more })
}

fn page<T: Stored>(database: &Database, range: Range<Vec<u8>>, most: usize) -> Result<Page<T>, StoreError> {
    let (mut items, mut more) = (Vec::new(), false);
    for key in database.records.entries(range) {
        if items.len() >= most {
            more = true;
            break;
        }
        // A record may be swept between its key and its value.
        items.extend(database.get(&key?.0)?);
    }
    Ok(Page { items, more })
}
