//! Errors as callers see them (RFC 9457), what the log must hold beside them, and the one place that maps a host's errors to both.

use crate::codes::ErrorCode;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use postlude_host::{Clock, HostError};
use postlude_model::login::EndReason;
use serde::Serialize;
use std::sync::atomic::{AtomicU64, Ordering};
use utoipa::ToSchema;

/// An error of the API: a stable code, a text that the caller may see, and an id that finds the cause in the log.
#[derive(Debug, Clone)]
pub struct ApiError {
    code: ErrorCode,
    detail: String,
    /// The mistakes of a configuration, where those are the error.
    problems: Vec<String>,
    /// For the log alone.
    cause: Option<String>,
    /// When to ask again, in seconds, where the status is 503.
    retry_after: u64,
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
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), problems: Vec::new(), cause: None, retry_after: 1 }
    }

    /// The request is malformed; the text says where.
    pub fn invalid_request(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidRequest, detail)
    }

    /// No key, or one that is not known.
    pub fn unauthenticated() -> Self {
        let detail = "send `Authorization: Bearer <key>` with a key of this tenant (`postlude keys new api` makes one)";
        Self::new(ErrorCode::Unauthenticated, detail)
    }

    /// No route has that path.
    pub fn not_found() -> Self {
        Self::new(ErrorCode::NotFound, "no such route; the README lists them")
    }

    /// A defect. The login is not let through.
    pub fn internal(cause: impl ToString) -> Self {
        HostError::internal(cause).into()
    }

    /// Load, or a store that does not answer. Nothing was decided and nothing changed.
    pub fn unavailable(cause: impl ToString) -> Self {
        HostError::unavailable(cause).into()
    }

    /// A configuration with mistakes. The caller sees the problems that concern it.
    pub fn configuration_refused(detail: impl Into<String>, problems: Vec<String>, cause: impl ToString) -> Self {
        let refused = Self::new(ErrorCode::ConfigurationRefused, detail);
        Self { problems, cause: Some(cause.to_string()), ..refused }
    }

    /// Writes the error to the log under a new id.
    pub(crate) fn log(&self) -> String {
        let (id, code, status) = (error_id(), self.code.as_str(), self.code.status());
        let cause = self.cause.as_deref().unwrap_or(&self.detail);
        if status.is_server_error() {
            tracing::error!(error_id = %id, code, status = status.as_u16(), %cause, "request failed");
        } else {
            tracing::info!(error_id = %id, code, status = status.as_u16(), %cause, "request refused");
        }
        id
    }
}

impl From<HostError> for ApiError {
    fn from(error: HostError) -> Self {
        let code = code_of(&error);
        let detail = error.to_string();
        let retry_after = match error {
            // Rounded up: then it can be told.
            HostError::LoginUncertain(left) => left.as_secs().saturating_add(1),
            _ => 1,
        };
        let cause = match error {
            HostError::Unavailable { cause } | HostError::Internal { cause } => Some(cause),
            _ => None,
        };
        Self { cause, retry_after, ..Self::new(code, detail) }
    }
}

/// The code of each error of a host.
const fn code_of(error: &HostError) -> ErrorCode {
    match error {
        HostError::InvalidRequest(_) => ErrorCode::InvalidRequest,
        HostError::InvalidReturnUrl(_) => ErrorCode::InvalidReturnUrl,
        HostError::IdempotencyMismatch => ErrorCode::IdempotencyMismatch,
        HostError::InvalidReply => ErrorCode::InvalidReply,
        HostError::InvalidState => ErrorCode::InvalidState,
        HostError::LoginUnknown | HostError::LoginGone => ErrorCode::LoginUnknown,
        HostError::LoginUncertain(_) => ErrorCode::LoginUncertain,
        HostError::RecordingUnknown(_) => ErrorCode::RecordingUnknown,
        HostError::LoginMismatch => ErrorCode::LoginMismatch,
        HostError::StateExpired => ErrorCode::StateExpired,
        HostError::LoginEnded(EndReason::SessionEnded) => ErrorCode::SessionEnded,
        HostError::LoginEnded(EndReason::Evicted) => ErrorCode::Evicted,
        HostError::SessionRotated => ErrorCode::SessionRotated,
        HostError::SessionUnknown => ErrorCode::SessionUnknown,
        HostError::SessionExists => ErrorCode::SessionExists,
        HostError::PluginUnknown => ErrorCode::PluginUnknown,
        HostError::PluginRefused(_) => ErrorCode::PluginRefused,
        HostError::BypassTargetUnknown => ErrorCode::BypassTargetUnknown,
        HostError::TooManyBypasses(_) => ErrorCode::TooManyBypasses,
        HostError::BypassUnknown => ErrorCode::BypassUnknown,
        HostError::BypassUsed => ErrorCode::BypassUsed,
        HostError::KillUnknown => ErrorCode::KillUnknown,
        HostError::LimitReached(_) => ErrorCode::LimitReached,
        HostError::TooManyTails(_) => ErrorCode::TooManyTails,
        HostError::Busy(_) | HostError::Unavailable { .. } => ErrorCode::Unavailable,
        HostError::Internal { .. } => ErrorCode::Internal,
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (id, status) = (self.log(), self.code.status());
        let problem = Problem {
            r#type: type_of(self.code),
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code: self.code.as_str(),
            detail: &self.detail,
            id,
            problems: &self.problems,
        };
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(self.retry_after));
        }
        response
    }
}

/// The URI of a code.
pub(crate) fn type_of(code: ErrorCode) -> String {
    format!("https://postlude.dev/errors/{}", code.as_str().replace('_', "-"))
}

/// An id that is unique over restarts as well: the time the process began, and a counter.
fn error_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    static BEGAN: std::sync::LazyLock<u64> = std::sync::LazyLock::new(|| Clock::system().now().0);
    format!("err_{:x}_{}", *BEGAN, NEXT.fetch_add(1, Ordering::Relaxed))
}
