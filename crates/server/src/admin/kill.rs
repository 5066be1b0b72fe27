//! The kill switch: a plugin that must not run, from now on and whatever is pinned to it.

use super::{audit, enter, reason, receive, to_its_end};
use crate::auth::{Caller, Need};
use crate::clock::rfc3339;
use crate::error::ApiError;
use crate::runtime::Runtime;
use crate::tenant::Tenant;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use postlude_model::names::{Digest, Timestamp};
use postlude_model::policy::orders::{CurrentOrders, Kill, Orders, Revocation};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::default().routes(routes!(kill)).routes(routes!(lift)).routes(routes!(orders))
}

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
    /// Records up to this time are void.
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
    fn of(kill: &Kill, tenant: &Tenant) -> Self {
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

/// Kill a plugin
///
/// From the answer on it runs in no login of the tenant, whatever revision the login is pinned to, and factors that it recorded
/// do not count. No reload is needed, and a restart changes nothing. A login that reaches it is denied with the code
/// `plugin_killed`; an action that declares no factor and has `on_failure = "continue"` is passed over instead. Repeating
/// it changes nothing. The digest need not be known: a plugin can be barred before it comes.
#[utoipa::path(post, path = "/v1/admin/kill", tag = "orders", operation_id = "kill_plugin", request_body = KillRequest,
    responses((status = 200, description = "It is killed", body = KillView)),
    extensions(("x-postlude-errors" = json!(["limit_reached"]))), security(("key" = ["operator"])))]
async fn kill(State(runtime): State<Arc<Runtime>>, request: Request) -> Result<Json<KillView>, ApiError> {
    let (caller, KillRequest { digest, reason: why }) = receive(&runtime, request, Need::Operate).await?;
    let reason = reason(why)?;
    let (by, text) = (caller.key.to_string(), reason.clone());
    let order = move |orders: &mut Orders, at: Timestamp| {
        orders.kill(Kill { digest, at, by, reason: text });
        Ok(orders.killed(&digest).cloned())
    };
    let ordering = Arc::clone(&runtime);
    let killed = to_its_end(&runtime, async move {
        let killed = ordering.change_orders(&caller.tenant, order).await?;
        audit::note(&caller, "kill", digest, &reason);
        tell(&ordering, &caller, "kill", digest, &reason);
        let killed = killed.ok_or_else(|| ApiError::internal("a kill was stored and is not there"))?;
        Ok(KillView::of(&killed, &caller.tenant))
    });
    killed.await.map(Json)
}

/// Let a killed plugin run again
///
/// Factors that it recorded count again as well, unless they were revoked.
#[utoipa::path(post, path = "/v1/admin/kill/lift", tag = "orders", operation_id = "lift_kill", request_body = LiftRequest,
    responses((status = 200, description = "What is still ordered", body = OrdersView)),
    extensions(("x-postlude-errors" = json!(["kill_unknown"]))), security(("key" = ["operator"])))]
async fn lift(State(runtime): State<Arc<Runtime>>, request: Request) -> Result<Json<OrdersView>, ApiError> {
    let (caller, LiftRequest { digest, reason: why }) = receive(&runtime, request, Need::Operate).await?;
    let reason = reason(why)?;
    let order = move |orders: &mut Orders, _: Timestamp| {
        let unknown = || ApiError::new(StatusCode::NOT_FOUND, "kill_unknown", "this plugin is not killed");
        orders.lift(&digest).then_some(()).ok_or_else(unknown)
    };
    let ordering = Arc::clone(&runtime);
    let lifted = to_its_end(&runtime, async move {
        ordering.change_orders(&caller.tenant, order).await?;
        audit::note(&caller, "lift", digest, &reason);
        tell(&ordering, &caller, "lift", digest, &reason);
        Ok(present(&caller))
    });
    lifted.await.map(Json)
}

/// Kills and revocations
#[utoipa::path(get, path = "/v1/admin/orders", tag = "orders", operation_id = "list_orders",
    responses((status = 200, description = "What is ordered", body = OrdersView)),
    security(("key" = ["operator"]), ("key" = ["reader"])))]
async fn orders(State(runtime): State<Arc<Runtime>>, request: Request) -> Result<Json<OrdersView>, ApiError> {
    Ok(Json(present(&enter(&runtime, &request, Need::Inspect)?)))
}

/// Tells whoever watches the tenant.
fn tell(runtime: &Runtime, caller: &Caller, kind: &'static str, digest: Digest, reason: &str) {
    runtime.events.publish(Some(&caller.tenant.name), kind, &runtime.clock, || {
        let fields = [("digest", digest.to_string()), ("by", caller.key.to_string()), ("reason", reason.to_owned())];
        fields.map(|(name, value)| (name.to_owned(), value.into())).into_iter().collect()
    });
}

fn present(caller: &Caller) -> OrdersView {
    let orders = caller.tenant.orders.orders();
    OrdersView {
        kills: orders.kills.iter().map(|kill| KillView::of(kill, &caller.tenant)).collect(),
        revocations: orders.revocations.iter().map(RevocationView::of).collect(),
    }
}
