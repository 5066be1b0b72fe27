//! The routes, each a few lines: read, authenticate, call, answer.

use crate::admin;
use crate::around::Around;
use crate::auth::{Need, authenticate};
use crate::error::ApiError;
use crate::prompt_return;
use crate::runtime::Runtime;
use crate::sessions::SessionView;
use crate::tenant::Tenant;
use crate::wire::{self, Answer, BODY_BYTES, RevokeRequest, RotateRequest, SessionRequest};
use crate::{logins, metrics as meters, sessions};
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use postlude_model::names::LoginId;
use sha2::{Digest, Sha256};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tracing::Span;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How long a body may take to arrive.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of an Idempotency-Key: a transaction's id and a hash, with room.
const IDEMPOTENCY_KEY_BYTES: usize = 256;

/// What the API's listener serves as well, unless it has a listener of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Also {
    pub(crate) public: bool,
    pub(crate) metrics: bool,
}

/// The IdP's API, the operators' and health.
pub(crate) fn api(runtime: Arc<Runtime>, also: Also) -> Router {
    let documented = if also.metrics { documented().merge(metered()) } else { documented() };
    let router = Router::from(documented).method_not_allowed_fallback(method_not_allowed);
    let router = if also.public { router.fallback(prompt_return::public) } else { router.fallback(not_found) };
    router.layer(Around(Arc::clone(&runtime))).with_state(runtime)
}

/// Every route with its documentation: a route that is not in the OpenAPI document cannot be added.
pub(crate) fn documented() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::default()
        .routes(routes!(start))
        .routes(routes!(show))
        .routes(routes!(resume))
        .routes(routes!(session_get))
        .routes(routes!(session_rotate))
        .routes(routes!(session_end))
        .routes(routes!(session_revoke_factor))
        .routes(routes!(healthz))
        .routes(routes!(readyz))
        .routes(routes!(openapi))
        .merge(admin::routes())
}

/// The metrics, which may have a listener of their own.
pub(crate) fn metered() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::default().routes(routes!(metrics_page))
}

/// The public routes alone: the continue URL and the JWKS of each tenant.
pub(crate) fn public(runtime: Arc<Runtime>) -> Router {
    let router = Router::new().fallback(prompt_return::public);
    router.layer(Around(Arc::clone(&runtime))).with_state(runtime)
}

/// The metrics alone.
pub(crate) fn metrics(runtime: Arc<Runtime>) -> Router {
    let router = Router::from(metered()).method_not_allowed_fallback(method_not_allowed).fallback(not_found);
    router.layer(Around(Arc::clone(&runtime))).with_state(runtime)
}

type Reply<T> = Result<Json<T>, ApiError>;

/// May the login go on?
///
/// Runs the pipeline. The same key and bytes join a running call, and later get the login's present answer.
#[utoipa::path(post, path = "/v1/logins", tag = "logins", operation_id = "start_login", request_body = wire::LoginParts,
    params(("Idempotency-Key" = String, Header, description = "The transaction's id and a hash of the user: visible ASCII",
        min_length = 1, max_length = 256, pattern = "^[!-~]+$")),
    responses((status = 200, description = "The pipeline ran", body = Answer)),
    extensions(("x-postlude-errors" = json!(["idempotency_key_required", "invalid_return_url", "session_rotated",
        "session_ended", "state_expired", "evicted", "idempotency_mismatch"]))),
    security(("key" = ["idp"])))]
async fn start(State(runtime): State<Arc<Runtime>>, request: Request) -> Result<Response, ApiError> {
    let (tenant, headers, body) = receive(&runtime, request, Need::Idp).await?;
    let key = idempotency_key(&headers)?;
    let request = wire::read_with_event::<wire::LoginParts>(&body)?;
    let body_hash = Sha256::digest(&body).into();
    answered(&logins::start(runtime, tenant, key, body_hash, request).await?)
}

/// The browser is back
///
/// Runs the suspended action with the browser's reply. Repeating the call gives the login's present answer and runs nothing.
#[utoipa::path(post, path = "/v1/logins/{login_id}/continue", tag = "logins", operation_id = "continue_login",
    request_body = wire::ContinueParts, params(("login_id" = String, Path, description = "The login", example = "lgn_7f3a")),
    responses((status = 200, description = "The pipeline ran", body = Answer)),
    extensions(("x-postlude-errors" = json!(["invalid_reply", "invalid_state", "login_unknown", "login_mismatch",
        "state_expired", "session_ended", "evicted"]))),
    security(("key" = ["idp"])))]
