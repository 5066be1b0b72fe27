//! Revoking every factor that a plugin recorded, in one step: a floor in time, below which its records are void.

use super::kill::RevocationView;
use super::{audit, reason, receive, to_its_end};
use crate::auth::Need;
use crate::error::ApiError;
use crate::runtime::Runtime;
use axum::Json;
use axum::extract::{Request, State};
use postlude_model::names::{Digest, FactorName, Timestamp};
use postlude_model::policy::orders::{Orders, Revocation};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::default().routes(routes!(revoke))
}

/// The factors to revoke.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokeFactorsRequest {
    /// The plugin that recorded them.
    #[schema(value_type = crate::openapi::DigestText)]
    digest: Digest,
    /// The factor; left out: all that it recorded.
    #[serde(default)]
    #[schema(value_type = Option<crate::openapi::FactorText>)]
    name: Option<FactorName>,
    /// Why, for people.
    #[schema(min_length = 1, max_length = 256, example = "INC-42: it took any face")]
    reason: String,
}

/// Revoke every factor that a plugin recorded
///
/// From the answer on no record of it made until then counts, in any session of the tenant: the next login prompts again. A login
/// that began before and may rest on such a record is over: suspended ones are denied with the code `factor_revoked`, and
/// answers that were given are not repeated. The plugin itself goes on; kill it first if it must not.
#[utoipa::path(post, path = "/v1/admin/plugins/revoke-factors", tag = "orders", operation_id = "revoke_factors_of_plugin",
    request_body = RevokeFactorsRequest,
    responses((status = 200, description = "They are revoked", body = RevocationView)),
    extensions(("x-postlude-errors" = json!(["limit_reached"]))), security(("key" = ["operator"])))]
async fn revoke(State(runtime): State<Arc<Runtime>>, request: Request) -> Result<Json<RevocationView>, ApiError> {
    let (caller, asked) = receive(&runtime, request, Need::Operate).await?;
    let RevokeFactorsRequest { digest, name, reason: why } = asked;
    let reason = reason(why)?;
    let (by, text) = (caller.key.to_string(), reason.clone());
    let order = move |orders: &mut Orders, before: Timestamp| {
        let revocation = Revocation { digest, name, before, by, reason: text };
        orders.revoke(revocation.clone());
        Ok(revocation)
    };
    let ordering = Arc::clone(&runtime);
    let revoked = to_its_end(&runtime, async move {
        let revocation = ordering.change_orders(&caller.tenant, order).await?;
        audit::note(&caller, "revoke-factors", digest, &reason);
        Ok(RevocationView::of(&revocation))
    });
    revoked.await.map(Json)
}
