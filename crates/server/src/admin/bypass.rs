//! The help desk's calls: issue a one-time bypass of a factor for a user, list a user's bypasses, revoke one.

use super::{audit, reason, receive, to_its_end};
use crate::auth::Need;
use crate::clock::rfc3339;
use crate::error::ApiError;
use crate::runtime::Runtime;
use crate::tenant::Tenant;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use postlude_model::limits;
use postlude_model::names::{ActionName, BypassId, FactorName, UserId};
use postlude_model::policy::bypass::{Bypass, Target};
use postlude_store::{BypassChange, BypassOutcome};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How long a bypass is valid where the help desk does not say: long enough to hang up and log in.
const VALID_FOR: Duration = Duration::from_secs(60 * 60);

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

/// The routes, each of role `operator`.
pub(super) fn routes() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::default().routes(routes!(issue)).routes(routes!(list)).routes(routes!(revoke))
}

type Reply<T> = Result<Json<T>, ApiError>;

/// Let a user past a factor once
///
/// For the help desk. The user's next interactive login that needs it uses it up.
#[utoipa::path(post, path = "/v1/admin/bypasses", tag = "bypasses", operation_id = "issue_bypass", request_body = BypassRequest,
    responses((status = 200, description = "It is live", body = BypassView)),
    extensions(("x-postlude-errors" = json!(["bypass_target_unknown", "too_many_bypasses"]))),
    security(("key" = ["operator"])))]
async fn issue(State(runtime): State<Arc<Runtime>>, request: Request) -> Reply<BypassView> {
    let (caller, request): (_, BypassRequest) = receive(&runtime, request, Need::Operate).await?;
    let target = target(&caller.tenant, &request)?;
    let reason = reason(request.reason)?;
    let valid_for = valid_for(request.valid_for_seconds)?;
    let (now, epoch) = (runtime.clock.now(), runtime.store.epoch());
    let random = postlude_crypto::api_key::random_text().map_err(ApiError::internal)?;
    let bypass = Bypass {
        id: BypassId::derived("byp_", &random),
        user_id: request.user_id,
        target,
        reason,
        issued_by: caller.key.to_string(),
        issued_at: now,
        expires_at: now.plus(valid_for),
        epoch,
        used: None,
    };
    let store = Arc::clone(&runtime.store);
    let issued = bypass.clone();
    let outcome = to_its_end(&runtime, async move {
        let change = BypassChange::Issue(issued.clone());
        let outcome = store.change_bypass(&caller.tenant.name, change, now).await.map_err(ApiError::unavailable)?;
        if outcome == BypassOutcome::Done {
            audit::note(&caller, "issue-bypass", &issued.id, &issued.reason);
        }
        Ok(outcome)
    });
    match outcome.await? {
        BypassOutcome::Done => Ok(Json(BypassView::of(&bypass, &runtime))),
        BypassOutcome::TooMany | BypassOutcome::Unknown | BypassOutcome::Used => {
            let detail =
                format!("the user has {} bypasses already; revoke one, or wait until one expires", limits::BYPASSES);
            Err(ApiError::new(StatusCode::CONFLICT, "too_many_bypasses", detail))
        }
    }
}

/// A user's bypasses
#[utoipa::path(post, path = "/v1/admin/bypasses/list", tag = "bypasses", operation_id = "list_bypasses",
    request_body = BypassesRequest, responses((status = 200, description = "The bypasses", body = BypassList)),
    security(("key" = ["operator"])))]
async fn list(State(runtime): State<Arc<Runtime>>, request: Request) -> Reply<BypassList> {
    let (caller, request): (_, BypassesRequest) = receive(&runtime, request, Need::Operate).await?;
    let all = runtime.store.bypasses(&caller.tenant.name, &request.user_id).await.map_err(ApiError::unavailable)?;
    Ok(Json(BypassList { bypasses: all.iter().map(|bypass| BypassView::of(bypass, &runtime)).collect() }))
}