async fn resume(State(runtime): State<Arc<Runtime>>, id: LoginPath, request: Request) -> Result<Response, ApiError> {
    let (tenant, _, body) = receive(&runtime, request, Need::Idp).await?;
    let id = login_id(id)?;
    Span::current().record("login_id", id.as_str());
    let request = wire::read_with_event::<wire::ContinueParts>(&body)?;
    answered(&logins::resume(runtime, tenant, id, request).await?)
}

/// Bytes of a usual answer, with room: writing it need not move it.
const ANSWER_BYTES: usize = 2048;

fn answered(answer: &Answer) -> Result<Response, ApiError> {
    let action = answer.action.as_deref().unwrap_or_default();
    tracing::info!(outcome = answer.outcome, action, "login answered");
    let mut body = Vec::with_capacity(ANSWER_BYTES);
    serde_json::to_writer(&mut body, answer).map_err(ApiError::internal)?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response())
}

/// The outcome again
///
/// Without `location` and `resume_key`; `ended` once the login was ended from outside.
#[utoipa::path(get, path = "/v1/logins/{login_id}", tag = "logins", operation_id = "get_login",
    params(("login_id" = String, Path, description = "The login", example = "lgn_7f3a")),
    responses((status = 200, description = "The login as it stands", body = Answer)),
    extensions(("x-postlude-errors" = json!(["login_unknown"]))),
    security(("key" = ["idp"]), ("key" = ["operator"]), ("key" = ["reader"])))]
async fn show(State(runtime): State<Arc<Runtime>>, id: LoginPath, headers: HeaderMap) -> Reply<Answer> {
    let tenant = authenticate(&runtime, &headers, Need::Look)?;
    logins::show(&runtime, &tenant, &login_id(id)?).await.map(Json)
}

/// The session as it is now
#[utoipa::path(post, path = "/v1/sessions/get", tag = "sessions", operation_id = "get_session", request_body = SessionRequest,
    responses((status = 200, description = "The session", body = SessionView)),
    extensions(("x-postlude-errors" = json!(["session_unknown"]))),
    security(("key" = ["idp"]), ("key" = ["operator"]), ("key" = ["reader"])))]
async fn session_get(State(runtime): State<Arc<Runtime>>, request: Request) -> Reply<SessionView> {
    let (tenant, _, body) = receive(&runtime, request, Need::Look).await?;
    sessions::get(&runtime, &tenant, &wire::read(&body)?).await.map(Json)
}

/// Give a session another identifier
#[utoipa::path(post, path = "/v1/sessions/rotate", tag = "sessions", operation_id = "rotate_session", request_body = RotateRequest,
    responses((status = 200, description = "Under its new identifier", body = SessionView)),
    extensions(("x-postlude-errors" = json!(["session_exists"]))),
    security(("key" = ["idp"])))]
async fn session_rotate(State(runtime): State<Arc<Runtime>>, request: Request) -> Reply<SessionView> {
    let (tenant, _, body) = receive(&runtime, request, Need::Idp).await?;
    sessions::rotate(&runtime, &tenant, &wire::read(&body)?).await.map(Json)
}

/// End a session
#[utoipa::path(post, path = "/v1/sessions/end", tag = "sessions", operation_id = "end_session", request_body = SessionRequest,
    responses((status = 200, description = "It ended", body = SessionView)),
    security(("key" = ["idp"])))]
async fn session_end(State(runtime): State<Arc<Runtime>>, request: Request) -> Reply<SessionView> {
    let (tenant, _, body) = receive(&runtime, request, Need::Idp).await?;
    sessions::end(&runtime, &tenant, &wire::read(&body)?).await.map(Json)
}

/// Revoke a factor of a session
#[utoipa::path(post, path = "/v1/sessions/revoke-factor", tag = "sessions", operation_id = "revoke_factor", request_body = RevokeRequest,
    responses((status = 200, description = "It is revoked", body = SessionView)),
    security(("key" = ["idp"])))]
