//! The caller of a request: the bearer key (RFC 6750, section 2.1), the tenant that it is bound to, and its role.

use crate::app::App;
use crate::codes::ErrorCode;
use crate::error::ApiError;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use postlude_config::Role;
use postlude_host::{Caller, log_context};

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Need {
    /// Changes logins and sessions: the IdP alone.
    Idp,
    /// Looks only: every role.
    Look,
    /// Looks at what the operator sees: operators and readers.
    Inspect,
    /// Changes what serves, and what was recorded: the operator alone.
    Operate,
}

impl Need {
    /// The roles that suffice.
    pub(crate) const fn roles(self) -> &'static [Role] {
        match self {
            Self::Idp => &[Role::Idp],
            Self::Look => &Role::ALL,
            Self::Inspect => &[Role::Operator, Role::Reader],
            Self::Operate => &[Role::Operator],
        }
    }
}

/// The one value of a header; none where the request does not have it.
///
/// # Errors
/// When the request has the header twice (RFC 9110, section 5.3: it may only where its values are a list).
pub(crate) fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h HeaderValue>, ApiError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (first, None) => Ok(first),
        _ => Err(ApiError::invalid_request(format!("the request has the header `{name}` more than once"))),
    }
}

/// Which of two keys counts is not ours to choose.
fn twice() -> ApiError {
    ApiError::new(ErrorCode::Unauthenticated, "the request has the header `authorization` more than once; send one key")
}

/// The caller, once its key is known and its role suffices. From here on the log names its tenant.
pub(crate) fn authenticate(app: &App, headers: &HeaderMap, need: Need) -> Result<Caller, ApiError> {
    // Requests for two hosts, or of two callers, are read in one way here and in another by a proxy before.
    single(headers, &header::HOST)?;
    let value = single(headers, &header::AUTHORIZATION).map_err(|_| twice())?.and_then(|value| value.to_str().ok());
    let (scheme, key) = value.and_then(|value| value.split_once(' ')).ok_or_else(ApiError::unauthenticated)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(ApiError::unauthenticated());
    }
    let caller = app.host.tenants().caller(key.trim()).ok_or_else(ApiError::unauthenticated)?;
    if need.roles().contains(&caller.role) {
        log_context::set_tenant(&caller.tenant.name);
        return Ok(caller);
    }
    let roles = need.roles().iter().map(|role| format!("`{role}`")).collect::<Vec<_>>().join(" or ");
    let detail = format!("this key has the role `{}`; this call needs {roles}", caller.role);
    Err(ApiError::new(ErrorCode::Forbidden, detail))
}