/// Take a bypass back
#[utoipa::path(post, path = "/v1/admin/bypasses/revoke", tag = "bypasses", operation_id = "revoke_bypass",
    request_body = RevokeBypassRequest, responses((status = 200, description = "It is gone", body = Revoked)),
    extensions(("x-postlude-errors" = json!(["bypass_unknown", "bypass_used"]))), security(("key" = ["operator"])))]
async fn revoke(State(runtime): State<Arc<Runtime>>, request: Request) -> Reply<Revoked> {
    let (caller, RevokeBypassRequest { user_id, id }) = receive(&runtime, request, Need::Operate).await?;
    let (store, now, revoked) = (Arc::clone(&runtime.store), runtime.clock.now(), id.clone());
    let outcome = to_its_end(&runtime, async move {
        let change = BypassChange::Revoke { user_id, id: revoked.clone() };
        let outcome = store.change_bypass(&caller.tenant.name, change, now).await.map_err(ApiError::unavailable)?;
        if outcome == BypassOutcome::Done {
            audit::note(&caller, "revoke-bypass", &revoked, "");
        }
        Ok(outcome)
    });
    match outcome.await? {
        BypassOutcome::Done => Ok(Json(Revoked { revoked: id.to_string() })),
        BypassOutcome::Used => {
            let detail = "a login used it up; end the session with `POST /v1/sessions/end` if it must not go on";
            Err(ApiError::new(StatusCode::CONFLICT, "bypass_used", detail))
        }
        BypassOutcome::Unknown | BypassOutcome::TooMany => {
            let detail = "the user has no bypass of that id, or it has expired";
            Err(ApiError::new(StatusCode::NOT_FOUND, "bypass_unknown", detail))
        }
    }
}

/// A mistyped name would be a bypass that never helps: it must be of the pipeline as it is now.
fn target(tenant: &Tenant, request: &BypassRequest) -> Result<Target, ApiError> {
    let pipeline = tenant.pipeline();
    let specs = || pipeline.actions.iter().map(|action| &action.spec);
    let target = match (&request.action, &request.factor) {
        (Some(action), None) => Target::Action(action.clone()),
        (None, Some(factor)) => Target::Factor(factor.clone()),
        _ => return Err(ApiError::invalid_request("name one of `action` and `factor`")),
    };
    let covered = match &target {
        Target::Action(name) => specs().any(|spec| spec.name == *name && !spec.factors.is_empty()),
        Target::Factor(name) => specs().any(|spec| spec.factors.iter().map(|policy| &policy.name).eq([name])),
    };
    let detail = "no action of the pipeline that declares a factor has that name, or that factor alone";
    let unknown = || ApiError::new(StatusCode::NOT_FOUND, "bypass_target_unknown", detail);
    covered.then_some(target).ok_or_else(unknown)
}

fn valid_for(seconds: Option<u64>) -> Result<Duration, ApiError> {
    let valid_for = seconds.map_or(VALID_FOR, Duration::from_secs);
    let fits = !valid_for.is_zero() && valid_for <= limits::BYPASS_LIFETIME;
    let detail = format!("`valid_for_seconds` is from 1 to {}", limits::BYPASS_LIFETIME.as_secs());
    if fits { Ok(valid_for) } else { Err(ApiError::invalid_request(detail)) }
}

impl BypassView {
    fn of(bypass: &Bypass, runtime: &Runtime) -> Self {
        let (action, factor) = match &bypass.target {
            Target::Action(name) => (Some(name.to_string()), None),
            Target::Factor(name) => (None, Some(name.to_string())),
        };
        let status = match &bypass.used {
            Some(_) => "used",
            None if bypass.is_live(runtime.store.epoch(), runtime.clock.now()) => "live",
            None => "void",
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
            status,
            used_by: bypass.used.as_ref().map(|used| used.login_id.to_string()),
            used_at: bypass.used.as_ref().map(|used| rfc3339(used.at)),
        }
    }
}