async fn session_revoke_factor(State(runtime): State<Arc<Runtime>>, request: Request) -> Reply<SessionView> {
    let (tenant, _, body) = receive(&runtime, request, Need::Idp).await?;
    sessions::revoke_factor(&runtime, &tenant, &wire::read(&body)?).await.map(Json)
}

/// The process is alive
#[utoipa::path(get, path = "/healthz", tag = "health", operation_id = "healthz",
    responses((status = 200, description = "It is", content_type = "text/plain", body = String)))]
async fn healthz() -> &'static str {
    "ok\n"
}

/// Logins can be served
///
/// The store answers, and the server is not stopping.
#[utoipa::path(get, path = "/readyz", tag = "health", operation_id = "readyz",
    responses((status = 200, description = "They can", content_type = "text/plain", body = String),
        (status = 503, description = "They cannot; the text says why", content_type = "text/plain", body = String)))]
async fn readyz(State(runtime): State<Arc<Runtime>>) -> Response {
    match runtime.ready().await {
        Ok(()) if runtime.reload_status().last.is_some_and(|last| last.outcome.is_err()) => {
            "ready\nthe last reload was refused, and the configuration before it serves; the log says why\n"
                .into_response()
        }
        Ok(()) => "ready\n".into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")).into_response(),
    }
}

/// Metrics
///
/// OpenMetrics text; on a listener of its own where `metrics_listen` is configured.
#[utoipa::path(get, path = "/metrics", tag = "health", operation_id = "metrics",
    responses((status = 200, description = "The metrics", body = String,
        content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8")),
    extensions(("x-postlude-errors" = json!(["internal"]))))]
async fn metrics_page(runtime: State<Arc<Runtime>>) -> Result<impl IntoResponse, ApiError> {
    meters::serve(runtime).await
}

/// This document
#[utoipa::path(get, path = "/openapi.json", tag = "health", operation_id = "openapi",
    responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
async fn openapi() -> Response {
    static TEXT: LazyLock<String> = LazyLock::new(|| crate::openapi::document().to_string());
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], TEXT.as_str()).into_response()
}

async fn not_found() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "not_found", "no such route; the README lists them")
}

async fn method_not_allowed() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "this route has another method; the README lists them",
    )
}

/// Authenticates before a byte of the body is read.
async fn receive(runtime: &Runtime, request: Request, need: Need) -> Result<(Arc<Tenant>, HeaderMap, Bytes), ApiError> {
    let tenant = authenticate(runtime, request.headers(), need)?;
    Span::current().record("tenant", tenant.name.as_str());
    let (parts, body) = request.into_parts();
    Ok((tenant, parts.headers, read_body(body).await?))
}

pub(crate) async fn read_body(body: Body) -> Result<Bytes, ApiError> {
    let late =
        |_| ApiError::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "the body took longer than 10 seconds");
    let read = tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, BODY_BYTES)).await.map_err(late)?;
    let refused = |why: axum::Error| match why.to_string() {
        why if why.contains("length limit") => {
            let detail = format!("the body may have {BODY_BYTES} bytes; leave out what no action reads");
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
        }
        why => ApiError::invalid_request(format!("the body did not arrive whole: {why}")),
    };
    read.map_err(refused)
}

/// The login in the path; what cannot be decoded is an error of the caller once it is known who calls.
type LoginPath = Result<Path<String>, PathRejection>;

fn login_id(path: LoginPath) -> Result<LoginId, ApiError> {
    let Path(text) = path.map_err(|why| ApiError::invalid_request(why.to_string()))?;
    LoginId::new(text).map_err(|why| ApiError::invalid_request(why.to_string()))
}

fn idempotency_key(headers: &HeaderMap) -> Result<String, ApiError> {
    let hint = "send a header `Idempotency-Key` of 1 to 256 visible ASCII characters: the transaction's id and a hash of the user";
    let key = headers.get("idempotency-key").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let fits = !key.is_empty() && key.len() <= IDEMPOTENCY_KEY_BYTES && key.bytes().all(|b| b.is_ascii_graphic());
    let missing = || ApiError::new(StatusCode::BAD_REQUEST, "idempotency_key_required", hint);
    fits.then(|| key.to_owned()).ok_or_else(missing)
}
