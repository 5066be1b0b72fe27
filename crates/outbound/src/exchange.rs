//! One request and its response, within their sizes.

use crate::headers;
use crate::resolve::Refused;
use postlude_model::http::{HttpError, Response};
use postlude_model::limits::HTTP_BODY_BYTES;
use reqwest::Method;
use std::error::Error;

/// Bytes of a cause that a plugin gets to read.
const CAUSE_BYTES: usize = 200;

/// Reads a method: those that ask a resource for something (RFC 9110, section 9.3; RFC 5789).
pub(crate) fn method(name: &str) -> Result<Method, HttpError> {
    let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    let found = known.into_iter().find(|method| method.as_str() == name);
    found.ok_or_else(|| {
        HttpError::InvalidRequest("the method is none of GET HEAD POST PUT PATCH DELETE OPTIONS".to_owned())
    })
}

/// Sends a request and reads the response to its end.
pub(crate) async fn exchange(request: reqwest::RequestBuilder) -> Result<Response, HttpError> {
    let mut answer = request.send().await.map_err(failed)?;
    let most = u64::try_from(HTTP_BODY_BYTES).unwrap_or(u64::MAX);
    let status = answer.status().as_u16();
    let headers = headers::shown(answer.headers())?;
    let mut body = Vec::new();
    if answer.content_length().is_some_and(|length| length > most) {
        return Err(HttpError::TooLarge);
    }
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        if body.len().saturating_add(chunk.len()) > HTTP_BODY_BYTES {
            return Err(HttpError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Response { status, headers, body })
}

/// What a plugin learns of a failure: enough to tell a wrong certificate from a closed port, and no address.
fn failed(error: reqwest::Error) -> HttpError {
    if error.is_timeout() {
        return HttpError::Timeout;
    }
    let mut cause: &(dyn Error + 'static) = &error;
    while let Some(next) = cause.source() {
        if next.downcast_ref::<Refused>().is_some() {
            return HttpError::Other(Refused.to_string());
        }
        cause = next;
    }
    let mut text: String = cause.to_string().chars().flat_map(char::escape_default).collect();
    text.truncate(CAUSE_BYTES);
    HttpError::Other(if error.is_connect() {
        format!("cannot connect: {text}")
    } else {
        format!("no response: {text}")
    })
}
