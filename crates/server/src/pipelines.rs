//! Pipelines as they run: the actions of one revision with their compiled plugins.

use crate::config::Revision;
use crate::error::ApiError;
use crate::metrics::Meters;
use crate::runtime::Runtime;
use crate::tenant::Tenant;
use postlude_model::action::Action;
use postlude_model::names::Digest;
use postlude_sandbox::Plugin;
use std::collections::HashMap;
use std::sync::Arc;

/// One immutable revision of a pipeline, ready to run.
#[derive(Debug)]
pub(crate) struct Pipeline {
    /// Its number.
    pub(crate) revision: u64,
    /// Its actions, in order.
    pub(crate) actions: Vec<Arc<Action>>,
    /// Where its runs are counted.
    pub(crate) meters: Meters,
    plugins: HashMap<Digest, Plugin>,
}

impl Pipeline {
    pub(crate) fn new(revision: u64, actions: Vec<Arc<Action>>, plugins: HashMap<Digest, Plugin>) -> Self {
        Self { revision, actions, meters: Meters::default(), plugins }
    }

    /// The same, counted.
    pub(crate) fn counted(self, meters: Meters) -> Self {
        Self { meters, ..self }
    }

    pub(crate) fn plugin(&self, digest: &Digest) -> Option<&Plugin> {
        self.plugins.get(digest)
    }
}

impl Runtime {
    /// The pipeline of a revision: a login runs on the one that it began with, also after a reload or a restart.
    pub(crate) async fn pipeline_of(&self, tenant: &Tenant, revision: u64) -> Result<Arc<Pipeline>, ApiError> {
        let current = tenant.pipeline();
        if current.revision == revision {
            return Ok(current);
        }
        if let Some(pipeline) = self.earlier.get(&tenant.name, revision) {
            return Ok(pipeline);
        }
        let pipeline = Arc::new(self.restore(tenant, revision).await?);
        // No login on an earlier revision lives longer than one that began now.
        let now = self.clock.now();
        self.earlier.keep(&tenant.name, &pipeline, now.plus(tenant.lifetimes.login), now);
        Ok(pipeline)
    }

    async fn restore(&self, tenant: &Tenant, revision: u64) -> Result<Pipeline, ApiError> {
        let text = self.store.revision(&tenant.name, revision).await.map_err(ApiError::unavailable)?;
        let text = text.ok_or_else(|| ApiError::internal(format!("revision {revision} is not in the store")))?;
        let stored = Revision::read(&text).map_err(ApiError::internal)?;
        let actions = stored.bind(&tenant.name, &self.environment, &tenant.signing).map_err(ApiError::internal)?;
        let mut plugins = HashMap::new();
        for action in &actions {
            plugins.insert(action.spec.digest, self.stored_plugin(action.spec.digest).await?);
        }
        tracing::info!(tenant = %tenant.name, revision, "restored an earlier revision for a suspended login");
        let meters = self.metrics.meters(&tenant.name, &actions);
        Ok(Pipeline::new(revision, actions, plugins).counted(meters))
    }

    async fn stored_plugin(&self, digest: Digest) -> Result<Plugin, ApiError> {
        if let Some(plugin) = self.compiler.held(&digest) {
            return Ok(plugin);
        }
        let bytes = self.store.plugin(&digest).await.map_err(ApiError::unavailable)?;
        let bytes = bytes.ok_or_else(|| ApiError::internal(format!("plugin {digest} is not in the store")))?;
        self.compiler.plugin(digest, bytes.into()).await.map_err(ApiError::internal)
    }
}
