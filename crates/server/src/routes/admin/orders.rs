//! `/v1/admin/orders`: kills and revocations.

use crate::app::App;
use crate::auth::{Need, authenticate};
use crate::error::ApiError;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use postlude_host::{Tenant, rfc3339};
use postlude_model::policy::orders::{Kill, Orders, Revocation};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// A plugin that does not run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KillView {
    /// The plugin.
    #[schema(value_type = crate::openapi::DigestText)]
    digest: String,
    /// Since when.
    #[schema(format = DateTime)]
    at: String,
    /// The name of the key that ordered it.
    by: String,
    /// Why.
    reason: String,
    /// The actions of the pipeline in force that are stopped by it.
    actions: Vec<String>,
}

/// Factors that no longer count.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RevocationView {
    /// The plugin that recorded them.
    #[schema(value_type = crate::openapi::DigestText)]
    digest: String,
    /// The factor; null: all that it recorded.
    name: Option<String>,
    /// When it was ordered: what was recorded before the order is void, whatever its clock said.
    #[schema(format = DateTime)]
    before: String,
    /// The name of the key that ordered it.
    by: String,
    /// Why.
    reason: String,
}

/// What operators ordered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrdersView {
    /// The plugins that do not run, oldest first.
    kills: Vec<KillView>,
    /// The factors that no longer count, oldest first.
    revocations: Vec<RevocationView>,
}

impl KillView {
    pub(super) fn of(kill: &Kill, tenant: &Tenant) -> Self {
        let pipeline = tenant.pipeline();
        let stopped = pipeline.actions.iter().filter(|action| action.spec.digest == kill.digest);
        Self {
            digest: kill.digest.to_string(),
            at: rfc3339(kill.at),
            by: kill.by.clone(),
            reason: kill.reason.clone(),
            actions: stopped.map(|action| action.spec.name.to_string()).collect(),
        }
    }
}

impl RevocationView {
    pub(super) fn of(revocation: &Revocation) -> Self {
        Self {
            digest: revocation.digest.to_string(),
            name: revocation.name.as_ref().map(ToString::to_string),
            before: rfc3339(revocation.before),
            by: revocation.by.clone(),
            reason: revocation.reason.clone(),
        }
    }
}

impl OrdersView {
    pub(super) fn of(orders: &Orders, tenant: &Tenant) -> Self {
        Self {
            kills: orders.kills.iter().map(|kill| KillView::of(kill, tenant)).collect(),
            revocations: orders.revocations.iter().map(RevocationView::of).collect(),
        }
    }
}

/// Kills and revocations
#[utoipa::path(get, path = "/v1/admin/orders", tag = "orders", operation_id = "list_orders",
    responses((status = 200, description = "The orders that hold", body = OrdersView)),
    security(("key" = ["operator"]), ("key" = ["reader"])))]
pub(crate) async fn list(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Json<OrdersView>, ApiError> {
    let caller = authenticate(&app, &headers, Need::Inspect)?;
    Ok(Json(OrdersView::of(&app.host.operator().orders.list(&caller), &caller.tenant)))
}
