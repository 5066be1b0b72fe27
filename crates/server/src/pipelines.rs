//! Pipelines as they run: the actions of one revision with their compiled plugins.

use crate::config::Revision;
use crate::error::ApiError;
use crate::runtime::Runtime;
use crate::tenant::Tenant;
use postlude_model::action::Action;
use postlude_model::names::Digest;
use postlude_sandbox::Plugin;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

/// Earlier revisions kept ready for their suspended logins; others are read again from the store.
const KEPT_REVISIONS: usize = 64;

/// One immutable revision of a pipeline, ready to run.
#[derive(Debug)]
pub(crate) struct Pipeline {
    /// Its number.
    pub(crate) revision: u64,
    /// Its actions, in order.
    pub(crate) actions: Vec<Arc<Action>>,
    plugins: HashMap<Digest, Plugin>,
}

impl Pipeline {
    pub(crate) fn new(revision: u64, actions: Vec<Arc<Action>>, plugins: HashMap<Digest, Plugin>) -> Self {
        Self { revision, actions, plugins }
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
        let key = (tenant.name.clone(), revision);
        let kept = self.earlier.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(pipeline) = kept {
            return Ok(pipeline);
        }
        let pipeline = Arc::new(self.restore(tenant, revision).await?);
        let mut earlier = self.earlier.lock().unwrap_or_else(PoisonError::into_inner);
        if earlier.len() >= KEPT_REVISIONS {
            earlier.clear();
        }
        earlier.insert(key, Arc::clone(&pipeline));
        Ok(pipeline)
    }

    async fn restore(&self, tenant: &Tenant, revision: u64) -> Result<Pipeline, ApiError> {
        let text = self.store.revision(&tenant.name, revision).await.map_err(ApiError::unavailable)?;
        let text = text.ok_or_else(|| ApiError::internal(format!("revision {revision} is not in the store")))?;
        let stored: Revision = serde_json::from_str(&text).map_err(ApiError::internal)?;
        let actions = stored.bind(&tenant.name, &self.environment, &tenant.signing).map_err(ApiError::internal)?;
        let mut plugins = HashMap::new();
        for action in &actions {
            plugins.insert(action.spec.digest, self.stored_plugin(action.spec.digest).await?);
        }
        tracing::info!(tenant = %tenant.name, revision, "restored an earlier revision for a suspended login");
        Ok(Pipeline::new(revision, actions, plugins))
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
