//! Lets go of stored revisions and plugin files that no login can need any more.

use crate::config::Revision;
use crate::runtime::Runtime;
use crate::tenant::Tenant;
use postlude_model::names::Timestamp;
use postlude_store::{Observer as _, StoreError};
use std::time::Duration;

/// How often it is looked for what is not needed any more.
pub(crate) const TIDY_EVERY: Duration = Duration::from_secs(60 * 60);

/// Kept so much longer than the longest login record: a revision's time is written down when it comes into force and every
/// [`TIDY_EVERY`] from then on, so what is written may be that old when it is replaced; and as much again for one that failed.
const MARGIN: Duration = Duration::from_secs(2 * 60 * 60);

/// Until when a revision that is in force now may be needed: as long as a record of a login that began on it is kept.
pub(crate) fn needed_until(tenant: &Tenant, now: Timestamp) -> Timestamp {
    now.plus(tenant.lifetimes.record.max(tenant.lifetimes.login)).plus(MARGIN)
}

impl Runtime {
    /// Deletes what no login can need any more, and nobody uploaded. Not while a reload or an upload stores something new.
    pub(crate) async fn tidy(&self) -> Result<(), StoreError> {
        let _turn = self.reloads.turn.lock().await;
        let now = self.clock.now();
        for tenant in self.all_tenants() {
            let until = needed_until(&tenant, now);
            self.store.need_revision(&tenant.name, tenant.pipeline().revision, until).await?;
        }
        let revisions = self.store.sweep_revisions(now).await?.len();
        let mut needed = self.store.uploaded().await?;
        for text in self.store.revisions().await? {
            let revision = match Revision::read(&text) {
                Ok(revision) => revision,
                Err(why) => {
                    // The revision may need any of the plugin files, so none is deleted.
                    tracing::error!(cause = %why, "a stored revision cannot be read; no plugin file is deleted");
                    self.metrics.store().unreadable("revision");
                    return Ok(());
                }
            };
            needed.extend(revision.actions.into_iter().map(|action| action.spec.digest));
        }
        let mut plugins = 0_usize;
        for digest in self.store.plugins().await?.iter().filter(|digest| !needed.contains(digest)) {
            self.store.remove_plugin(digest).await?;
            plugins = plugins.saturating_add(1);
        }
        if revisions > 0 || plugins > 0 {
            tracing::info!(revisions, plugins, "let go of what no login needs any more");
        }
        Ok(())
    }
}
