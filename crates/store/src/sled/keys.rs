//! Keys of the one tree: a kind, the tenant, and the rest, each part with its length, so that no two keys meet.

use crate::format::kind::RecordKind;
use crate::format::versions::newest_version;
use postlude_model::names::{ActionName, Digest, LoginId, SessionId, TenantName, Timestamp, UserId};

/// What a key leads to: a record, a part of one, or an entry of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum KeyKind {
    Header = b'M',
    Description = b'D',
    Place = b'I',
    Login = b'L',
    Session = b'S',
    OpenLogins = b'U',
    Bypasses = b'B',
    Revision = b'R',
    RevisionNumber = b'H',
    Expiry = b'E',
    Part = b'P',
    Cache = b'C',
    Orders = b'O',
    Upload = b'A',
    ByUser = b'W',
    RevisionNeed = b'N',
    ActiveRevision = b'V',
    SetAside = b'X',
}

impl KeyKind {
    pub(crate) const ALL: [Self; 18] = [
        Self::Header,
        Self::Description,
        Self::Place,
        Self::Login,
        Self::Session,
        Self::OpenLogins,
        Self::Bypasses,
        Self::Revision,
        Self::RevisionNumber,
        Self::Expiry,
        Self::Part,
        Self::Cache,
        Self::Orders,
        Self::Upload,
        Self::ByUser,
        Self::RevisionNeed,
        Self::ActiveRevision,
        Self::SetAside,
    ];

    /// The kind of a key; none where this program does not know it.
    pub(crate) fn of(key: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| key.first() == Some(&kind.byte()))
    }

    pub(crate) const fn byte(self) -> u8 {
        self as u8
    }

    /// The kind of record that stands under such a key; none for entries of indexes and parts of records.
    pub(crate) const fn record(self) -> Option<RecordKind> {
        match self {
            Self::Header => Some(RecordKind::Header),
            Self::Description => Some(RecordKind::Description),
            Self::Place => Some(RecordKind::Place),
            Self::Login => Some(RecordKind::Login),
            Self::Session => Some(RecordKind::Session),
            Self::OpenLogins => Some(RecordKind::OpenLogins),
            Self::Bypasses => Some(RecordKind::Bypasses),
            Self::Revision => Some(RecordKind::RevisionHash),
            Self::RevisionNumber => Some(RecordKind::RevisionNumber),
            Self::Cache => Some(RecordKind::Cache),
            Self::Orders => Some(RecordKind::Orders),
            Self::Upload => Some(RecordKind::Upload),
            Self::RevisionNeed => Some(RecordKind::RevisionNeed),
            Self::ActiveRevision => Some(RecordKind::ActiveRevision),
            Self::Expiry | Self::Part | Self::ByUser | Self::SetAside => None,
        }
    }

    /// The name of what a key leads to, for messages.
    pub(crate) fn name_of(key: &[u8]) -> &'static str {
        match Self::of(key) {
            Some(Self::Expiry) => "entry of the index of expiry",
            Some(Self::Part) => "part of a record",
            Some(Self::ByUser) => "entry of a user's list of logins",
            Some(Self::SetAside) => "damaged record that was set aside",
            Some(kind) => kind.record().map_or("record", RecordKind::name),
            None => "record of an unknown kind",
        }
    }
}

/// The newest version of each kind of record that this program writes, by the first byte of the kind's keys.
pub(crate) fn versions() -> Vec<(u8, u8)> {
    let kinds = KeyKind::ALL.into_iter();
    kinds.filter_map(|kind| Some((kind.byte(), newest_version(kind.record()?)))).collect()
}

fn key(kind: KeyKind, parts: &[&[u8]]) -> Vec<u8> {
    key_with_room(kind, parts, 0)
}

/// A key that some bytes will follow. A login makes half a dozen keys: each is allocated once.
fn key_with_room(kind: KeyKind, parts: &[&[u8]], room: usize) -> Vec<u8> {
    let length = parts.iter().map(|part| size_of::<u16>() + part.len()).sum::<usize>();
    let mut key = Vec::with_capacity(size_of::<u8>() + length + room);
    key.push(kind.byte());
    for part in parts {
        // A part has at most some 600 bytes: names have 256.
        key.extend_from_slice(&u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes());
        key.extend_from_slice(part);
    }
    key
}

pub(crate) fn header() -> Vec<u8> {
    key(KeyKind::Header, &[])
}

/// What the store says of itself to programs that open it.
pub(crate) fn description() -> Vec<u8> {
    key(KeyKind::Description, &[])
}

/// Where the store was written.
pub(crate) fn place() -> Vec<u8> {
    key(KeyKind::Place, &[])
}

/// Where a damaged record, or a part of one, is kept once something else takes its place.
pub(crate) fn set_aside(of: &[u8]) -> Vec<u8> {
    [&[KeyKind::SetAside.byte()], of].concat()
}

pub(crate) fn login(tenant: &TenantName, id: &LoginId) -> Vec<u8> {
    key(KeyKind::Login, &[tenant.as_str().as_bytes(), id.place().as_bytes()])
}

