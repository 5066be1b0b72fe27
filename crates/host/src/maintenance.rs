//! Maintenance: expired records are swept, and what no login needs any more is collected; neither by a clock that is in doubt.

use crate::revision::{COLLECT_EVERY, Revisions, collect_garbage};
use crate::services::Services;
use crate::tenants::TenantsInForce;
use postlude_store::StoreError;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often expired records are swept, and how many at once: small batches, so that no login waits for them.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
const SWEEP_BATCH: usize = 500;

/// How many records the scrub looks at, and how long it rests after them: at most some 12,000 records a second, so that no login
/// waits for it. A restart begins anew, with what was tagged again behind it.
const SCRUB_BATCH: usize = 256;
const SCRUB_REST: Duration = Duration::from_millis(20);

/// When the scrub begins again once it has looked at everything.
const SCRUB_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long the scrub rests when the store does not answer.
const SCRUB_RETRY: Duration = Duration::from_secs(60);

/// The maintenance of a host.
#[derive(Debug, Clone)]
pub(crate) struct Maintenance {
    pub(crate) services: Arc<Services>,
    pub(crate) tenants: Arc<TenantsInForce>,
    pub(crate) revisions: Arc<Revisions>,
}

impl Maintenance {
    /// Runs until it is dropped.
    pub(crate) async fn run(self) {
        let mut collected = None;
        loop {
            tokio::time::sleep(SWEEP_EVERY).await;
            self.revisions.trim();
            if !self.services.clock.is_settled() {
                continue;
            }
            if collected.is_none_or(|last: Instant| last.elapsed() >= COLLECT_EVERY) {
                collected = Some(Instant::now());
                if let Err(why) = self.collect().await {
                    tracing::error!(cause = %why, "revisions and plugin files that no login needs were not deleted");
                }
            }
            if let Err(why) = self.sweep().await {
                tracing::error!(cause = %why, "the sweep of expired records failed");
            }
        }
    }

    /// Looks at every record, again and again, until it is dropped.
    pub(crate) async fn scrub(self) {
        loop {
            let rest = match self.services.store.scrub(SCRUB_BATCH).await {
                Ok(true) => SCRUB_REST,
                Ok(false) => SCRUB_EVERY,
                Err(why) => {
                    tracing::error!(cause = %why, "the scrub of stored records failed; it goes on in a minute");
                    SCRUB_RETRY
                }
            };
            tokio::time::sleep(rest).await;
        }
    }

    /// Deletes stored revisions and plugin files that no login can need any more.
    pub(crate) async fn collect(&self) -> Result<(), StoreError> {
        let _files = self.services.plugin_files.lock().await;
        collect_garbage(&self.services, &self.tenants.get().all()).await
    }

    /// Deletes what has expired. Not by a clock that is in doubt: what a wrong one deletes is gone when it is set right.
    pub(crate) async fn sweep(&self) -> Result<(), StoreError> {
        let Services { store, clock, .. } = &*self.services;
        while clock.is_settled() && store.sweep_expired(clock.now(), SWEEP_BATCH).await? {
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}
