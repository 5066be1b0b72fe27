//! Lists of the log: a user's logins, the newest first, and a tenant's, in the order of the indexes.

use super::frame::Place;
use super::hash::{tenant_hashes, user_hash};
use super::index::{UserEntry, user_entry};
use super::log::{LoginLog, StoredLogin, stored};
use super::segment::Sealed;
use crate::api::StoreError;
use postlude_model::names::Timestamp;
use std::fs::File;
use std::sync::Arc;

/// Where a list of a tenant's logins goes on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogPosition {
    segment: u64,
    entry: UserEntry,
}

/// A user's logins of all segments, the newest first.
pub(crate) struct UserLogins(Vec<Source>);

/// A tenant's logins, segment by segment.
pub(crate) struct TenantLogins(std::vec::IntoIter<Source>, Option<Source>);

/// The entries of one segment, from the first one that was asked for to the last.
struct Source {
    segment: u64,
    file: Arc<File>,
    pages: Option<(Arc<Sealed>, usize)>,
    entries: std::iter::Peekable<std::vec::IntoIter<UserEntry>>,
    range: Range,
}

/// From an entry, inclusive, to a hash, inclusive.
#[derive(Debug, Clone, Copy)]
struct Range {
    from: UserEntry,
    last_hash: u64,
}

/// A user's logins that began at a time or before.
pub(crate) fn of_user(log: &LoginLog, tenant: &[u8], user: &[u8], until: Option<Timestamp>) -> UserLogins {
    let hash = user_hash(tenant, user);
    let from = (hash, until.map_or(0, |until| !until.0), Place::default());
    UserLogins(sources(log, |_| Some(Range { from, last_hash: hash })))
}

/// A tenant's logins after a place.
pub(crate) fn of_tenant(log: &LoginLog, tenant: &[u8], after: Option<LogPosition>) -> TenantLogins {
    let (first, last_hash) = tenant_hashes(tenant);
    let all = Range { from: (first, 0, Place::default()), last_hash };
    let sources = sources(log, |segment| match after {
        Some(after) if segment < after.segment => None,
        Some(after) if segment == after.segment => Some(Range { from: next(after.entry), last_hash }),
        _ => Some(all),
    });
    TenantLogins(sources.into_iter(), None)
}

/// Where a list of a tenant's logins goes on after a login.
pub(crate) fn position(tenant: &[u8], user: &[u8], created_at: Timestamp, stored: &StoredLogin) -> LogPosition {
    LogPosition { segment: stored.segment, entry: (user_hash(tenant, user), !created_at.0, stored.place) }
}

/// A source for each segment for which there is a range, in the order of their numbers.
fn sources(log: &LoginLog, range: impl Fn(u64) -> Option<Range>) -> Vec<Source> {
    let segments = log.segments();
    let mut sources = Vec::new();
    for sealed in &segments.sealed {
        if let Some(range) = range(sealed.number) {
            let first = sealed.index.first_users_page(range.from.0, range.from.1);
            let (pages, entries) = (Some((Arc::clone(sealed), first)), Vec::new().into_iter().peekable());
            sources.push(Source { segment: sealed.number, file: Arc::clone(&sealed.file), pages, entries, range });
        }
    }
    for active in segments.active.values() {
        if let Some(range) = range(active.number) {
            let of_one_user = range.from.0 == range.last_hash;
            let mut entries: Vec<UserEntry> = if of_one_user {
                active.entries.of_user(range.last_hash).map(user_entry).collect()
            } else {
                active.entries.iter().map(user_entry).collect()
            };
            entries.retain(|entry| *entry >= range.from && entry.0 <= range.last_hash);
            entries.sort_unstable();
            let (file, entries) = (Arc::clone(&active.file), entries.into_iter().peekable());
            sources.push(Source { segment: active.number, file, pages: None, entries, range });
        }
    }
    sources.sort_by_key(|source| source.segment);
    sources
}

impl UserLogins {
    /// When the newest login began of those that were not taken yet.
    pub(crate) fn newest(&mut self) -> Result<Option<Timestamp>, StoreError> {
        let mut newest = None;
        for source in &mut self.0 {
            newest = newest.max(source.peek()?.map(|entry| Timestamp(!entry.1)));
        }
        Ok(newest)
    }

    /// Takes the logins that began at the time of the newest.
    pub(crate) fn take(&mut self, began: Timestamp) -> Result<Vec<StoredLogin>, StoreError> {
        let mut taken = Vec::new();
        for source in &mut self.0 {
            while source.peek()?.is_some_and(|entry| entry.1 == !began.0) {
                taken.extend(source.entries.next().map(|entry| stored(source.segment, &source.file, entry.2)));
            }
        }
        Ok(taken)
    }
}

impl TenantLogins {
    /// The next login.
    pub(crate) fn next(&mut self) -> Result<Option<StoredLogin>, StoreError> {
        loop {
            if self.1.is_none() {
                self.1 = self.0.next();
            }
            let Some(source) = &mut self.1 else { return Ok(None) };
            match source.peek()? {
                Some((_, _, place)) => {
                    source.entries.next();
                    return Ok(Some(stored(source.segment, &source.file, place)));
                }
                None => self.1 = None,
            }
        }
    }
}

impl Source {
    fn peek(&mut self) -> Result<Option<UserEntry>, StoreError> {
        loop {
            match (self.entries.peek(), &mut self.pages) {
                (Some(entry), _) if entry.0 > self.range.last_hash => return Ok(None),
                (Some(entry), _) if *entry >= self.range.from => return Ok(Some(*entry)),
                (Some(_), _) => drop(self.entries.next()),
                (None, None) => return Ok(None),
                (None, Some((sealed, page))) => {
                    let entries = sealed.index.users_page(*page).map_err(|why| sealed.failed(&why))?;
                    *page = page.saturating_add(1);
                    if entries.is_empty() {
                        self.pages = None;
                    }
                    self.entries = entries.into_iter().peekable();
                }
            }
        }
    }
}

/// The entry that comes next at the earliest.
fn next((hash, time, place): UserEntry) -> UserEntry {
    (hash, time, Place { length: place.length.saturating_add(1), ..place })
}
