//! The public continue URL: where the prompt site sends the browser back. It runs nothing and stores nothing.

use crate::pages;
use crate::routes::BODY_TIMEOUT;
use crate::runtime::Runtime;
use crate::tenant::Tenant;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use postlude_crypto::handles::StateError;
use postlude_crypto::seal::{SealError, SealedReply};
use postlude_model::handle::StateClaims;
use postlude_model::limits;
use postlude_model::login::Status;
use std::sync::Arc;
use url::{Url, form_urlencoded};

/// Bytes of a form that a prompt site posts: more could never be sealed.
const FORM_BYTES: usize = 16 * 1024;

/// Answers what the other routes do not: a tenant's continue URL and JWKS, whose paths come from the configuration.
pub(crate) async fn public(State(runtime): State<Arc<Runtime>>, request: Request) -> Response {
    let path = request.uri().path();
    // Routing is by our own configuration; the Host header builds nothing.
    if let Some(tenant) = runtime.tenant_by_path(path, "/continue") {
        if !matches!(*request.method(), Method::GET | Method::HEAD | Method::POST) {
            return not_allowed("GET,HEAD,POST");
        }
        return back(&runtime, &tenant, request).await;
    }
    if let Some(tenant) = runtime.tenant_by_path(path, "/.well-known/jwks.json") {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return not_allowed("GET,HEAD");
        }
        let json = HeaderValue::from_static("application/jwk-set+json");
        return ([(header::CONTENT_TYPE, json)], tenant.jwks.clone()).into_response();
    }
    crate::error::ApiError::new(StatusCode::NOT_FOUND, "not_found", "no such route; the README lists them")
        .into_response()
}

/// RFC 9110, section 15.5.6: with the methods that there are.
fn not_allowed(methods: &'static str) -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, HeaderValue::from_static(methods))]).into_response()
}

async fn back(runtime: &Runtime, tenant: &Tenant, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default();
    let mut query: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let mut states = query.iter().filter(|(name, _)| name == "state").map(|(_, value)| value.clone());
    let (Some(state), None) = (states.next(), states.next()) else { return pages::not_ours() };
    drop(states);
    // The state first: whoever has none does not get to send a body.
    let claims = match tenant.handles.verify_state(&state, runtime.clock.now()) {
        Ok(claims) if claims.epoch == runtime.store.epoch() => claims,
        Ok(_) | Err(StateError::Expired(_)) => return pages::over(),
        Err(_) => return pages::not_ours(),
    };
    let form = match parts.method {
        Method::GET | Method::HEAD => Vec::new(),
        Method::POST => match form(&parts.headers, body).await {
            Ok(form) => form,
            Err(response) => return *response,
        },
        _ => return not_allowed("GET,HEAD,POST"),
    };
    query.retain(|(name, _)| name != "state");
    if query.iter().chain(&form).any(|(_, value)| value.len() > limits::RESULT_TOKEN_BYTES) {
        return pages::too_large();
    }
    let method = if parts.method == Method::POST { "POST" } else { "GET" };
    forward(runtime, tenant, &claims, &SealedReply { state, method: method.to_owned(), query, form }).await
}

/// Finds the login's return URL with one read, and sends the browser there with the sealed reply.
async fn forward(runtime: &Runtime, tenant: &Tenant, claims: &StateClaims, reply: &SealedReply) -> Response {
    let record = match runtime.store.login(&tenant.name, &claims.login_id).await {
        Ok(Some(record)) if !matches!(record.status, Status::Ended(_)) => record,
        Ok(_) => return pages::over(),
        Err(why) => {
            tracing::error!(cause = %why, "continue: the store did not answer");
            let text = "Please try again in a moment; the login is still open.";
            return pages::page(StatusCode::SERVICE_UNAVAILABLE, "Not available right now", text);
        }
    };
    let sealed = match tenant.sealer.seal(reply) {
        Ok(sealed) => sealed,
        Err(SealError::TooLarge { .. }) => return pages::too_large(),
        Err(why) => {
            tracing::error!(cause = %why, "continue: the reply was not sealed");
            return pages::page(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong", "Please try again.");
        }
    };
    tracing::Span::current().record("login_id", record.id.as_str()).record("tenant", tenant.name.as_str());
    tracing::info!(step = claims.step, method = %reply.method, "browser is back from the prompt");
    match record.return_url.as_deref().and_then(|url| with_reply(url, &sealed)) {
        Some(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        None => pages::over(),
    }
}

fn with_reply(return_url: &str, sealed: &str) -> Option<HeaderValue> {
    let mut url = Url::parse(return_url).ok()?;
    url.query_pairs_mut().append_pair("postlude", sealed);
    HeaderValue::from_str(url.as_str()).ok()
}

async fn form(headers: &HeaderMap, body: Body) -> Result<Vec<(String, String)>, Box<Response>> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let text = "Only forms of the type application/x-www-form-urlencoded can be posted here.";
        return Err(Box::new(pages::page(StatusCode::UNSUPPORTED_MEDIA_TYPE, "This form cannot be read", text)));
    }
    let read = tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, FORM_BYTES)).await;
    let late = |_| {
        let text = "The form took too long to arrive. The login is still open: go back and try again.";
        Box::new(pages::page(StatusCode::REQUEST_TIMEOUT, "Too slow", text))
    };
    let bytes = read.map_err(late)?.map_err(|_| Box::new(pages::too_large()))?;
    Ok(form_urlencoded::parse(&bytes).into_owned().collect())
}
