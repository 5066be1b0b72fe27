//! `/v1/sessions`: the IdP's calls about sessions.

use crate::app::App;
use crate::auth::Need;
use crate::body::receive_json;
use crate::error::ApiError;
use crate::wire::{RevokeRequest, RotateRequest, SessionRequest, SessionView};
use axum::Json;
use axum::extract::{Request, State};
use std::sync::Arc;

type Reply<T> = Result<Json<T>, ApiError>;

/// The session as it is now
#[utoipa::path(post, path = "/v1/sessions/get", tag = "sessions", operation_id = "get_session", request_body = SessionRequest,
    responses((status = 200, description = "The session", body = SessionView)),
    extensions(("x-postlude-errors" = json!(["session_unknown"]))),
    security(("key" = ["idp"]), ("key" = ["operator"]), ("key" = ["reader"])))]
pub(crate) async fn get(State(app): State<Arc<App>>, request: Request) -> Reply<SessionView> {
    let (caller, SessionRequest { id }) = receive_json(&app, request, Need::Look).await?;
    let session = app.host.sessions().get(&caller.tenant, &id).await?;
    Ok(Json(SessionView::of(&session)))
}

/// Give a session another identifier
#[utoipa::path(post, path = "/v1/sessions/rotate", tag = "sessions", operation_id = "rotate_session", request_body = RotateRequest,
    responses((status = 200, description = "The session under its new identifier", body = SessionView)),
    extensions(("x-postlude-errors" = json!(["session_exists"]))),
    security(("key" = ["idp"])))]
pub(crate) async fn rotate(State(app): State<Arc<App>>, request: Request) -> Reply<SessionView> {
    let (caller, RotateRequest { id, to }) = receive_json(&app, request, Need::Idp).await?;
    let session = app.host.sessions().rotate(&caller.tenant, &id, &to).await?;
    Ok(Json(SessionView::of(&session)))
}

/// End a session
#[utoipa::path(post, path = "/v1/sessions/end", tag = "sessions", operation_id = "end_session", request_body = SessionRequest,
    responses((status = 200, description = "The session ended", body = SessionView)),
    security(("key" = ["idp"])))]
pub(crate) async fn end(State(app): State<Arc<App>>, request: Request) -> Reply<SessionView> {
    let (caller, SessionRequest { id }) = receive_json(&app, request, Need::Idp).await?;
    let session = app.host.sessions().end(&caller.tenant, &id).await?;
    Ok(Json(SessionView::of(&session)))
}

/// Revoke a factor of a session
#[utoipa::path(post, path = "/v1/sessions/revoke-factor", tag = "sessions", operation_id = "revoke_factor", request_body = RevokeRequest,
    responses((status = 200, description = "The factor is revoked", body = SessionView)),
    security(("key" = ["idp"])))]
pub(crate) async fn revoke_factor(State(app): State<Arc<App>>, request: Request) -> Reply<SessionView> {
    let (caller, RevokeRequest { id, name }) = receive_json(&app, request, Need::Idp).await?;
    let session = app.host.sessions().revoke_factor(&caller.tenant, &id, &name).await?;
    Ok(Json(SessionView::of(&session)))
}
