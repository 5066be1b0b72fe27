//! The orders of a tenant's operators: kills and revocations.

use super::errors::StoreError;
use async_trait::async_trait;
use postlude_model::names::TenantName;
use postlude_model::policy::orders::Orders;

/// Orders. They carry a version that counts the writes, so that every host can follow them.
#[async_trait]
pub trait OrderStore: Send + Sync {
    /// Reads a tenant's orders; empty and of version zero where nothing was ordered.
    ///
    /// # Errors
    /// When they cannot be read, or the store fails.
    async fn orders(&self, tenant: &TenantName) -> Result<Orders, StoreError>;

    /// Reads a tenant's orders where their version is not `known`: the look of a host that follows what other hosts change.
    ///
    /// # Errors
    /// As [`Self::orders`].
    async fn orders_since(&self, tenant: &TenantName, known: u64) -> Result<Option<Orders>, StoreError>;

    /// Replaces a tenant's orders, durably, where their version is `expect`; their new version is one more. Returns whether
    /// they were replaced.
    ///
    /// # Errors
    /// When the stored ones cannot be read, the new ones cannot be encoded, or the store fails.
    async fn put_orders(&self, tenant: &TenantName, orders: Orders, expect: u64) -> Result<bool, StoreError>;
}
