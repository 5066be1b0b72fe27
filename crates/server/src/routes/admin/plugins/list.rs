//! `/v1/admin/plugins` and `/v1/admin/plugins/{digest}`: the plugins of a tenant.

use super::view::{PluginDetail, PluginView, PluginsView};
use crate::app::App;
use crate::auth::{Need, authenticate};
use crate::error::ApiError;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use postlude_model::names::{Digest, NameError};
use std::sync::Arc;

/// The tenant's plugins
///
/// Those that the pipeline in force runs, and those that the tenant's operators uploaded.
#[utoipa::path(get, path = "/v1/admin/plugins", tag = "plugins", operation_id = "list_plugins",
    responses((status = 200, description = "The plugins", body = PluginsView)),
    security(("key" = ["operator"]), ("key" = ["reader"])))]
pub(crate) async fn list(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Json<PluginsView>, ApiError> {
    let caller = authenticate(&app, &headers, Need::Inspect)?;
    let plugins = app.host.operator().plugins.list(&caller, |plugin| PluginView::of(&plugin)).await?;
    Ok(Json(PluginsView { plugins }))
}

/// Delete an upload
///
/// The tenant has one upload less. The file, and the code that was made of it, go once no login can need them: a pipeline that runs the
/// plugin, and logins that began with it, keep it.
#[utoipa::path(delete, path = "/v1/admin/plugins/{digest}", tag = "plugins", operation_id = "delete_upload",
    params(("digest" = crate::openapi::DigestText, Path, description = "The plugin")),
    responses((status = 204, description = "The upload is deleted")),
    extensions(("x-postlude-errors" = json!(["plugin_unknown"]))), security(("key" = ["operator"])))]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let caller = authenticate(&app, &headers, Need::Operate)?;
    let Path(text) = path.map_err(|why| ApiError::invalid_request(why.to_string()))?;
    let digest: Digest = text.parse().map_err(|why: NameError| ApiError::invalid_request(why.to_string()))?;
    app.host.operator().uploads.delete(caller, digest).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One plugin: its manifest and imports
#[utoipa::path(get, path = "/v1/admin/plugins/{digest}", tag = "plugins", operation_id = "get_plugin",
    params(("digest" = crate::openapi::DigestText, Path, description = "The plugin")),
    responses((status = 200, description = "The plugin", body = PluginDetail)),
    extensions(("x-postlude-errors" = json!(["plugin_unknown"]))),
    security(("key" = ["operator"]), ("key" = ["reader"])))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Json<PluginDetail>, ApiError> {
    let caller = authenticate(&app, &headers, Need::Inspect)?;
    let Path(text) = path.map_err(|why| ApiError::invalid_request(why.to_string()))?;
    let digest: Digest = text.parse().map_err(|why: NameError| ApiError::invalid_request(why.to_string()))?;
    PluginDetail::of(app.host.operator().plugins.get(&caller, digest).await?).map(Json)
}
