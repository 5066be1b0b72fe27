//! Bodies of requests: read after the caller is known, bounded in bytes and time.

use crate::app::App;
use crate::auth::{Need, authenticate};
use crate::codes::ErrorCode;
use crate::error::ApiError;
use crate::wire::{self, BODY_BYTES};
use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use postlude_host::Caller;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// How long a body may take to arrive.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of a refused body that are read all the same, and for how long.
const DISCARDED: usize = 4 * BODY_BYTES;
const DISCARD_TIME: Duration = Duration::from_secs(10);

/// Authenticates before a byte of the body is read.
pub(crate) async fn receive(app: &App, request: Request, need: Need) -> Result<(Caller, HeaderMap, Bytes), ApiError> {
    let caller = authenticate(app, request.headers(), need)?;
    let (parts, body) = request.into_parts();
    let body = read_body(&parts.headers, body).await?;
    Ok((caller, parts.headers, body))
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

async fn read_body(headers: &HeaderMap, mut body: Body) -> Result<Bytes, ApiError> {
    let too_large = || {
        let detail = format!("the body may have {BODY_BYTES} bytes; leave out what no action reads");
        ApiError::new(ErrorCode::BodyTooLarge, detail)
    };
    // Whoever asks first whether the body is welcome hears so before any of it is sent.
    if body.size_hint().lower() > u64::try_from(BODY_BYTES).unwrap_or(u64::MAX) {
        discard(headers, body, DISCARDED).await;
        return Err(too_large());
    }
    let late = |_| ApiError::new(ErrorCode::RequestTimeout, "the body took longer than 10 seconds");
    let read = Limited::new(&mut body, BODY_BYTES).collect();
    match tokio::time::timeout(BODY_TIMEOUT, read).await.map_err(late)? {
        Ok(read) => Ok(read.to_bytes()),
        Err(why) if why.is::<LengthLimitError>() => {
            discard(headers, body, DISCARDED).await;
            Err(too_large())
        }
        Err(why) => Err(ApiError::invalid_request(format!("the body did not arrive whole: {why}"))),
    }
}

/// Reads what is left of a body that was refused, up to so many bytes: a client that sends before it reads would else find its connection
/// broken, and never see why. One that asked first (RFC 9110, section 10.1.1) has sent nothing yet.
pub(crate) async fn discard(headers: &HeaderMap, mut body: Body, most: usize) {
    if headers.contains_key(header::EXPECT) {
        return;
    }
    let rest = async {
        let mut left = most;
        while let Some(Ok(frame)) = body.frame().await {
            match left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) {
                Some(less) => left = less,
                None => return,
            }
        }
    };
    // Who takes longer, or sends more, sees the connection end.
    let _ = tokio::time::timeout(DISCARD_TIME, rest).await;
}
