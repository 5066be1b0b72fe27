//! The plugins of a tenant: those that its pipeline runs, and those that its operators uploaded. The files are shared by
//! digest among all tenants of the host; who runs what is each tenant's own business.

use super::enter;
use crate::auth::{Caller, Need};
use crate::clock::rfc3339;
use crate::error::ApiError;
use crate::runtime::Runtime;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use postlude_model::manifest::Manifest;
use postlude_model::names::Digest;
use postlude_model::policy::orders::CurrentOrders;
use postlude_sandbox::Plugin;
use postlude_store::Upload;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::default().routes(routes!(list)).routes(routes!(inspect))
}

/// The tenant's plugins.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PluginsView {
    /// By digest.
    plugins: Vec<PluginView>,
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
}

/// What is known of a plugin, wherever from.
struct Known {
    bytes: u64,
    manifest: Manifest,
    imports: Vec<String>,
    upload: Option<Upload>,
}

impl Known {
    fn running(plugin: &Plugin) -> Self {
        let bytes = u64::try_from(plugin.size()).unwrap_or(u64::MAX);
        Self { bytes, manifest: plugin.manifest().clone(), imports: plugin.imports().to_vec(), upload: None }
    }

    fn uploaded(upload: Upload) -> Result<Self, ApiError> {
        let manifest = serde_json::from_str(&upload.manifest).map_err(ApiError::internal)?;
        Ok(Self { bytes: upload.bytes, manifest, imports: upload.imports.clone(), upload: Some(upload) })
    }

    fn view(&self, digest: Digest, caller: &Caller) -> PluginView {
        let pipeline = caller.tenant.pipeline();
        let using = pipeline.actions.iter().filter(|action| action.spec.digest == digest);
        PluginView {
            digest: digest.to_string(),
            name: self.manifest.name.to_string(),
            version: self.manifest.version.clone(),
            publisher: self.manifest.publisher.clone(),
            bytes: self.bytes,
            actions: using.map(|action| action.spec.name.to_string()).collect(),
            killed: caller.tenant.orders.orders().killed(&digest).is_some(),
            uploaded_at: self.upload.as_ref().map(|upload| rfc3339(upload.at)),
            uploaded_by: self.upload.as_ref().map(|upload| upload.by.clone()),
        }
    }
}

/// Everything that the tenant may see. Of a manifest only what the list shows is kept: there may be a thousand.
async fn views(runtime: &Runtime, caller: &Caller) -> Result<Vec<PluginView>, ApiError> {
    let mut views = BTreeMap::new();
    for upload in runtime.store.uploads(&caller.tenant.name).await.map_err(ApiError::unavailable)? {
        let digest = upload.digest;
        views.insert(digest, Known::uploaded(upload)?.view(digest, caller));
    }
    let pipeline = caller.tenant.pipeline();
    for action in &pipeline.actions {
        let digest = action.spec.digest;
        if let Some(plugin) = pipeline.plugin(&digest) {
            views.entry(digest).or_insert_with(|| Known::running(plugin).view(digest, caller));
        }
    }
    Ok(views.into_values().collect())
}

/// A plugin of the tenant with what is in it; one that is not the tenant's is unknown, also where the host has it.
pub(super) async fn detail(runtime: &Runtime, caller: &Caller, digest: Digest) -> Result<PluginDetail, ApiError> {
    let unknown = || {
        let detail =
            "this tenant neither runs nor uploaded a plugin of that digest; `GET /v1/admin/plugins` lists its own";
        ApiError::new(StatusCode::NOT_FOUND, "plugin_unknown", detail)
    };
    let uploads = runtime.store.uploads(&caller.tenant.name).await.map_err(ApiError::unavailable)?;
    let plugin = match uploads.into_iter().find(|upload| upload.digest == digest) {
        Some(upload) => Known::uploaded(upload)?,
        None => {
            let pipeline = caller.tenant.pipeline();
            let in_use = pipeline.actions.iter().any(|action| action.spec.digest == digest);
            pipeline.plugin(&digest).filter(|_| in_use).map(Known::running).ok_or_else(unknown)?
        }
    };
    let manifest = serde_json::to_value(&plugin.manifest).map_err(ApiError::internal)?;
    Ok(PluginDetail { plugin: plugin.view(digest, caller), manifest, imports: plugin.imports })
}

/// The tenant's plugins
///
/// Those that the pipeline in force runs, and those that the tenant's operators uploaded.
#[utoipa::path(get, path = "/v1/admin/plugins", tag = "plugins", operation_id = "list_plugins",
    responses((status = 200, description = "The plugins", body = PluginsView)),
    security(("key" = ["operator"]), ("key" = ["reader"])))]
async fn list(State(runtime): State<Arc<Runtime>>, request: Request) -> Result<Json<PluginsView>, ApiError> {
    let caller = enter(&runtime, &request, Need::Inspect)?;
    Ok(Json(PluginsView { plugins: views(&runtime, &caller).await? }))
}

/// One plugin: its manifest and imports
#[utoipa::path(get, path = "/v1/admin/plugins/{digest}", tag = "plugins", operation_id = "get_plugin",
    params(("digest" = crate::openapi::DigestText, Path, description = "The plugin")),
    responses((status = 200, description = "The plugin", body = PluginDetail)),
    extensions(("x-postlude-errors" = json!(["plugin_unknown"]))),
    security(("key" = ["operator"]), ("key" = ["reader"])))]
async fn inspect(
    State(runtime): State<Arc<Runtime>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Json<PluginDetail>, ApiError> {
    let caller = enter(&runtime, &request, Need::Inspect)?;
    let Path(text) = path.map_err(|why| ApiError::invalid_request(why.to_string()))?;
    let digest: Digest =
        text.parse().map_err(|why: postlude_model::names::NameError| ApiError::invalid_request(why.to_string()))?;
    detail(&runtime, &caller, digest).await.map(Json)
}
