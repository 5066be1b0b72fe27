//! Revisions of pipelines: their contents, and which one is active.

use super::errors::StoreError;
use async_trait::async_trait;
use postlude_model::names::{TenantName, Timestamp};

/// The revision that a tenant's new logins take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActiveRevision {
    /// The revision's number.
    pub number: u64,
    /// Counts the activations of the tenant. A host that knows an older version follows by reading the new revision.
    pub version: u64,
}

/// A revision to activate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    /// The tenant.
    pub tenant: TenantName,
    /// The number of a revision of it that is stored.
    pub number: u64,
    /// The version of the active revision that must be stored now; zero: none was activated yet.
    pub expect: u64,
}

/// Revisions. Their contents are texts of the host's own format; each is stored once a tenant and numbered from 1.
#[async_trait]
pub trait Revisions: Send + Sync {
    /// Reads the content of a revision; none where it was never stored, is not needed any more, or its content is lost.
    ///
    /// # Errors
    /// When the content is not what was stored, or the store fails.
    async fn revision(&self, tenant: &TenantName, number: u64) -> Result<Option<String>, StoreError>;

    /// Stores a revision, durably, and returns its number; the same content keeps its number. No number is given twice.
    ///
    /// # Errors
    /// When the store fails.
    async fn put_revision(&self, tenant: &TenantName, content: &str) -> Result<u64, StoreError>;

    /// Reads which revision of a tenant is active; none before the first activation.
    ///
    /// # Errors
    /// When it cannot be read, or the store fails.
    async fn active_revision(&self, tenant: &TenantName) -> Result<Option<ActiveRevision>, StoreError>;

    /// Activates revisions of several tenants, durably: all of them where every expectation holds, or none. Returns whether
    /// they were activated; a version grows by one with each activation.
    ///
    /// # Errors
    /// When a record cannot be read, or the store fails.
    async fn activate_revisions(&self, activations: Vec<Activation>) -> Result<bool, StoreError>;

    /// Keeps a revision until then at least, durably. An earlier time than one that was given before changes nothing. A
    /// revision for which no time was ever given is kept for ever.
    ///
    /// # Errors
    /// When the store fails.
    async fn need_revision(&self, tenant: &TenantName, number: u64, until: Timestamp) -> Result<(), StoreError>;

    /// Deletes the revisions whose time is over, except each tenant's newest and active one, and returns which they were. It
    /// must not run while a revision is being stored.
    ///
    /// # Errors
    /// When the store fails. A record that cannot be read is reported to the observer, and its revision stays.
    async fn sweep_revisions(&self, now: Timestamp) -> Result<Vec<(TenantName, u64)>, StoreError>;

    /// Reads the contents of all revisions of all tenants, each content once. A content that is lost is reported to the
    /// observer.
    ///
    /// # Errors
    /// When a content is not what was stored, or the store fails.
    async fn revisions(&self) -> Result<Vec<String>, StoreError>;
}
