//! The pipeline of a revision: a login runs on the one that it began with, also after a reload or a restart.

use super::cache::RevisionCache;
use crate::error::HostError;
use crate::keys::own_keys;
use crate::pipeline::Pipeline;
use crate::services::Services;
use crate::tenant::Tenant;
use postlude_config::{Binder, Revision};
use postlude_model::names::{Digest, TenantName, Timestamp};
use postlude_sandbox::Plugin;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The revisions of all tenants that suspended logins may need.
#[derive(Debug)]
pub(crate) struct Revisions {
    services: Arc<Services>,
    cache: RevisionCache,
}

impl Revisions {
    pub(crate) fn new(services: Arc<Services>) -> Self {
        Self { services, cache: RevisionCache::default() }
    }

    /// The pipeline of a revision: the tenant's present one, one that is in memory, or one that is restored from the store.
    pub(crate) async fn pipeline(&self, tenant: &Tenant, revision: u64) -> Result<Arc<Pipeline>, HostError> {
        let current = tenant.pipeline();
        if current.revision == revision {
            return Ok(current);
        }
        if let Some(pipeline) = self.cache.get(&tenant.name, revision) {
            return Ok(pipeline);
        }
        let pipeline = Arc::new(self.restore(tenant, revision).await?);
        // No login on an earlier revision lives longer than one that began now.
        let now = self.services.clock.now();
        self.cache.keep(&tenant.name, &pipeline, now.plus(tenant.lifetimes.login), now);
        Ok(pipeline)
    }

    /// Notes that a login was suspended on a pipeline: its code stays in memory.
    pub(crate) fn login_suspended(&self, tenant: &TenantName, pipeline: &Arc<Pipeline>, deadline: Timestamp) {
        self.cache.login_suspended(tenant, pipeline, deadline);
    }

    /// Notes that a login ended that was suspended on a revision.
    pub(crate) fn login_ended(&self, tenant: &TenantName, revision: u64) {
        self.cache.login_ended(tenant, revision);
    }

    /// Notes which revisions new logins take from now on.
    pub(crate) fn swapped(&self, in_force: HashSet<(TenantName, u64)>) {
        self.cache.swapped(in_force, self.services.clock.now());
    }

    /// Lets go of what no login can need any more.
    pub(crate) fn trim(&self) {
        self.cache.trim(self.services.clock.now());
    }

    async fn restore(&self, tenant: &Tenant, revision: u64) -> Result<Pipeline, HostError> {
        let text = self.services.store.revision(&tenant.name, revision).await.map_err(HostError::unavailable)?;
        let text = text.ok_or_else(|| HostError::internal(format!("revision {revision} is not in the store")))?;
        let stored = Revision::read(&text).map_err(HostError::internal)?;
        let environment = &self.services.environment;
        let binder = Binder { environment, keys: &tenant.signing, own_keys: own_keys::make };
        let actions = stored.bind(&tenant.name, binder).map_err(HostError::internal)?;
        let mut plugins = HashMap::new();
        for action in &actions {
            plugins.insert(action.spec.digest, self.stored_plugin(action.spec.digest).await?);
        }
        tracing::info!(tenant = %tenant.name, revision, "an earlier revision was restored for a suspended login");
        let metrics = self.services.metrics.of_pipeline(&tenant.name, &actions);
        Ok(Pipeline::new(revision, actions, plugins).with_metrics(metrics))
    }

    async fn stored_plugin(&self, digest: Digest) -> Result<Plugin, HostError> {
        let Services { compiler, store, .. } = &*self.services;
        if let Some(plugin) = compiler.held(&digest) {
            return Ok(plugin);
        }
        let bytes = store.plugin(&digest).await.map_err(HostError::unavailable)?;
        let bytes = bytes.ok_or_else(|| HostError::internal(format!("plugin {digest} is not in the store")))?;
        compiler.plugin(digest, bytes.into()).await.map_err(HostError::internal)
    }
}
