//! Plugins as operators see them.

use crate::error::ApiError;
use postlude_host::operator::PluginOverview;
use postlude_host::rfc3339;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// The tenant's plugins.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PluginsView {
    /// By digest.
    pub(super) plugins: Vec<PluginView>,
}

/// A plugin.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PluginView {
    /// The plugin file.
    #[schema(value_type = crate::openapi::DigestText)]
    digest: String,
    /// Its name, as its manifest has it.
    name: String,
    /// Its version, as its manifest has it.
    version: String,
    /// Its publisher, as its manifest has it: nobody verified that.
    publisher: String,
    /// Bytes of the file.
    bytes: u64,
    /// The actions of the pipeline in force that run it.
    actions: Vec<String>,
    /// Whether it is killed.
    killed: bool,
    /// When an operator uploaded it; null: it came with the configuration.
    #[schema(format = DateTime)]
    uploaded_at: Option<String>,
    /// The name of the key that uploaded it.
    uploaded_by: Option<String>,
}

/// A plugin with what is in it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PluginDetail {
    #[serde(flatten)]
    plugin: PluginView,
    /// The manifest that it carries, with the capabilities that it asks for.
    #[schema(value_type = Object)]
    manifest: Value,
    /// The functions that it imports, as `interface.function`.
    imports: Vec<String>,
    /// What it may ask of its host: `zero WASI`, nothing but the contract; `closed WASI`, WASI with everything shut as well; `unknown`,
    /// where the file is not there.
    #[schema(example = "zero WASI")]
    tier: &'static str,
}

impl PluginView {
    pub(super) fn of(plugin: &PluginOverview) -> Self {
        Self {
            digest: plugin.digest.to_string(),
            name: plugin.manifest.name.to_string(),
            version: plugin.manifest.version.clone(),
            publisher: plugin.manifest.publisher.clone(),
            bytes: plugin.bytes,
            actions: plugin.actions.iter().map(ToString::to_string).collect(),
            killed: plugin.killed,
            uploaded_at: plugin.upload.as_ref().map(|upload| rfc3339(upload.at)),
            uploaded_by: plugin.upload.as_ref().map(|upload| upload.by.clone()),
        }
    }
}

impl PluginDetail {
    pub(super) fn of(plugin: PluginOverview) -> Result<Self, ApiError> {
        let manifest = serde_json::to_value(&plugin.manifest).map_err(ApiError::internal)?;
        let tier = plugin.tier.unwrap_or("unknown");
        Ok(Self { plugin: PluginView::of(&plugin), manifest, imports: plugin.imports, tier })
    }
}
