//! `/v1/admin/bypasses`: the help desk's calls: issue a one-time bypass of a factor for a user, list a user's bypasses, revoke one.

use super::reason;
use crate::app::App;
use crate::auth::Need;
use crate::body::receive_json;
use crate::error::ApiError;
use axum::Json;
use axum::extract::{Request, State};
use postlude_host::operator::IssueBypass;
use postlude_host::rfc3339;
use postlude_model::names::{ActionName, BypassId, FactorName, UserId};
use postlude_model::policy::bypass::{Bypass, Target};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// A bypass to issue: of exactly one of `action` and `factor`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BypassRequest {
    /// Whose login may pass.
    #[schema(value_type = crate::openapi::UserText)]
    user_id: UserId,
    /// The action that is passed; it declares a factor.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "face")]
    action: Option<ActionName>,
    /// The factor that is passed, where an action declares it alone.
    #[serde(default)]
    #[schema(value_type = Option<crate::openapi::FactorText>)]
    factor: Option<FactorName>,
    /// Why, for people.
    #[schema(min_length = 1, max_length = 256, example = "HD-7: lost the phone, identity checked")]
    reason: String,
    /// How long it is valid; an hour where it is left out.
    #[serde(default)]
    #[schema(minimum = 1)]
    valid_for_seconds: Option<u64>,
}

/// Whose bypasses to list.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BypassesRequest {
    /// The user.
    #[schema(value_type = crate::openapi::UserText)]
    user_id: UserId,
}

/// A bypass to revoke.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokeBypassRequest {
    /// Whose it is.
    #[schema(value_type = crate::openapi::UserText)]
    user_id: UserId,
    /// The bypass.
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    id: BypassId,
}

/// A bypass, for its operator.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BypassView {
    /// The bypass.
    id: String,
    /// Whose login may pass.
    user_id: String,
    /// The action that is passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<String>,
    /// The factor that is passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    factor: Option<String>,
    /// Why.
    reason: String,
    /// The name of the key that issued it.
    issued_by: String,
    /// When.
    #[schema(format = DateTime)]
    issued_at: String,
    /// Until when it is valid.
    #[schema(format = DateTime)]
    expires_at: String,
    /// `live`, `used` or `void`: expired, or of before a restored backup.
    #[schema(value_type = crate::openapi::BypassStatusText)]
    status: &'static str,
    /// The login that used it up.
    #[serde(skip_serializing_if = "Option::is_none")]
    used_by: Option<String>,
    /// When it was used up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    used_at: Option<String>,
}

/// A user's bypasses.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BypassList {
    /// The bypasses.
    bypasses: Vec<BypassView>,
}

/// A bypass that is gone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Revoked {
    /// Its id.
    revoked: String,
}

type Reply<T> = Result<Json<T>, ApiError>;

/// Let a user past a factor once
///
/// For the help desk. The user's next interactive login that needs it uses it up.
#[utoipa::path(post, path = "/v1/admin/bypasses", tag = "bypasses", operation_id = "issue_bypass", request_body = BypassRequest,
    responses((status = 200, description = "The bypass is live", body = BypassView)),
    extensions(("x-postlude-errors" = json!(["bypass_target_unknown", "too_many_bypasses"]))),
    security(("key" = ["operator"])))]
pub(crate) async fn issue(State(app): State<Arc<App>>, request: Request) -> Reply<BypassView> {
    let (caller, asked): (_, BypassRequest) = receive_json(&app, request, Need::Operate).await?;
    let target = match (asked.action, asked.factor) {
        (Some(action), None) => Target::Action(action),
        (None, Some(factor)) => Target::Factor(factor),
        _ => return Err(ApiError::invalid_request("name one of `action` and `factor`")),
    };
    let (user_id, valid_for) = (asked.user_id, asked.valid_for_seconds.map(Duration::from_secs));
    let request = IssueBypass { user_id, target, reason: reason::check(asked.reason)?, valid_for };
    let bypass = app.host.operator().bypasses.issue(caller, request).await?;
    Ok(Json(BypassView::of(&bypass, &app)))
}

/// A user's bypasses
#[utoipa::path(post, path = "/v1/admin/bypasses/list", tag = "bypasses", operation_id = "list_bypasses",
    request_body = BypassesRequest, responses((status = 200, description = "The bypasses", body = BypassList)),
    security(("key" = ["operator"])))]
pub(crate) async fn list(State(app): State<Arc<App>>, request: Request) -> Reply<BypassList> {
    let (caller, BypassesRequest { user_id }) = receive_json(&app, request, Need::Operate).await?;
    let all = app.host.operator().bypasses.list(&caller, &user_id).await?;
    Ok(Json(BypassList { bypasses: all.iter().map(|bypass| BypassView::of(bypass, &app)).collect() }))
}

/// Take a bypass back
#[utoipa::path(post, path = "/v1/admin/bypasses/revoke", tag = "bypasses", operation_id = "revoke_bypass",
    request_body = RevokeBypassRequest, responses((status = 200, description = "The bypass is gone", body = Revoked)),
    extensions(("x-postlude-errors" = json!(["bypass_unknown", "bypass_used"]))), security(("key" = ["operator"])))]
pub(crate) async fn revoke(State(app): State<Arc<App>>, request: Request) -> Reply<Revoked> {
    let (caller, RevokeBypassRequest { user_id, id }) = receive_json(&app, request, Need::Operate).await?;
    app.host.operator().bypasses.revoke(caller, user_id, id.clone()).await?;
    Ok(Json(Revoked { revoked: id.to_string() }))
}

impl BypassView {
    fn of(bypass: &Bypass, app: &App) -> Self {
        let (action, factor) = match &bypass.target {
            Target::Action(name) => (Some(name.to_string()), None),
            Target::Factor(name) => (None, Some(name.to_string())),
        };
        Self {
            id: bypass.id.to_string(),
            user_id: bypass.user_id.to_string(),
            action,
            factor,
            reason: bypass.reason.clone(),
            issued_by: bypass.issued_by.clone(),
            issued_at: rfc3339(bypass.issued_at),
            expires_at: rfc3339(bypass.expires_at),
            status: app.host.operator().bypasses.status(bypass).as_str(),
            used_by: bypass.used.as_ref().map(|used| used.login_id.to_string()),
            used_at: bypass.used.as_ref().map(|used| rfc3339(used.at)),
        }
    }
}
