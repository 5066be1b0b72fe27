//! `/v1/admin/sessions`: the operator's hands on sessions: list, look, end, revoke a factor.

use super::lists::{MOST, SCAN, limit, not_a_cursor};
use crate::app::App;
use crate::auth::Need;
use crate::body::receive_json;
use crate::error::ApiError;
use crate::wire::{RevokeRequest, SessionRequest, SessionView};
use axum::Json;
use axum::extract::{Request, State};
use postlude_model::names::{Digest, SessionId, UserId};
use postlude_model::session::Session;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Which sessions.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionsRequest {
    /// Of this user only.
    #[serde(default)]
    #[schema(value_type = Option<crate::openapi::UserText>)]
    user_id: Option<UserId>,
    /// With a factor that this plugin recorded, whether it still counts or not.
    #[serde(default)]
    #[schema(value_type = Option<crate::openapi::DigestText>)]
    digest: Option<Digest>,
    /// How many at most; 50 where it is left out.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<usize>,
    /// `next` of the page before, with the same filters.
    #[serde(default)]
    cursor: Option<String>,
}

impl SessionsRequest {
    fn fits(&self, session: &Session) -> bool {
        let digest = |digest| session.factors.iter().any(|factor| factor.digest == digest);
        // Without a user it ended, or went elsewhere: there is nothing to see.
        session.user.as_ref().is_some_and(|owner| self.user_id.as_ref().is_none_or(|user| user == owner))
            && self.digest.is_none_or(digest)
    }
}

/// A page of sessions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionsView {
    /// The sessions.
    sessions: Vec<SessionView>,
    /// Send it as `cursor` for the next page; null: this was the last one. A page may be short, or empty, and not the last.
    next: Option<String>,
}

/// List sessions
///
/// All sessions of the tenant that have a user, in an order that says nothing about time. Each call looks through at most 1,000
/// of them: go on with `next` until it is null.
#[utoipa::path(post, path = "/v1/admin/sessions/list", tag = "sessions", operation_id = "list_sessions",
    request_body = SessionsRequest,
    responses((status = 200, description = "A page of sessions", body = SessionsView)),
    security(("key" = ["operator"]), ("key" = ["reader"])))]
pub(crate) async fn list(State(app): State<Arc<App>>, request: Request) -> Result<Json<SessionsView>, ApiError> {
    let (caller, asked): (_, SessionsRequest) = receive_json(&app, request, Need::Inspect).await?;
    let limit = limit(asked.limit)?;
    let mut after = match &asked.cursor {
        Some(cursor) => Some(SessionId::new(cursor.as_str()).map_err(|_| not_a_cursor())?),
        None => None,
    };
    let operator = app.host.operator();
    let (mut sessions, mut looked, mut more) = (Vec::new(), 0, true);
    while more && sessions.len() < limit && looked < SCAN {
        let page = operator.sessions.page(&caller, after.as_ref(), MOST).await?;
        looked += page.items.len();
        more = page.more;
        let total = page.items.len();
        for (at, session) in page.items.into_iter().enumerate() {
            after = Some(session.id.clone());
            if asked.fits(&session) {
                sessions.push(SessionView::of(&operator.sessions.with_counting_factors(&caller, session)));
            }
            if sessions.len() == limit {
                more |= at + 1 < total;
                break;
            }
        }
    }
    let next = after.filter(|_| more).map(|after| after.to_string());
    Ok(Json(SessionsView { sessions, next }))
}

/// Look at a session
#[utoipa::path(post, path = "/v1/admin/sessions/get", tag = "sessions", operation_id = "admin_get_session",
    request_body = SessionRequest,
    responses((status = 200, description = "The session as it is now", body = SessionView)),
    extensions(("x-postlude-errors" = json!(["session_unknown"]))),
    security(("key" = ["operator"]), ("key" = ["reader"])))]
pub(crate) async fn get(State(app): State<Arc<App>>, request: Request) -> Result<Json<SessionView>, ApiError> {
    let (caller, SessionRequest { id }) = receive_json(&app, request, Need::Inspect).await?;
    Ok(Json(SessionView::of(&app.host.sessions().get(&caller.tenant, &id).await?)))
}

/// End a session
///
/// As the IdP's own call: no factors, no metadata, and its suspended logins are over. The IdP's cookie stays: its next
/// login is prompted again.
#[utoipa::path(post, path = "/v1/admin/sessions/end", tag = "sessions", operation_id = "admin_end_session",
    request_body = SessionRequest,
    responses((status = 200, description = "The session ended", body = SessionView)), security(("key" = ["operator"])))]
pub(crate) async fn end(State(app): State<Arc<App>>, request: Request) -> Result<Json<SessionView>, ApiError> {
    let (caller, SessionRequest { id }) = receive_json(&app, request, Need::Operate).await?;
    Ok(Json(SessionView::of(&app.host.operator().sessions.end(caller, id).await?)))
}

/// Revoke a factor of a session
#[utoipa::path(post, path = "/v1/admin/sessions/revoke-factor", tag = "sessions", operation_id = "admin_revoke_factor",
    request_body = RevokeRequest,
    responses((status = 200, description = "The factor is revoked", body = SessionView)), security(("key" = ["operator"])))]
pub(crate) async fn revoke_factor(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Json<SessionView>, ApiError> {
    let (caller, RevokeRequest { id, name }) = receive_json(&app, request, Need::Operate).await?;
    Ok(Json(SessionView::of(&app.host.operator().sessions.revoke_factor(caller, id, name).await?)))
}
