//! Bodies of requests: read after the caller is known, bounded in bytes and time.

use crate::app::App;
use crate::auth::{Need, authenticate};
use crate::codes::ErrorCode;
use crate::error::ApiError;
use crate::wire::{self, BODY_BYTES};
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::HeaderMap;
use postlude_host::Caller;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// How long a body may take to arrive.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Authenticates before a byte of the body is read.
pub(crate) async fn receive(app: &App, request: Request, need: Need) -> Result<(Caller, HeaderMap, Bytes), ApiError> {
    let caller = authenticate(app, request.headers(), need)?;
    let (parts, body) = request.into_parts();
    Ok((caller, parts.headers, read_body(body).await?))
}

/// Authenticates, then reads the body strictly as JSON.
pub(crate) async fn receive_json<T: DeserializeOwned>(
    app: &App,
    request: Request,
    need: Need,
) -> Result<(Caller, T), ApiError> {
    let (caller, _, body) = receive(app, request, need).await?;
    Ok((caller, wire::read(&body)?))
}

async fn read_body(body: Body) -> Result<Bytes, ApiError> {
    let late = |_| ApiError::new(ErrorCode::RequestTimeout, "the body took longer than 10 seconds");
    let read = tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, BODY_BYTES)).await.map_err(late)?;
    let refused = |why: axum::Error| match why.to_string() {
        why if why.contains("length limit") => {
            let detail = format!("the body may have {BODY_BYTES} bytes; leave out what no action reads");
            ApiError::new(ErrorCode::BodyTooLarge, detail)
        }
        why => ApiError::invalid_request(format!("the body did not arrive whole: {why}")),
    };
    read.map_err(refused)
}
