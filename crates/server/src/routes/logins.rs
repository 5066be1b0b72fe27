//! `/v1/logins`: the IdP's calls about logins.

use crate::app::App;
use crate::auth::{Need, authenticate, single};
use crate::body::receive;
use crate::codes::ErrorCode;
use crate::error::ApiError;
use crate::wire::{self, Answer, ContinueBody, LoginBody};
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use postlude_host::log_context;
use postlude_host::login::{IdempotencyKey, LoginAnswer};
use postlude_model::names::LoginId;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The header of an idempotency key (draft-ietf-httpapi-idempotency-key-header).
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Bytes of an Idempotency-Key: a transaction's id and a hash, with room.
const IDEMPOTENCY_KEY_BYTES: usize = 256;

/// Bytes of a usual answer, with room: writing it need not move it.
const ANSWER_BYTES: usize = 2048;

/// May the login go on?
///
/// Runs the pipeline. The same key and bytes join a running call, and later get the login's present answer.
#[utoipa::path(post, path = "/v1/logins", tag = "logins", operation_id = "start_login", request_body = LoginBody,
    params(("Idempotency-Key" = String, Header, description = "The transaction's id and a hash of the user: visible ASCII",
        min_length = 1, max_length = 256, pattern = "^[!-~]+$")),
    responses((status = 200, description = "The pipeline ran", body = Answer<'static>)),
    extensions(("x-postlude-errors" = json!(["idempotency_key_required", "invalid_return_url", "session_rotated",
        "session_ended", "state_expired", "evicted", "idempotency_mismatch"]))),
    security(("key" = ["idp"])))]
pub(crate) async fn start(State(app): State<Arc<App>>, request: Request) -> Result<Response, ApiError> {
    let (caller, headers, body) = receive(&app, request, Need::Idp).await?;
    let key = idempotency_key(&headers)?;
    let request = wire::read_with_event::<LoginBody>(&body)?;
    let idempotency = IdempotencyKey { key, body_hash: Sha256::digest(&body).into() };
    answer(&app.host.logins().start(caller.tenant, idempotency, request).await?)
}

/// The browser is back
///
/// Runs the suspended action with the browser's reply. Repeating the call gives the login's present answer and runs nothing.
#[utoipa::path(post, path = "/v1/logins/{login_id}/continue", tag = "logins", operation_id = "continue_login",
    request_body = ContinueBody, params(("login_id" = String, Path, description = "The login", example = "lgn_7f3a")),
    responses((status = 200, description = "The pipeline ran", body = Answer<'static>)),
    extensions(("x-postlude-errors" = json!(["invalid_reply", "invalid_state", "login_unknown", "login_mismatch",
        "state_expired", "session_ended", "evicted"]))),
    security(("key" = ["idp"])))]
pub(crate) async fn resume(State(app): State<Arc<App>>, id: LoginPath, request: Request) -> Result<Response, ApiError> {
    let (caller, _, body) = receive(&app, request, Need::Idp).await?;
    let id = login_id(id)?;
    log_context::set_login_id(&id);
    let request = wire::read_with_event::<ContinueBody>(&body)?;
    answer(&app.host.logins().resume(caller.tenant, id, request).await?)
}

/// The outcome again
///
/// Without `location` and `resume_key`; `ended` once the login was ended from outside.
#[utoipa::path(get, path = "/v1/logins/{login_id}", tag = "logins", operation_id = "get_login",
    params(("login_id" = String, Path, description = "The login", example = "lgn_7f3a")),
    responses((status = 200, description = "The login as it stands", body = Answer<'static>)),
    extensions(("x-postlude-errors" = json!(["login_unknown", "login_uncertain"]))),
    security(("key" = ["idp"]), ("key" = ["operator"]), ("key" = ["reader"])))]
pub(crate) async fn show(State(app): State<Arc<App>>, id: LoginPath, headers: HeaderMap) -> Result<Response, ApiError> {
    let caller = authenticate(&app, &headers, Need::Look)?;
    let answer = app.host.logins().show(&caller.tenant, &login_id(id)?).await?;
    Ok(Json(Answer::of(&answer)).into_response())
}

/// The login in the path; what cannot be decoded is an error of the caller once the caller is known.
pub(crate) type LoginPath = Result<Path<String>, PathRejection>;

/// Reads the login in the path.
pub(crate) fn login_id(path: LoginPath) -> Result<LoginId, ApiError> {
    let Path(text) = path.map_err(|why| ApiError::invalid_request(why.to_string()))?;
    LoginId::new(text).map_err(|why| ApiError::invalid_request(why.to_string()))
}

fn answer(answer: &LoginAnswer) -> Result<Response, ApiError> {
    let answer = Answer::of(answer);
    let action = answer.action.unwrap_or_default();
    tracing::info!(outcome = answer.outcome, action, "login answered");
    let mut body = Vec::with_capacity(ANSWER_BYTES);
    serde_json::to_writer(&mut body, &answer).map_err(ApiError::internal)?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response())
}

fn idempotency_key(headers: &HeaderMap) -> Result<String, ApiError> {
    let hint = "send a header `Idempotency-Key` of 1 to 256 visible ASCII characters: the transaction's id and a hash of the user";
    let key = single(headers, &IDEMPOTENCY_KEY)?.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let fits = !key.is_empty() && key.len() <= IDEMPOTENCY_KEY_BYTES && key.bytes().all(|b| b.is_ascii_graphic());
    fits.then(|| key.to_owned()).ok_or_else(|| ApiError::new(ErrorCode::IdempotencyKeyRequired, hint))
}
