//! The one transaction of a login: its record, its sessions, its bypasses and its caches.

use super::claim::ClaimGuard;
use super::errors::StoreError;
use async_trait::async_trait;
use postlude_model::cache::CacheChange;
use postlude_model::limits;
use postlude_model::login::LoginRecord;
use postlude_model::names::{BypassId, SessionId, TenantName, Timestamp};
use postlude_model::session::Session;

/// How soon a commit must survive a crash of the host and of its machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Before the call returns.
    Synced,
    /// Within a second.
    Batched,
}

/// How much a user and a tenant may have, so that none of them fills the disk. A light login counts for the bytes alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Records of logins of the user that are not light.
    pub records_of_user: usize,
    /// Suspended logins of the tenant.
    pub open_of_tenant: usize,
    /// Bytes that the tenant's records take, about; a login that begins counts after the others.
    pub bytes_of_tenant: u64,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            records_of_user: limits::USER_RECORDS,
            open_of_tenant: limits::TENANT_OPEN_LOGINS,
            bytes_of_tenant: limits::TENANT_DISK / 2,
        }
    }
}

/// A login record to write.
#[derive(Debug, Clone)]
pub struct LoginWrite {
    /// Its new value. The store sets `version`, to one more than `expect`, and `changed_at`.
    pub record: LoginRecord,
    /// The version that must be stored now; zero: none.
    pub expect: u64,
    /// The claim of a login that is written for the first time; without one the store takes it for the commit alone.
    pub claim: Option<ClaimGuard>,
    /// How many suspended logins a user may have; the oldest beyond that is ended as evicted, in the same commit.
    pub max_open: usize,
    /// How much its user and its tenant may have.
    pub caps: Caps,
    /// Bypasses that the login uses up; each must be its user's, unused and not expired.
    pub bypasses: Vec<BypassId>,
}

/// A session to write.
#[derive(Debug, Clone)]
pub struct SessionWrite {
    /// Its new value. The store sets `version`, to one more than `expect`.
    pub session: Session,
    /// The version that must be stored now; zero: none.
    pub expect: u64,
}

/// What is written together, or not at all.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The tenant of all of it.
    pub tenant: TenantName,
    /// A login record.
    pub login: Option<LoginWrite>,
    /// Sessions.
    pub sessions: Vec<SessionWrite>,
    /// A session that must be stored in this version (zero: not at all), also where it is not written.
    pub check_session: Option<(SessionId, u64)>,
    /// The version that the tenant's orders must have; none: any.
    pub orders_seen: Option<u64>,
    /// Changes of actions' caches, in order. They are made in what is stored, so another login's are kept; the last word on a
    /// key counts.
    pub cache: Vec<CacheChange>,
    /// The host's clock.
    pub now: Timestamp,
    /// Whether the clock is settled: only then is what has expired deleted. What a wrong clock deletes is gone when it is set right.
    pub settled: bool,
    /// How soon it must survive a crash.
    pub durability: Durability,
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitOutcome {
    /// Everything was written.
    Done,
    /// The login's version is another one. Nothing was written.
    LoginChanged,
    /// A session's version is another one. Nothing was written.
    SessionChanged,
    /// The tenant's orders changed. Nothing was written.
    OrdersChanged,
    /// A bypass was used, revoked or has expired. Nothing was written.
    BypassChanged,
    /// The user has as many records as a user may have. Nothing was written.
    UserFull,
    /// The tenant has as many suspended logins as a tenant may have. Nothing was written.
    TenantFull,
    /// The tenant's records take as much of the disk as they may, and the login is new. Nothing was written.
    DiskFull,
}

/// A light login: a login record that is new, has an outcome, and changes nothing else.
#[derive(Debug)]
pub struct LightLogin<'a> {
    /// The login's tenant.
    pub tenant: &'a TenantName,
    /// The record. The store sets `version`, to one, and `changed_at`.
    pub record: &'a mut LoginRecord,
    /// The claim of this login.
    pub claim: &'a ClaimGuard,
    /// A session that must be stored in this version; zero: not at all.
    pub check_session: Option<(&'a SessionId, u64)>,
    /// The version that the tenant's orders must have; none: any.
    pub orders_seen: Option<u64>,
    /// Bytes that the tenant's records may take, about.
    pub bytes_of_tenant: u64,
    /// The host's clock.
    pub now: Timestamp,
}

/// What became of a light login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LightLoginOutcome {
    /// Every read of the login finds it from now on, and it is on the disk within a second.
    Done,
    /// The session's version is another one. Nothing was written.
    SessionChanged,
    /// The tenant's orders changed. Nothing was written.
    OrdersChanged,
    /// The claim is another login's. Nothing was written.
    NotClaimed,
    /// Too many wait for the disk. Nothing was written; [`Commits::commit`] of the same login waits for a place.
    Full,
    /// The tenant's records take as much of the disk as they may. Nothing was written.
    DiskFull,
}

/// Commits.
#[async_trait]
pub trait Commits: Send + Sync {
    /// Writes all of a commit or nothing. Its expectations are compared in one step with the writing: of two commits that
    /// expect the same version, also of two hosts, one is done. Orders are compared first, then sessions, the login, and bypasses. So a
    /// commit comes before an order, and then before its answer, or knows of it.
    ///
    /// A batched commit of a login that is new and changes nothing else may be answered before it is applied. Every read of
    /// that login finds it from then on; lists of logins find it a moment later.
    ///
    /// # Errors
    /// When a record that it rests on cannot be read, a new one cannot be encoded, or the store fails. Nothing was written. A
    /// synced commit that fails while it is made durable may be there after a restart, as one whose answer was lost.
    async fn commit(&self, commit: Commit) -> Result<CommitOutcome, StoreError>;

    /// Appends a light login. It never waits, neither for the disk nor for another thread that does, and may be called from any
    /// thread. [`Self::commit`] takes the same way for a batched commit that is a light login.
    ///
    /// # Errors
    /// When the session cannot be read, the record cannot be encoded, or the store has stopped. Nothing was written.
    fn append_login(&self, login: LightLogin<'_>) -> Result<LightLoginOutcome, StoreError>;
}