pub(crate) fn session(tenant: &TenantName, id: &SessionId) -> Vec<u8> {
    key(KeyKind::Session, &[tenant.as_str().as_bytes(), id.as_str().as_bytes()])
}

pub(crate) fn open_logins(tenant: &TenantName, user: &UserId) -> Vec<u8> {
    key(KeyKind::OpenLogins, &[tenant.as_str().as_bytes(), user.as_str().as_bytes()])
}

pub(crate) fn cache(tenant: &TenantName, action: &ActionName) -> Vec<u8> {
    key(KeyKind::Cache, &[tenant.as_str().as_bytes(), action.as_str().as_bytes()])
}

pub(crate) fn bypasses(tenant: &TenantName, user: &UserId) -> Vec<u8> {
    key(KeyKind::Bypasses, &[tenant.as_str().as_bytes(), user.as_str().as_bytes()])
}

pub(crate) fn revision(tenant: &TenantName, number: u64) -> Vec<u8> {
    key(KeyKind::Revision, &[tenant.as_str().as_bytes(), &number.to_be_bytes()])
}

/// All revisions of a tenant.
pub(crate) fn revisions(tenant: &TenantName) -> Vec<u8> {
    key(KeyKind::Revision, &[tenant.as_str().as_bytes()])
}

/// The number of a revision, from its key.
pub(crate) fn number_of(revision: &[u8]) -> Option<u64> {
    revision.last_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

/// Until when a revision is needed.
pub(crate) fn revision_need(tenant: &TenantName, number: u64) -> Vec<u8> {
    key(KeyKind::RevisionNeed, &[tenant.as_str().as_bytes(), &number.to_be_bytes()])
}

/// Every key of a kind.
pub(crate) fn all_of(kind: KeyKind) -> [u8; 1] {
    [kind.byte()]
}

pub(crate) fn revision_number(tenant: &TenantName, hash: &[u8; 32]) -> Vec<u8> {
    key(KeyKind::RevisionNumber, &[tenant.as_str().as_bytes(), hash])
}

/// Which revision of a tenant is active.
pub(crate) fn active_revision(tenant: &TenantName) -> Vec<u8> {
    key(KeyKind::ActiveRevision, &[tenant.as_str().as_bytes()])
}

/// A further part of a large record.
pub(crate) fn part(of: &[u8], number: u8) -> Vec<u8> {
    key(KeyKind::Part, &[of, &[number]])
}

pub(crate) fn orders(tenant: &TenantName) -> Vec<u8> {
    key(KeyKind::Orders, &[tenant.as_str().as_bytes()])
}

pub(crate) fn upload(tenant: &TenantName, digest: &Digest) -> Vec<u8> {
    key(KeyKind::Upload, &[tenant.as_str().as_bytes(), digest.as_bytes()])
}

/// The digest in an upload's key, which ends with it.
pub(crate) fn uploaded(key: &[u8]) -> Option<Digest> {
    key.last_chunk().map(|digest| Digest::from_bytes(*digest))
}

/// All records of a kind of one tenant.
pub(crate) fn of_tenant(kind: KeyKind, tenant: &TenantName) -> Vec<u8> {
    key(kind, &[tenant.as_str().as_bytes()])
}

/// A login in its user's list, the newest first.
pub(crate) fn by_user(tenant: &TenantName, user: &UserId, began: Timestamp, login: &LoginId) -> Vec<u8> {
    let parts = [tenant.as_str().as_bytes(), user.as_str().as_bytes()];
    let mut key = key_with_room(KeyKind::ByUser, &parts, size_of::<u64>() + login.as_str().len());
    key.extend_from_slice(&(u64::MAX - began.0).to_be_bytes());
    key.extend_from_slice(login.as_str().as_bytes());
    key
}

/// Where those logins of a user's list begin that began at a time or before.
pub(crate) fn began_by(of_user: &[u8], began: Timestamp) -> Vec<u8> {
    [of_user, &(u64::MAX - began.0).to_be_bytes()].concat()
}

/// All logins of a user.
pub(crate) fn of_user(tenant: &TenantName, user: &UserId) -> Vec<u8> {
    key(KeyKind::ByUser, &[tenant.as_str().as_bytes(), user.as_str().as_bytes()])
}

/// When a login in a user's list began, and which it is.
pub(crate) fn login_of_list(of_user: &[u8], key: &[u8]) -> Option<(Timestamp, LoginId)> {
    let (time, id) = key.strip_prefix(of_user)?.split_first_chunk::<8>()?;
    let id = LoginId::new(std::str::from_utf8(id).ok()?).ok()?;
    Some((Timestamp(u64::MAX - u64::from_be_bytes(*time)), id))
}

/// The tenant of a record's key.
pub(crate) fn tenant_of(key: &[u8]) -> Option<TenantName> {
    let (name, _) = first_part(key.get(1..)?)?;
    TenantName::new(std::str::from_utf8(name).ok()?).ok()
}

/// The session in a session's key.
pub(crate) fn session_of(key: &[u8]) -> Option<SessionId> {
    let (_, rest) = first_part(key.get(1..)?)?;
    SessionId::new(std::str::from_utf8(first_part(rest)?.0).ok()?).ok()
}

/// A record's name for a person: the parts of its key, as text where they are text.
pub(crate) fn readable(key: &[u8]) -> String {
    let (mut rest, mut parts) = (key.get(1..).unwrap_or_default(), Vec::new());
    while let Some((part, after)) = first_part(rest) {
        parts.push(match std::str::from_utf8(part) {
            Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
            _ => part.iter().map(|byte| format!("{byte:02x}")).collect(),
        });
        rest = after;
    }
    parts.join("/")
}

/// The first part of a key, and what follows it.
fn first_part(parts: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = parts.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

/// The first key after all that begin with a prefix. The kind comes first, and no kind is 255.
pub(crate) fn end_of(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            break;
        }
    }
    end
}

