//! One-time bypasses: issued, revoked, listed.

use super::errors::StoreError;
use async_trait::async_trait;
use postlude_model::names::{BypassId, TenantName, Timestamp, UserId};
use postlude_model::policy::bypass::Bypass;

/// A change of a user's bypasses.
#[derive(Debug, Clone)]
pub enum BypassChange {
    /// A new bypass is issued.
    Issue(Bypass),
    /// An unused bypass is revoked.
    Revoke {
        /// The user whose bypass it is.
        user_id: UserId,
        /// The bypass.
        id: BypassId,
    },
}

impl BypassChange {
    /// The user whose bypasses change.
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
    /// The change is durable.
    Done,
    /// The user has [`limits::BYPASSES`](postlude_model::limits::BYPASSES) bypasses already.
    TooMany,
    /// The user has no bypass of that id, or it has expired.
    Unknown,
    /// A login used the bypass up.
    Used,
}

/// Bypasses. A login uses one up in its own commit ([`LoginWrite::bypasses`](super::LoginWrite::bypasses)).
#[async_trait]
pub trait Bypasses: Send + Sync {
    /// Lists a user's bypasses, oldest first, used and expired ones among them.
    ///
    /// # Errors
    /// When they cannot be read, or the store fails.
    async fn bypasses(&self, tenant: &TenantName, user: &UserId) -> Result<Vec<Bypass>, StoreError>;

    /// Issues or revokes a bypass, durably and in one step with the check of what the user has. Expired ones go, where the clock is
    /// `settled`.
    ///
    /// # Errors
    /// When the user's bypasses cannot be read or encoded, or the store fails.
    async fn change_bypass(
        &self,
        tenant: &TenantName,
        change: BypassChange,
        now: Timestamp,
        settled: bool,
    ) -> Result<BypassOutcome, StoreError>;
}
