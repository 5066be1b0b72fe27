//! The routes, each a few lines: read, authenticate, call, answer.

use crate::auth::{Need, authenticate};
use crate::error::ApiError;
use crate::prompt_return;
use crate::runtime::Runtime;
use crate::sessions::SessionView;
use crate::tenant::Tenant;
use crate::wire::{self, Answer, BODY_BYTES};
use crate::{logins, sessions};
use axum::body::{Body, to_bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use postlude_model::names::LoginId;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;
use tracing::{Instrument, Span, field};

/// How long a body may take to arrive.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of an Idempotency-Key: a transaction's id and a hash, with room.
const IDEMPOTENCY_KEY_BYTES: usize = 256;

/// The IdP's API, health, and, unless they have a listener of their own, the public routes.
pub(crate) fn api(runtime: Arc<Runtime>, with_public: bool) -> Router {
    let router = Router::new()
        .route("/v1/logins", post(start))
        .route("/v1/logins/{login_id}", get(show))
        .route("/v1/logins/{login_id}/continue", post(resume))
        .route("/v1/sessions/get", post(session_get))
        .route("/v1/sessions/rotate", post(session_rotate))
        .route("/v1/sessions/end", post(session_end))
        .route("/v1/sessions/revoke-factor", post(session_revoke_factor))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .method_not_allowed_fallback(method_not_allowed);
    let router = if with_public { router.fallback(prompt_return::public) } else { router.fallback(not_found) };
    router.layer(middleware::from_fn(around)).with_state(runtime)
}

/// The public routes alone: the continue URL and the JWKS of each tenant.
pub(crate) fn public(runtime: Arc<Runtime>) -> Router {
    Router::new().fallback(prompt_return::public).layer(middleware::from_fn(around)).with_state(runtime)
}

type Reply<T> = Result<Json<T>, ApiError>;

async fn start(State(runtime): State<Arc<Runtime>>, request: Request) -> Reply<Answer> {
    let (tenant, headers, body) = receive(&runtime, request, Need::Idp).await?;
    let key = idempotency_key(&headers)?;
    let request = wire::read_with_event::<wire::LoginParts>(&body)?;
    let body_hash = Sha256::digest(&body).into();
    logins::start(runtime, tenant, key, body_hash, request).await.map(answered)
}

async fn resume(State(runtime): State<Arc<Runtime>>, id: LoginPath, request: Request) -> Reply<Answer> {
    let (tenant, _, body) = receive(&runtime, request, Need::Idp).await?;
    let id = login_id(id)?;
    Span::current().record("login_id", id.as_str());
    let request = wire::read_with_event::<wire::ContinueParts>(&body)?;
    logins::resume(runtime, tenant, id, request).await.map(answered)
}

fn answered(answer: Answer) -> Json<Answer> {
    let action = answer.action.as_deref().unwrap_or_default();
    tracing::info!(outcome = answer.outcome, action, "login answered");
    Json(answer)
}

async fn show(State(runtime): State<Arc<Runtime>>, id: LoginPath, headers: HeaderMap) -> Reply<Answer> {
    let tenant = authenticate(&runtime, &headers, Need::Look)?;
    logins::show(&runtime, &tenant, &login_id(id)?).await.map(Json)
}

async fn session_get(State(runtime): State<Arc<Runtime>>, request: Request) -> Reply<SessionView> {
    let (tenant, _, body) = receive(&runtime, request, Need::Look).await?;
    sessions::get(&runtime, &tenant, &wire::read(&body)?).await.map(Json)
}

async fn session_rotate(State(runtime): State<Arc<Runtime>>, request: Request) -> Reply<SessionView> {
    let (tenant, _, body) = receive(&runtime, request, Need::Idp).await?;
    sessions::rotate(&runtime, &tenant, &wire::read(&body)?).await.map(Json)
}

async fn session_end(State(runtime): State<Arc<Runtime>>, request: Request) -> Reply<SessionView> {
    let (tenant, _, body) = receive(&runtime, request, Need::Idp).await?;
    sessions::end(&runtime, &tenant, &wire::read(&body)?).await.map(Json)
}

async fn session_revoke_factor(State(runtime): State<Arc<Runtime>>, request: Request) -> Reply<SessionView> {
    let (tenant, _, body) = receive(&runtime, request, Need::Idp).await?;
    sessions::revoke_factor(&runtime, &tenant, &wire::read(&body)?).await.map(Json)
}

/// The process is alive.
async fn healthz() -> &'static str {
    "ok\n"
}

/// Logins can be served: the store answers, and the server is not stopping.
async fn readyz(State(runtime): State<Arc<Runtime>>) -> Response {
    match runtime.ready().await {
        Ok(()) => "ready\n".into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")).into_response(),
    }
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
async fn receive(
    runtime: &Runtime,
    request: Request,
    need: Need,
) -> Result<(Arc<Tenant>, HeaderMap, Vec<u8>), ApiError> {
    let tenant = authenticate(runtime, request.headers(), need)?;
    Span::current().record("tenant", tenant.name.as_str());
    let (parts, body) = request.into_parts();
    Ok((tenant, parts.headers, read_body(body).await?))
}

async fn read_body(body: Body) -> Result<Vec<u8>, ApiError> {
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
    read.map(|bytes| bytes.to_vec()).map_err(refused)
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

/// Around every request: a span, so that each line of the log says whose login it is about, and the headers that keep
/// answers from being kept, leaked or framed. The query is not logged: it may carry a state.
async fn around(request: Request, next: Next) -> Response {
    let (method, path) = (request.method().as_str(), request.uri().path());
    let span = tracing::info_span!("request", method, path, tenant = field::Empty, login_id = field::Empty);
    let mut response = next.run(request).instrument(span).await;
    let fixed: [(HeaderName, &str); 4] = [
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ];
    for (name, value) in fixed {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
