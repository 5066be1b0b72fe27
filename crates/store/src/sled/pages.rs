//! Pages of records. Every read is bounded.

use super::database::Database;
use super::keys::{self, KeyKind};
use crate::api::observer::report;
use crate::api::{Page, StoreError, Upload};
use crate::format::stored::Stored;
use crate::login_log::{self, StoredLogin};
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

/// Logins of a tenant after one of them: those of the database in the order of their keys, and then the light ones.
pub(crate) fn logins(
    database: &Database,
    tenant: &TenantName,
    after: Option<&LoginId>,
    most: usize,
) -> Result<Page<LoginRecord>, StoreError> {
    let (of_tenant, log) = (keys::of_tenant(KeyKind::Login, tenant), &database.light_logins);
    let after = after.map(|id| keys::login(tenant, id));
    let mut position = None;
    if let Some(key) = &after
        && !database.records.contains(key)?
        && let Some((Some(stored), login)) = log.find(key)?
    {
        let user = keys::of_user(tenant, &login.subject.user_id);
        position = Some(login_log::position(&of_tenant, &user, login.created_at, &stored));
    }
    let mut page = Page { items: Vec::new(), more: false };
    if position.is_none() {
        page = page_of(database, KeyKind::Login, tenant, after, most)?;
    }
    let mut light = login_log::of_tenant(log, &of_tenant, position);
    while !page.more
        && let Some(stored) = light.next()?
    {
        let login = light_login(database, &of_tenant, &stored)?;
        page.more = login.is_some() && page.items.len() >= most;
        page.items.extend(login.filter(|_| !page.more));
    }
    Ok(page)
}

/// A user's logins, the newest first, after one of them.
pub(crate) fn logins_of(
    database: &Database,
    tenant: &TenantName,
    user: &UserId,
    after: Option<&(Timestamp, LoginId)>,
    most: usize,
) -> Result<Page<LoginRecord>, StoreError> {
    let (of_tenant, list) = (keys::of_tenant(KeyKind::Login, tenant), keys::of_user(tenant, user));
    // Those that began at the same time may stand behind it.
    let start = after.map_or_else(|| list.clone(), |(began, _)| keys::began_by(&list, *began));
    let mut stored = database.records.entries(start..keys::end_of(&list)).map(|entry| {
        let (entry, _) = entry?;
        keys::login_of_list(&list, &entry).ok_or(StoreError::Corrupt(KeyKind::name_of(&entry)))
    });
    let mut next = stored.next().transpose()?;
    let mut light = login_log::of_user(&database.light_logins, &of_tenant, &list, after.map(|(began, _)| *began));
    let mut page = Page { items: Vec::new(), more: false };
    while !page.more {
        let newest = next.as_ref().map(|(began, _)| *began).max(light.newest()?);
        let Some(newest) = newest else { break };
        // All that began in one millisecond: their order is that of their identifiers.
        let mut together = Vec::new();
        while let Some((_, id)) = next.take_if(|(began, _)| *began == newest) {
            // A record may be swept between its entry and its value.
            together.extend(database.get_listed::<LoginRecord>(&keys::login(tenant, &id))?);
            next = stored.next().transpose()?;
        }
        for stored in light.take(newest)? {
            let login = light_login(database, &of_tenant, &stored)?;
            together.extend(login.filter(|login| login.subject.user_id == *user));
        }
        together.retain(|login| after.is_none_or(|(began, id)| newest < *began || login.id > *id));
        together.sort_by(|one, other| one.id.cmp(&other.id));
        let room = most.saturating_sub(page.items.len());
        page.more = together.len() > room;
        page.items.extend(together.into_iter().take(room));
    }
    Ok(page)
}

/// A light login of a list; none where it is another tenant's, has expired, is damaged, or was written again and stands in the
/// database.
fn light_login(database: &Database, of_tenant: &[u8], stored: &StoredLogin) -> Result<Option<LoginRecord>, StoreError> {
    match database.light_logins.read(stored) {
        Ok(Some((key, login))) if key.starts_with(of_tenant) => {
            Ok((!database.records.contains(&key)?).then_some(login))
        }
        Ok(_) => Ok(None),
        Err(why) => report(&*database.observer, why, "lists go on without it").map(|()| None),
    }
}

fn page<T: Stored>(database: &Database, range: Range<Vec<u8>>, most: usize) -> Result<Page<T>, StoreError> {
    let (mut items, mut more) = (Vec::new(), false);
    for key in database.records.entries(range) {
        if items.len() >= most {
            more = true;
            break;
        }
        // A record may be swept between its key and its value.
        items.extend(database.get_listed(&key?.0)?);
    }
    Ok(Page { items, more })
}
