//! Caches of actions.

use super::errors::StoreError;
use async_trait::async_trait;
use postlude_model::cache::Cache;
use postlude_model::names::{ActionName, TenantName};

/// Caches of actions. They are written by [`Commits::commit`](super::Commits::commit), and are best effort.
#[async_trait]
pub trait Caches: Send + Sync {
    /// Reads an action's cache, with what has expired and was not swept yet; empty where nothing is stored.
    ///
    /// # Errors
    /// When it cannot be read, or the store fails. The next change of it makes it anew.
    async fn cache(&self, tenant: &TenantName, action: &ActionName) -> Result<Cache, StoreError>;
}
