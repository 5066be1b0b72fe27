//! What a host needs of a store, whatever its engine.

use crate::lane::Claim;
use async_trait::async_trait;
use postlude_model::cache::{Cache, CacheChange};
use postlude_model::login::LoginRecord;
use postlude_model::names::{ActionName, BypassId, Digest, LoginId, SessionId, TenantName, Timestamp, UserId};
use postlude_model::policy::bypass::Bypass;
use postlude_model::policy::orders::Orders;
use postlude_model::session::Session;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Why the store did not do what it was asked. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A record does not carry the MAC of this host's root key: it was changed, or is another host's.
    #[error("a stored {0} is damaged or was made under another root key")]
    Corrupt(&'static str),
    /// A record was written by a newer version.
    #[error("a stored {0} was written by a newer version of Postlude")]
    Newer(&'static str),
    /// A record cannot be encoded.
    #[error("a {0} cannot be stored: {1}")]
    Encoding(&'static str, String),
    /// The engine or the disk failed. After a failed write the store stops: what is in memory and what is on disk may
    /// differ, and a repeated sync would hide it.
    #[error("the store failed: {0}")]
    Failed(String),
    /// The store stopped, or failed before.
    #[error("the store has stopped{0}")]
    Stopped(String),
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("`{}` is in use by another postlude process{}; one process at a time may open a data folder", .dir.display(), holder(.pid))]
    InUse {
        /// The data folder.
        dir: PathBuf,
        /// The other process, where it says so.
        pid: Option<u32>,
    },
    /// A file or folder of it cannot be used.
    #[error("`{}` cannot be used: {why}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        why: std::io::Error,
    },
    /// The engine cannot open it.
    #[error("the database in `{}` cannot be opened: {why}", .dir.display())]
    Engine {
        /// The data folder.
        dir: PathBuf,
        /// The reason.
        why: String,
    },
    /// Records in it are damaged, or were made under another root key.
    #[error("`{}` has {records} records that are damaged or were made under another root key, the first is a {first}; \
             restore a backup, or add the earlier key to `previous_root_keys`", .dir.display())]
    Corrupt {
        /// The data folder.
        dir: PathBuf,
        /// How many.
        records: usize,
        /// What the first of them is.
        first: &'static str,
    },
    /// A record in it is newer than this program.
    #[error("`{}` was written by a newer version of Postlude; start that one", .0.display())]
    Newer(PathBuf),
}

fn holder(pid: &Option<u32>) -> String {
    pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
}

/// How soon a commit must be on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Before the call returns.
    Synced,
    /// Within a second.
    Batched,
}

/// A login record to write.
#[derive(Debug, Clone)]
pub struct LoginWrite {
    /// Its new value; the store counts `version`.
    pub record: LoginRecord,
    /// The version that must be stored now; zero: none.
    pub expect: u64,
    /// The claim of the login that is written for the first time; without one the store takes it for the commit alone.
    pub claim: Option<Claim>,
    /// How many suspended logins a user may have; the oldest beyond that is ended as evicted.
    pub max_open: usize,
    /// Bypasses that the login uses up; each must be its user's, unused and not expired.
    pub bypasses: Vec<BypassId>,
}

/// A session to write.
#[derive(Debug, Clone)]
pub struct SessionWrite {
    /// Its new value; the store counts `version`.
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
    /// Changes of actions' caches, in order. Another login's are kept: the last word on a key counts.
    pub cache: Vec<CacheChange>,
    /// The host's clock.
    pub now: Timestamp,
    /// How soon it must be on the disk.
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
    /// A bypass was used, revoked or has expired. Nothing was written.
    BypassChanged,
}

/// A change of a user's bypasses.
#[derive(Debug, Clone)]
pub enum BypassChange {
    /// A new one.
    Issue(Bypass),
    /// An unused one goes.
    Revoke {
        /// Whose it is.
        user_id: UserId,
        /// Which.
        id: BypassId,
    },
}

impl BypassChange {
    /// Whose bypasses change.
    #[must_use]
    pub const fn user(&self) -> &UserId {
        match self {
            Self::Issue(bypass) => &bypass.user_id,
            Self::Revoke { user_id, .. } => user_id,
        }
    }
}

/// What became of a change of a user's bypasses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BypassOutcome {
    /// It is durable.
    Done,
    /// The user has [`limits::BYPASSES`](postlude_model::limits::BYPASSES) of them already.
    TooMany,
    /// There is none of that id, or it has expired.
    Unknown,
    /// A login used it up.
    Used,
}

/// A plugin that a tenant's operator uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// The plugin file.
    pub digest: Digest,
    /// The manifest that it carries, as JSON.
    pub manifest: String,
    /// The functions that it imports.
    pub imports: Vec<String>,
    /// Bytes of the file.
    pub bytes: u64,
    /// When it was uploaded first.
    pub at: Timestamp,
    /// The name of the key that uploaded it.
    pub by: String,
}

/// Some records of many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The records.
    pub items: Vec<T>,
    /// Whether there are more behind the last of them.
    pub more: bool,
}

/// Authenticates stored records.
pub trait RecordMac: Send + Sync + fmt::Debug {
    /// The tag of some bytes.
    fn tag(&self, bytes: &[u8]) -> [u8; 16];
    /// Whether it is the tag of these bytes, in constant time.
    fn verify(&self, bytes: &[u8], tag: &[u8; 16]) -> bool;
}

/// Is told what the store does, for metrics. It is called on the paths of commits: it must neither block nor fail.
pub trait Observer: Send + Sync + fmt::Debug {
    /// A commit was answered. `took` is what its caller waited: queue, disk and all.
    fn committed(&self, durability: Durability, took: Duration, failed: bool) {
        let _ = (durability, took, failed);
    }
    /// One sync of the disk, which so many answers had waited for.
    fn synced(&self, answers: usize, took: Duration, failed: bool) {
        let _ = (answers, took, failed);
    }
}

