//! Letting go of what has expired.

use super::errors::StoreError;
use async_trait::async_trait;
use postlude_model::names::Timestamp;

/// Expiry of login records, sessions, bypasses and caches. An expired record may still be read until it is swept.
#[async_trait]
pub trait Expiry: Send + Sync {
    /// Deletes some of what has expired: about `most` records, so that no login waits long for it. Returns whether more is due.
    /// A record of which a part lives longer stays. One that cannot be read stays as well, is reported to the observer,
    /// and is looked at again a day later.
    ///
    /// # Errors
    /// When the store fails.
    async fn sweep_expired(&self, now: Timestamp, most: usize) -> Result<bool, StoreError>;
}
