//! Garbage collection: deletes stored revisions and plugin files that no login can need any more.

use crate::services::Services;
use crate::tenant::Tenant;
use postlude_config::Revision;
use postlude_model::names::Timestamp;
use postlude_store::{Observer as _, StoreError};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How often revisions and plugin files are collected.
pub(crate) const COLLECT_EVERY: Duration = Duration::from_secs(60 * 60);

/// Kept so much longer than the longest login record: a revision's time is written down when it comes into force and every
/// [`COLLECT_EVERY`] from then on, so what is written may be that old when it is replaced; and as much again for one that failed.
const MARGIN: Duration = Duration::from_secs(2 * 60 * 60);

/// Until when a revision that is in force now may be needed: as long as a record of a login that began on it is kept.
pub(crate) fn needed_until(tenant: &Tenant, now: Timestamp) -> Timestamp {
    now.plus(tenant.lifetimes.record.max(tenant.lifetimes.login)).plus(MARGIN)
}

/// Deletes what no login can need any more, and no operator uploaded. The caller holds `plugin_files`, so that no reload or upload
/// stores something new meanwhile.
pub(crate) async fn collect_garbage(services: &Services, tenants: &[Arc<Tenant>]) -> Result<(), StoreError> {
    let (store, now) = (&services.store, services.clock.now());
    for tenant in tenants {
        store.need_revision(&tenant.name, tenant.pipeline().revision, needed_until(tenant, now)).await?;
    }
    let revisions = store.sweep_revisions(now).await?.len();
    let mut needed = store.uploaded().await?;
    for text in store.revisions().await? {
        let revision = match Revision::read(&text) {
            Ok(revision) => revision,
            Err(why) => {
                // The revision may need any of the plugin files, so none is deleted.
                tracing::error!(cause = %why, "a stored revision cannot be read; no plugin file is deleted");
                services.metrics.store().unreadable("revision");
                return Ok(());
            }
        };
        needed.extend(revision.actions.into_iter().map(|action| action.spec.digest));
    }
    let mut plugins = 0_usize;
    for digest in store.plugins().await?.iter().filter(|digest| !needed.contains(digest)) {
        store.remove_plugin(digest).await?;
        plugins = plugins.saturating_add(1);
    }
    let mut named = BTreeSet::new();
    for tenant in tenants {
        named.extend(tenant.pipeline().actions.iter().map(|action| action.spec.digest));
    }
    services.compiler.forget_dropped(named, needed).await;
    if revisions > 0 || plugins > 0 {
        tracing::info!(revisions, plugins, "revisions and plugin files that no login needs were deleted");
    }
    Ok(())
}