/// Sorted by time, then by what expires.
pub(crate) fn expiry(at: Timestamp, of: &[u8]) -> Vec<u8> {
    let mut key = vec![KeyKind::Expiry.byte()];
    key.extend_from_slice(&at.0.to_be_bytes());
    key.extend_from_slice(of);
    key
}

/// The keys in a value that holds several, each with its length, as far as it does. Earlier versions entered logins that expire
/// together so.
pub(crate) fn split(mut value: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = value.split_first_chunk::<2>()?;
        let (key, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        value = rest;
        Some(key)
    })
}

/// Everything that expires until a time, inclusive.
pub(crate) fn expiries_until(now: Timestamp) -> std::ops::Range<Vec<u8>> {
    expiry(Timestamp(0), &[])..expiry(Timestamp(now.0.saturating_add(1)), &[])
}

/// What an expiry key is about.
pub(crate) fn expiring_key(key: &[u8]) -> Option<&[u8]> {
    key.get(9..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    /// Several keys in one value.
    fn join<'k>(keys: impl Iterator<Item = &'k [u8]>) -> Vec<u8> {
        keys.flat_map(|key| [&u16::try_from(key.len()).unwrap().to_be_bytes(), key].concat()).collect()
    }

    proptest! {
        /// T03: no split of the same characters over tenant and id gives the same key.
        #[test]
        fn keys_never_meet(text in "[a-z][a-z0-9-]{2,20}", one in 1_usize..20, two in 1_usize..20) {
            let split = |at: usize| {
                let at = at.min(text.len() - 1);
                let tenant = TenantName::new(&text[..at]).unwrap();
                let id = LoginId::new(&text[at..]).unwrap();
                let session = SessionId::new(&text[at..]).unwrap();
                (at, login(&tenant, &id), super::session(&tenant, &session))
            };
            let (a, b) = (split(one), split(two));
            prop_assert_eq!(a.0 == b.0, a.1 == b.1);
            prop_assert_ne!(a.1, b.2);
        }

        /// A user's list begins with the newest, says what it lists, and has nothing of a user whose name begins alike.
        #[test]
        fn lists_are_a_users_own_and_newest_first(a in any::<u32>(), b in any::<u32>(), user in "[a-z]{1,8}") {
            let (tenant, login) = (TenantName::new("acme").unwrap(), LoginId::new("one").unwrap());
            let id = UserId::new(user.clone()).unwrap();
            let at = |n: u32| by_user(&tenant, &id, Timestamp(u64::from(n)), &login);
            let list = of_user(&tenant, &id);
            prop_assert_eq!(a.cmp(&b), at(b).cmp(&at(a)));
            prop_assert_eq!(login_of_list(&list, &at(a)), Some((Timestamp(u64::from(a)), login.clone())));
            prop_assert!((list.clone()..end_of(&list)).contains(&at(a)));
            let longer = of_user(&tenant, &UserId::new(format!("{user}x")).unwrap());
            prop_assert!(!(list.clone()..end_of(&list)).contains(&longer));
            prop_assert_eq!(tenant_of(&at(a)), Some(tenant));
        }

        /// A value of keys reads back, and one that was cut gives no key that was not in it.
        #[test]
        fn several_keys_read_back(keys in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..120), 0..32), cut: usize) {
            let value = join(keys.iter().map(Vec::as_slice));
            prop_assert_eq!(split(&value).collect::<Vec<_>>(), keys.iter().map(Vec::as_slice).collect::<Vec<_>>());
            let short = &value[..cut.checked_rem(value.len()).unwrap_or(0)];
            prop_assert!(split(short).zip(&keys).all(|(read, key)| read == key.as_slice()));
            prop_assert!(split(short).count() <= keys.len());
        }

        #[test]
        fn expiries_sort_by_time(a in any::<u32>(), b in any::<u32>()) {
            let at = |n: u32| expiry(Timestamp(u64::from(n)), b"x");
            prop_assert_eq!(a.cmp(&b), at(a).cmp(&at(b)));
            let until = expiries_until(Timestamp(u64::from(a)));
            prop_assert_eq!(until.contains(&at(b)), b <= a);
            prop_assert!(!until.contains(&expiry(Timestamp(u64::from(a)).plus(Duration::from_millis(1)), b"")));
        }
    }
}