/// Nobody looks.
impl Observer for () {}

/// What a login that is about to begin finds.
#[derive(Debug)]
pub enum Begun {
    /// Nothing: it is the claim's holder who may write it first.
    New(Claim),
    /// It began before.
    Before(Box<LoginRecord>),
}

/// Login records, sessions, revisions and plugin files of all tenants.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// A login record.
    async fn login(&self, tenant: &TenantName, id: &LoginId) -> Result<Option<LoginRecord>, StoreError>;
    /// A login that is about to begin, claimed for the caller; a call that holds its claim is waited for.
    async fn begin_login(&self, tenant: &TenantName, id: &LoginId) -> Result<Begun, StoreError>;
    /// A session as it is stored; `moved_to` is not followed.
    async fn session(&self, tenant: &TenantName, id: &SessionId) -> Result<Option<Arc<Session>>, StoreError>;
    /// An action's cache, with what has expired and was not swept yet. It may lag behind: it is written within a second.
    async fn cache(&self, tenant: &TenantName, action: &ActionName) -> Result<Cache, StoreError>;
    /// Writes all of it or nothing. A new login that is batched and changes nothing else may be answered before it is
    /// applied; every read of it finds it from then on, and lists of logins a moment later.
    async fn commit(&self, commit: Commit) -> Result<CommitOutcome, StoreError>;
    /// A user's bypasses, used and expired ones among them.
    async fn bypasses(&self, tenant: &TenantName, user: &UserId) -> Result<Vec<Bypass>, StoreError>;
    /// Issues or revokes a bypass, durably.
    async fn change_bypass(
        &self,
        tenant: &TenantName,
        change: BypassChange,
        now: Timestamp,
    ) -> Result<BypassOutcome, StoreError>;
    /// The content of a pipeline's revision.
    async fn revision(&self, tenant: &TenantName, number: u64) -> Result<Option<String>, StoreError>;
    /// Stores a revision, durably; the same content keeps its number. Numbers count from 1.
    async fn put_revision(&self, tenant: &TenantName, content: &str) -> Result<u64, StoreError>;
    /// A revision is needed until then at least. One of which nobody said so is kept for ever.
    async fn need_revision(&self, tenant: &TenantName, number: u64, until: Timestamp) -> Result<(), StoreError>;
    /// Deletes the revisions that are not needed any more, each tenant's newest excepted, and returns which they were. Not
    /// while a revision is being stored.
    async fn sweep_revisions(&self, now: Timestamp) -> Result<Vec<(TenantName, u64)>, StoreError>;
    /// The contents of all revisions of all tenants.
    async fn revisions(&self) -> Result<Vec<String>, StoreError>;
    /// The digests of all plugin files.
    async fn plugins(&self) -> Result<Vec<Digest>, StoreError>;
    /// Deletes a plugin file.
    async fn remove_plugin(&self, digest: &Digest) -> Result<(), StoreError>;
    /// A plugin file; what does not have the digest is an error.
    async fn plugin(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError>;
    /// Stores a plugin file, durably.
    async fn put_plugin(&self, bytes: &[u8]) -> Result<Digest, StoreError>;
    /// What the tenant's operators ordered about plugins; empty where nothing was.
    async fn orders(&self, tenant: &TenantName) -> Result<Orders, StoreError>;
    /// Replaces the orders, durably, where their version is `expect`; whether it was.
    async fn put_orders(&self, tenant: &TenantName, orders: Orders, expect: u64) -> Result<bool, StoreError>;
    /// The plugins that the tenant's operators uploaded.
    async fn uploads(&self, tenant: &TenantName) -> Result<Vec<Upload>, StoreError>;
    /// What any tenant uploaded.
    async fn uploaded(&self) -> Result<HashSet<Digest>, StoreError>;
    /// Notes an upload, durably; the first note of a digest stays. Whether the tenant had fewer than `most`, or this one.
    async fn put_upload(&self, tenant: &TenantName, upload: Upload, most: usize) -> Result<bool, StoreError>;
    /// Sessions in an order that stays, after one of them; those that moved stand there too. A look, which does not wait for
    /// the disk.
    async fn sessions(
        &self,
        tenant: &TenantName,
        after: Option<&SessionId>,
        most: usize,
    ) -> Result<Page<Session>, StoreError>;
    /// Login records in an order that stays and says nothing about time. A look, as [`Self::sessions`].
    async fn logins(
        &self,
        tenant: &TenantName,
        after: Option<&LoginId>,
        most: usize,
    ) -> Result<Page<LoginRecord>, StoreError>;
    /// A user's login records, the newest first, after one that began then. A look, as [`Self::sessions`].
    async fn logins_of(
        &self,
        tenant: &TenantName,
        user: &UserId,
        after: Option<&(Timestamp, LoginId)>,
        most: usize,
    ) -> Result<Page<LoginRecord>, StoreError>;
    /// Deletes some of what has expired: login records with their keys, and idle sessions. Returns how much it looked at;
    /// less than `batch` means that nothing more is due.
    async fn sweep(&self, now: Timestamp, batch: usize) -> Result<usize, StoreError>;
    /// Changes whenever the data may be older than what was acknowledged. States and factors of other epochs are void.
    fn epoch(&self) -> u64;
    /// How often the store was opened.
    fn boot(&self) -> u64;
    /// The clock of the newest commit.
    fn last_commit_time(&self) -> Timestamp;
    /// Makes everything durable and lets go of the data folder. Later calls fail.
    async fn shutdown(&self) -> Result<(), StoreError>;
}
