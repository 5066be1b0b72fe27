//! `/v1/admin/kill`: the kill switch: a plugin that must not run, from now on and whatever is pinned to it.

use super::orders::{KillView, OrdersView};
use super::reason;
use crate::app::App;
use crate::auth::Need;
use crate::body::receive_json;
use crate::error::ApiError;
use axum::Json;
use axum::extract::{Request, State};
use postlude_model::names::Digest;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// A plugin to kill.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KillRequest {
    /// The plugin.
    #[schema(value_type = crate::openapi::DigestText)]
    digest: Digest,
    /// Why, for people.
    #[schema(min_length = 1, max_length = 256, example = "INC-42: it phones home")]
    reason: String,
}

/// A plugin to let run again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LiftRequest {
    /// The plugin.
    #[schema(value_type = crate::openapi::DigestText)]
    digest: Digest,
    /// Why, for people.
    #[schema(min_length = 1, max_length = 256, example = "INC-42: mended and looked through")]
    reason: String,
}

/// Kill a plugin
///
/// From the answer on it runs in no login of the tenant, whatever revision the login is pinned to, and factors that it recorded
/// do not count. No reload is needed, and a restart changes nothing. A login that reaches it is denied with the code
/// `plugin_killed`; an action that declares no factor and has `on_failure = "continue"` is passed over instead. Repeating
/// it changes nothing. The digest need not be known: a plugin can be barred before it comes.
#[utoipa::path(post, path = "/v1/admin/kill", tag = "orders", operation_id = "kill_plugin", request_body = KillRequest,
    responses((status = 200, description = "The plugin is killed", body = KillView)),
    extensions(("x-postlude-errors" = json!(["limit_reached"]))), security(("key" = ["operator"])))]
pub(crate) async fn kill(State(app): State<Arc<App>>, request: Request) -> Result<Json<KillView>, ApiError> {
    let (caller, KillRequest { digest, reason }) = receive_json(&app, request, Need::Operate).await?;
    let (tenant, reason) = (Arc::clone(&caller.tenant), reason::check(reason)?);
    let killed = app.host.operator().orders.kill(caller, digest, reason).await?;
    Ok(Json(KillView::of(&killed, &tenant)))
}

/// Let a killed plugin run again
///
/// Factors that it recorded count again as well, unless they were revoked.
#[utoipa::path(post, path = "/v1/admin/kill/lift", tag = "orders", operation_id = "lift_kill", request_body = LiftRequest,
    responses((status = 200, description = "The orders that still hold", body = OrdersView)),
    extensions(("x-postlude-errors" = json!(["kill_unknown"]))), security(("key" = ["operator"])))]
pub(crate) async fn lift(State(app): State<Arc<App>>, request: Request) -> Result<Json<OrdersView>, ApiError> {
    let (caller, LiftRequest { digest, reason }) = receive_json(&app, request, Need::Operate).await?;
    let (tenant, reason) = (Arc::clone(&caller.tenant), reason::check(reason)?);
    let orders = app.host.operator().orders.lift(caller, digest, reason).await?;
    Ok(Json(OrdersView::of(&orders, &tenant)))
}
