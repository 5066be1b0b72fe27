//! Errors as callers see them (RFC 9457), and what the log must hold beside them.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::sync::atomic::{AtomicU64, Ordering};
use utoipa::ToSchema;

/// An error of the API: a stable code, a text that the caller may see, and an id that finds the cause in the log.
#[derive(Debug, Clone)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    detail: String,
    /// What is wrong with a configuration, where that is the error.
    problems: Vec<String>,
    /// For the log alone.
    cause: Option<String>,
}

/// An error (RFC 9457).
#[derive(Serialize, ToSchema)]
pub(crate) struct Problem<'a> {
    /// A URI of the code.
    r#type: String,
    /// The status in words.
    title: &'a str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// The stable code.
    code: &'a str,
    /// What happened and what to do, for the caller.
    detail: &'a str,
    /// Finds the cause in the log.
    id: String,
    /// Every mistake of a refused configuration.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    #[schema(required = false, value_type = Vec<String>)]
    problems: &'a [String],
}

impl ApiError {
    /// An error without a cause beyond what the caller is told.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), problems: Vec::new(), cause: None }
    }

    /// 400: the request is malformed; the text says where.
    pub fn invalid_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", detail)
    }

    /// 401: no key, or one that is not known.
    pub fn unauthenticated() -> Self {
        let detail = "send `Authorization: Bearer <key>` with a key of this tenant (`postlude keys new api` makes one)";
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
    }

    /// 409: not this login's browser, user, client or session.
    pub fn login_mismatch() -> Self {
        let detail = "the reply belongs to another transaction: login, resume key, user, client and session must be those \
                      of the login that was redirected; the login is still open for its own browser";
        Self::new(StatusCode::CONFLICT, "login_mismatch", detail)
    }

    /// 410: the state is too old.
    pub fn state_expired() -> Self {
        Self::new(
            StatusCode::GONE,
            "state_expired",
            "the prompt took too long; start a new login with `POST /v1/logins`",
        )
    }

    /// 410: the login was ended from outside.
    pub fn login_ended(code: &'static str) -> Self {
        let detail = match code {
            "evicted" => "the user opened more logins than one user may have open; start a new login",
            _ => "the session ended, or another user took it over, while the login was suspended; start a new login",
        };
        Self::new(StatusCode::GONE, code, detail)
    }

    /// 503: load, or a store that does not answer. Nothing was decided and nothing changed.
    pub fn unavailable(cause: impl ToString) -> Self {
        let detail = "nothing was decided and nothing changed; retry with the same key and the same bytes, then deny";
        Self { cause: Some(cause.to_string()), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail) }
    }

    /// 500: a defect. The login is not let through.
    pub fn internal(cause: impl ToString) -> Self {
        let detail = "an internal error; the log has the cause under this id";
        Self { cause: Some(cause.to_string()), ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail) }
    }

    /// 422: a configuration with mistakes. The caller sees the problems that concern it.
    pub fn configuration_refused(detail: impl Into<String>, problems: Vec<String>, cause: impl ToString) -> Self {
        let refused = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "configuration_refused", detail);
        Self { problems, cause: Some(cause.to_string()), ..refused }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// The status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Writes the error to the log under a new id.
    pub(crate) fn log(&self) -> String {
        let id = error_id();
        let cause = self.cause.as_deref().unwrap_or(&self.detail);
        if self.status.is_server_error() {
            tracing::error!(error_id = %id, code = self.code, status = self.status.as_u16(), %cause, "request failed");
        } else {
            tracing::info!(error_id = %id, code = self.code, status = self.status.as_u16(), %cause, "request refused");
        }
        id
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let id = self.log();
        let problem = Problem {
            r#type: type_of(self.code),
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            code: self.code,
            detail: &self.detail,
            id,
            problems: &self.problems,
        };
        let mut response = (self.status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// The URI of a code.
pub(crate) fn type_of(code: &str) -> String {
    format!("https://postlude.dev/errors/{}", code.replace('_', "-"))
}

/// An id that is unique over restarts as well: the time the process began, and a counter.
fn error_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    static BEGAN: std::sync::LazyLock<u64> = std::sync::LazyLock::new(|| crate::clock::Clock::system().now().0);
    format!("err_{:x}_{}", *BEGAN, NEXT.fetch_add(1, Ordering::Relaxed))
}
