//! Login records: claimed, read, listed.

use super::claim::ClaimGuard;
use super::errors::StoreError;
use super::page::Page;
use async_trait::async_trait;
use postlude_model::login::LoginRecord;
use postlude_model::names::{LoginId, TenantName, Timestamp, UserId};

/// What a call finds that wants to begin a login.
#[derive(Debug)]
pub enum LoginClaim {
    /// No such login is stored. No other call of this process begins it while the guard is held.
    New(ClaimGuard),
    /// The login began before.
    Existing(Box<LoginRecord>),
}

/// Login records. They are written by [`Commits::commit`](super::Commits::commit).
#[async_trait]
pub trait Logins: Send + Sync {
    /// Reads a login record. What it shows is as durable as its own commit promised: a synced one is not shown before a crash
    /// can no longer undo it.
    ///
    /// # Errors
    /// When the record cannot be read, or the store fails.
    async fn login(&self, tenant: &TenantName, id: &LoginId) -> Result<Option<LoginRecord>, StoreError> {
        Ok(self.login_in_place(tenant, id).await?.filter(|record| record.id == *id))
    }

    /// Reads the login that stands in the [place](LoginId::place) of an identifier: the same idempotency key began it, perhaps with
    /// another body.
    ///
    /// # Errors
    /// As [`Self::login`].
    async fn login_in_place(&self, tenant: &TenantName, id: &LoginId) -> Result<Option<LoginRecord>, StoreError>;

    /// Claims a login that is about to begin, or reads the one that began before. A call of this process that holds the
    /// claim is waited for; another host's is not known.
    ///
    /// # Errors
    /// As [`Self::login`].
    async fn claim_login(&self, tenant: &TenantName, id: &LoginId) -> Result<LoginClaim, StoreError>;

    /// Claims a login as [`Self::claim_login`] does, without waiting: none where another call holds the claim, or where a record
    /// of the login is not durable yet and must not be shown before it is.
    ///
    /// # Errors
    /// As [`Self::login`].
    fn try_claim_login(&self, tenant: &TenantName, id: &LoginId) -> Result<Option<LoginClaim>, StoreError>;

    /// Lists login records in an order that stays and says nothing about time, after one of them, at most `most`. A look: it
    /// may show what a crash would still undo, and may miss what was committed a moment ago. A light login that cannot be read is
    /// left out, and reported to the observer.
    ///
    /// # Errors
    /// When another one of the records cannot be read, or the store fails.
    async fn logins(
        &self,
        tenant: &TenantName,
        after: Option<&LoginId>,
        most: usize,
    ) -> Result<Page<LoginRecord>, StoreError>;

    /// Lists a user's login records, the newest first, after one that began then. A look, as [`Self::logins`].
    ///
    /// # Errors
    /// As [`Self::logins`].
    async fn logins_of(
        &self,
        tenant: &TenantName,
        user: &UserId,
        after: Option<&(Timestamp, LoginId)>,
        most: usize,
    ) -> Result<Page<LoginRecord>, StoreError>;
}
