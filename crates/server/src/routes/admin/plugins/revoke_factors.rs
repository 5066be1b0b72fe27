//! `/v1/admin/plugins/revoke-factors`: revoking every factor that a plugin recorded, in one step: a floor in time, below which its records are void.

use crate::app::App;
use crate::auth::Need;
use crate::body::receive_json;
use crate::error::ApiError;
use crate::routes::admin::orders::RevocationView;
use crate::routes::admin::reason;
use axum::Json;
use axum::extract::{Request, State};
use postlude_model::names::{Digest, FactorName};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

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
    responses((status = 200, description = "The factors are revoked", body = RevocationView)),
    extensions(("x-postlude-errors" = json!(["limit_reached"]))), security(("key" = ["operator"])))]
pub(crate) async fn revoke(State(app): State<Arc<App>>, request: Request) -> Result<Json<RevocationView>, ApiError> {
    let (caller, asked) = receive_json(&app, request, Need::Operate).await?;
    let RevokeFactorsRequest { digest, name, reason } = asked;
    let reason = reason::check(reason)?;
    let revocation = app.host.operator().orders.revoke_factors(caller, digest, name, reason).await?;
    Ok(Json(RevocationView::of(&revocation)))
}
