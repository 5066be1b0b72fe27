//! Everything that a host needs of a store.

use super::availability::Availability;
use super::bypasses::Bypasses;
use super::caches::Caches;
use super::commit::Commits;

use super::errors::StoreError;
use super::expiry::Expiry;
use super::logins::Logins;
use super::orders::OrderStore;
use super::plugins::{Plugins, Uploads};
use super::revisions::Revisions;
use super::scrub::Scrub;
use super::sessions::Sessions;
use async_trait::async_trait;
use postlude_model::names::{TenantName, Timestamp};

/// The store of a host: every subject of it, for all tenants. Hosts hold it as `Arc<dyn Store>`.
#[async_trait]
pub trait Store:
    Logins + Sessions + Bypasses + Caches + Commits + Revisions + OrderStore + Plugins + Uploads + Expiry + Scrub + 'static
{
    /// The epoch of the data. It changes whenever the data may be older than what was acknowledged, as after a restored
    /// backup: states, factors and bypasses of other epochs are void. No epoch comes twice.
    fn epoch(&self) -> u64;

    /// The latest [`Commit::now`](super::Commit::now) that was committed, also before this host began. Time must not go back
    /// behind it.
    fn last_commit_time(&self) -> Timestamp;

    /// The latest clock of any commit, also of one that was ahead and is set right since: no record is dated later.
    fn latest_commit_time(&self) -> Timestamp;

    /// From now on the tenant has so many turns at the thread that writes while another one has one.
    fn weigh(&self, tenant: &TenantName, weight: u32) {
        let _ = (tenant, weight);
    }

    /// About how many bytes of the disk the records of each tenant take. Nothing where they take none.
    fn stored_bytes(&self, now: Timestamp) -> Vec<(TenantName, u64)> {
        let _ = now;
        Vec::new()
    }

    /// The number of this opening, where it did not follow a clean stop: logins that were answered in the last moments before it
    /// may be forgotten. None where nothing that was answered can be missing. A store that its host had to open again has another number.
    fn opened_after_crash(&self) -> Option<u64> {
        None
    }

    /// Whether it does what it is asked at the moment. Never waits.
    fn availability(&self) -> Availability {
        Availability::Available
    }

    /// Makes everything durable, and lets go of what the store is kept in. Every later call fails as
    /// [`StoreError::Stopped`].
    ///
    /// # Errors
    /// When the last commits could not be made durable, or the store had stopped before.
    async fn shutdown(&self) -> Result<(), StoreError>;
}
