//! `GET /v1/admin/logins/{login_id}/recording`: the runs of a login with what they could observe, to be replayed elsewhere.

use crate::app::App;
use crate::auth::{Need, authenticate};
use crate::error::ApiError;
use crate::routes::logins::{LoginPath, login_id};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use postlude_model::recording::Recording;
use std::sync::Arc;
use utoipa::ToSchema;

/// The runs of a login, as `postlude run --replay` reads them. The format has a version of its own.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the document's words about a type of another crate")]
pub(crate) struct RecordingView {
    /// `postlude-recording`.
    format: String,
    /// The version of the format.
    version: u32,
    /// The login.
    login_id: String,
    /// The runs, in order.
    #[schema(value_type = Vec<Object>)]
    runs: Vec<serde_json::Value>,
}

/// A login's runs, to be replayed
///
/// What each run could observe and what came of it, where `server.recordings` keeps that. Secrets, keys and live handles are taken
/// out; what users told and what partners answered is in it: treat it as confidential.
#[utoipa::path(get, path = "/v1/admin/logins/{login_id}/recording", tag = "logins", operation_id = "get_recording",
    params(("login_id" = String, Path, description = "The login", example = "lgn_7f3a")),
    responses((status = 200, description = "The recording", body = RecordingView)),
    extensions(("x-postlude-errors" = json!(["recording_unknown"]))),
    security(("key" = ["operator"])))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    id: LoginPath,
    headers: HeaderMap,
) -> Result<Json<Recording>, ApiError> {
    let caller = authenticate(&app, &headers, Need::Operate)?;
    Ok(Json(app.host.operator().logins.recording(&caller, &login_id(id)?)?))
}
