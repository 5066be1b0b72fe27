//! `{issuer}`: the public routes of a tenant, whose paths come from the configuration: the continue URL, where the prompt site sends the
//! browser back, and the JWKS.

use crate::app::App;
use crate::body::BODY_TIMEOUT;
use crate::error::ApiError;
use crate::pages;
use crate::public_routes::PublicRoute;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use postlude_host::Tenant;
use postlude_host::login::{ReturnRefused, SealedReply};
use postlude_model::limits;
use std::sync::Arc;
use url::form_urlencoded;

/// Bytes of a form that a prompt site posts: more could never be sealed.
const FORM_BYTES: usize = 16 * 1024;

/// Answers what the router's own routes do not.
pub(crate) async fn public(State(app): State<Arc<App>>, request: Request) -> Response {
    // Routing is by our own configuration; the Host header builds nothing.
    let found = PublicRoute::of_path(request.uri().path());
    let found = found.and_then(|(route, issuer)| Some((route, app.host.tenants().at_path(issuer)?)));
    let Some((route, tenant)) = found else { return ApiError::not_found().into_response() };
    if !route.allows(request.method()) {
        // RFC 9110, section 15.5.6: with the methods that there are.
        let allow = HeaderValue::from_static(route.methods());
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, allow)]).into_response();
    }
    match route {
        PublicRoute::Continue => back(&app, &tenant, request).await,
        PublicRoute::Jwks => {
            let json = HeaderValue::from_static("application/jwk-set+json");
            ([(header::CONTENT_TYPE, json)], tenant.jwks.clone()).into_response()
        }
    }
}

/// The browser is back. Nothing is run and nothing is stored.
async fn back(app: &App, tenant: &Tenant, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default();
    let mut query: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let mut states = query.iter().filter(|(name, _)| name == "state").map(|(_, value)| value.clone());
    let (Some(state), None) = (states.next(), states.next()) else { return pages::not_ours() };
    drop(states);
    // The state first: a browser that has none does not get to send a body.
    let browser = match app.host.logins().check_state(tenant, state) {
        Ok(browser) => browser,
        Err(why) => return page_of(&why),
    };
    let form = match parts.method {
        Method::POST => match form(&parts.headers, body).await {
            Ok(form) => form,
            Err(response) => return *response,
        },
        _ => Vec::new(),
    };
    query.retain(|(name, _)| name != "state");
    if query.iter().chain(&form).any(|(_, value)| value.len() > limits::RESULT_TOKEN_BYTES) {
        return pages::too_large();
    }
    let method = if parts.method == Method::POST { "POST" } else { "GET" };
    let reply = SealedReply { state: browser.state.clone(), method: method.to_owned(), query, form };
    match app.host.logins().return_to(tenant, &browser, &reply).await {
        Ok(url) => match HeaderValue::from_str(url.as_str()) {
            Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
            Err(_) => pages::over(),
        },
        Err(why) => page_of(&why),
    }
}

/// The page for a browser that is not sent on.
fn page_of(why: &ReturnRefused) -> Response {
    match why {
        ReturnRefused::NotOurs => pages::not_ours(),
        ReturnRefused::Over => pages::over(),
        ReturnRefused::TooLarge => pages::too_large(),
        ReturnRefused::Unavailable(cause) => {
            tracing::error!(%cause, "continue: the store did not answer");
            let text = "Please try again in a moment; the login is still open.";
            pages::page(StatusCode::SERVICE_UNAVAILABLE, "Not available right now", text)
        }
        ReturnRefused::Internal(cause) => {
            tracing::error!(%cause, "continue: the reply was not sealed");
            pages::page(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong", "Please try again.")
        }
    }
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
