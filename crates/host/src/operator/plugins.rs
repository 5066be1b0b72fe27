//! The plugins of a tenant: those that its pipeline runs, and those that its operators uploaded. The files are shared by digest among
//! all tenants of the host; which of them a tenant runs is its own business.

use crate::error::HostError;
use crate::services::Services;
use crate::tenants::Caller;
use postlude_model::manifest::Manifest;
use postlude_model::names::{ActionName, Digest};
use postlude_model::policy::orders::CurrentOrders;
use postlude_sandbox::{Plugin, tier_of};
use postlude_store::Upload;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The plugins of a tenant, for its operators.
#[derive(Debug)]
pub struct TenantPlugins {
    services: Arc<Services>,
}

/// What a host knows of a tenant's plugin.
#[derive(Debug, Clone)]
pub struct PluginOverview {
    /// The plugin file.
    pub digest: Digest,
    /// Bytes of the file.
    pub bytes: u64,
    /// The manifest that it carries. Its publisher is not verified.
    pub manifest: Manifest,
    /// The functions that it imports, as `interface.function`.
    pub imports: Vec<String>,
    /// What it may ask of its host; none in a list, for which no file is read.
    pub tier: Option<&'static str>,
    /// The note of its upload; none where it came with the configuration.
    pub upload: Option<Upload>,
    /// The actions of the pipeline in force that run it.
    pub actions: Vec<ActionName>,
    /// Whether it is killed.
    pub killed: bool,
}

impl PluginOverview {
    fn of_loaded(plugin: &Plugin, caller: &Caller) -> Self {
        let bytes = u64::try_from(plugin.size()).unwrap_or(u64::MAX);
        let overview = Self::new(plugin.digest(), bytes, plugin.manifest().clone(), plugin.imports().to_vec(), caller);
        Self { tier: Some(plugin.tier().as_str()), ..overview }
    }

    fn of_upload(upload: Upload, caller: &Caller) -> Result<Self, HostError> {
        let manifest = serde_json::from_str(&upload.manifest).map_err(HostError::internal)?;
        let overview = Self::new(upload.digest, upload.bytes, manifest, upload.imports.clone(), caller);
        Ok(Self { upload: Some(upload), ..overview })
    }

    fn new(digest: Digest, bytes: u64, manifest: Manifest, imports: Vec<String>, caller: &Caller) -> Self {
        let pipeline = caller.tenant.pipeline();
        let using = pipeline.actions.iter().filter(|action| action.spec.digest == digest);
        let actions = using.map(|action| action.spec.name.clone()).collect();
        let killed = caller.tenant.orders.orders().killed(&digest).is_some();
        Self { digest, bytes, manifest, imports, tier: None, upload: None, actions, killed }
    }
}

impl TenantPlugins {
    pub(super) const fn new(services: Arc<Services>) -> Self {
        Self { services }
    }

    /// Every plugin of the tenant, by digest, each turned into what the caller needs of it: there may be a thousand manifests.
    ///
    /// # Errors
    /// [`HostError::Unavailable`].
    pub async fn list<T>(&self, caller: &Caller, view: impl Fn(PluginOverview) -> T) -> Result<Vec<T>, HostError> {
        let mut views = BTreeMap::new();
        for upload in self.uploads(caller).await? {
            views.insert(upload.digest, view(PluginOverview::of_upload(upload, caller)?));
        }
        let pipeline = caller.tenant.pipeline();
        for action in &pipeline.actions {
            let digest = action.spec.digest;
            if let Some(plugin) = pipeline.plugin(&digest) {
                views.entry(digest).or_insert_with(|| view(PluginOverview::of_loaded(plugin, caller)));
            }
        }
        Ok(views.into_values().collect())
    }

    /// One plugin of the tenant. Another tenant's plugin is unknown, also where the host has it.
    ///
    /// # Errors
    /// [`HostError::PluginUnknown`], [`HostError::Unavailable`].
    pub async fn get(&self, caller: &Caller, digest: Digest) -> Result<PluginOverview, HostError> {
        let uploads = self.uploads(caller).await?;
        if let Some(upload) = uploads.into_iter().find(|upload| upload.digest == digest) {
            let file = self.services.store.plugin(&digest).await.map_err(HostError::unavailable)?;
            let tier = file.map(|bytes| tier_of(&bytes).as_str());
            return Ok(PluginOverview { tier, ..PluginOverview::of_upload(upload, caller)? });
        }
        let pipeline = caller.tenant.pipeline();
        let in_use = pipeline.actions.iter().any(|action| action.spec.digest == digest);
        let plugin = pipeline.plugin(&digest).filter(|_| in_use).ok_or(HostError::PluginUnknown)?;
        Ok(PluginOverview::of_loaded(plugin, caller))
    }

    async fn uploads(&self, caller: &Caller) -> Result<Vec<Upload>, HostError> {
        self.services.store.uploads(&caller.tenant.name).await.map_err(HostError::unavailable)
    }
}
