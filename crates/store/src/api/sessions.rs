//! Sessions: read and listed.

use super::errors::StoreError;
use super::page::Page;
use async_trait::async_trait;
use postlude_model::names::{SessionId, TenantName};
use postlude_model::session::Session;
use std::sync::Arc;

/// Sessions. They are written by [`Commits::commit`](super::Commits::commit).
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Reads a session as it is stored; `moved_to` is not followed. What it shows is as durable as its own commit promised.
    ///
    /// # Errors
    /// When the record cannot be read, or the store fails.
    async fn session(&self, tenant: &TenantName, id: &SessionId) -> Result<Option<Arc<Session>>, StoreError>;

    /// Lists sessions in an order that stays, after one of them, at most `most`; those that moved stand there too. A look: it
    /// may show what a crash would still undo.
    ///
    /// # Errors
    /// When one of the records cannot be read, or the store fails.
    async fn sessions(
        &self,
        tenant: &TenantName,
        after: Option<&SessionId>,
        most: usize,
    ) -> Result<Page<Session>, StoreError>;
}
