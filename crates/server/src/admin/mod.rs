//! The operator's routes below `/v1/admin`, one file for each resource. Every one declares its roles, and acts for the
//! tenant of the key that called: nobody sees or changes another tenant's things.

mod audit;
mod bypass;
mod kill;
mod login_view;
mod logins;
mod pipeline;
mod plugins;
mod reload;
mod revoke;
mod sessions;
mod tail;
mod upload;

use crate::auth::{Caller, Need, caller};
use crate::error::ApiError;
use crate::routes::read_body;
use crate::runtime::Runtime;
use crate::wire;
use axum::extract::Request;
use postlude_model::limits::REASON_BYTES;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::sync::Arc;
use tracing::{Instrument as _, Span};
use utoipa_axum::router::OpenApiRouter;

pub(crate) use upload::Uploads;

/// All of them. A further resource adds one line.
pub(crate) fn routes() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::default()
        .merge(plugins::routes())
        .merge(upload::routes())
        .merge(pipeline::routes())
        .merge(reload::routes())
        .merge(logins::routes())
        .merge(login_view::routes())
        .merge(tail::routes())
        .merge(sessions::routes())
        .merge(bypass::routes())
        .merge(kill::routes())
        .merge(revoke::routes())
}

/// Records to look through in one call: some milliseconds of work, so that no list holds up a login.
const SCAN: usize = 1000;

/// Records in one answer, and how many without being asked.
const MOST: usize = 100;
const USUAL: usize = 50;

/// Authenticates, then reads the body.
async fn receive<T: DeserializeOwned>(
    runtime: &Runtime,
    request: Request,
    need: Need,
) -> Result<(Caller, T), ApiError> {
    let caller = enter(runtime, &request, need)?;
    let body = read_body(request.into_body()).await?;
    Ok((caller, wire::read(&body)?))
}

/// Authenticates; from here on the log says whose request it is.
fn enter(runtime: &Runtime, request: &Request, need: Need) -> Result<Caller, ApiError> {
    let caller = caller(runtime, request.headers(), need)?;
    Span::current().record("tenant", caller.tenant.name.as_str());
    Ok(caller)
}

/// Makes a change and notes it, to its end: a caller that goes away meanwhile must not leave a change without its line in
/// the audit.
async fn to_its_end<T: Send + 'static>(
    runtime: &Runtime,
    change: impl Future<Output = Result<T, ApiError>> + Send + 'static,
) -> Result<T, ApiError> {
    runtime.tasks.spawn(change.in_current_span()).await.map_err(ApiError::internal)?
}

/// How many records a caller wants.
fn limit(asked: Option<usize>) -> Result<usize, ApiError> {
    match asked.unwrap_or(USUAL) {
        limit @ 1..=MOST => Ok(limit),
        other => Err(ApiError::invalid_request(format!("`limit` is {other}; it may be 1 to {MOST}"))),
    }
}

/// The reason of an order: people read it at night.
fn reason(text: String) -> Result<String, ApiError> {
    if !text.trim().is_empty() && text.len() <= REASON_BYTES && !text.chars().any(char::is_control) {
        return Ok(text);
    }
    let detail = format!("`reason` is 1 to {REASON_BYTES} bytes without control characters");
    Err(ApiError::invalid_request(detail))
}

fn not_a_cursor() -> ApiError {
    ApiError::invalid_request("`cursor` is not one of this list; send `next` of the page before, with the same filters")
}
