//! Who calls: the bearer key (RFC 6750, section 2.1), the tenant that it is bound to, and its role.

use crate::error::ApiError;
use crate::runtime::Runtime;
use crate::tenant::Tenant;
use axum::http::{HeaderMap, StatusCode, header};
use std::sync::Arc;

pub use crate::config::Role;

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Changes logins and sessions: the IdP alone.
    Idp,
    /// Looks only: every role.
    Look,
    /// Looks at what the operator sees: the operator and who may read.
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

/// Who calls.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The tenant that the key is bound to.
    pub(crate) tenant: Arc<Tenant>,
    /// The key's role.
    pub(crate) role: Role,
    /// The key's name in the configuration, for the audit.
    pub(crate) key: Arc<str>,
}

/// The tenant of the caller, once its key is known and its role suffices.
pub(crate) fn authenticate(runtime: &Runtime, headers: &HeaderMap, need: Need) -> Result<Arc<Tenant>, ApiError> {
    caller(runtime, headers, need).map(|caller| caller.tenant)
}

/// The caller, once its key is known and its role suffices.
pub(crate) fn caller(runtime: &Runtime, headers: &HeaderMap, need: Need) -> Result<Caller, ApiError> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, key) = value.and_then(|value| value.split_once(' ')).ok_or_else(ApiError::unauthenticated)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(ApiError::unauthenticated());
    }
    // Keys are looked up by their hash: no comparison depends on the key itself.
    let caller = runtime.caller(key.trim()).ok_or_else(ApiError::unauthenticated)?;
    if need.roles().contains(&caller.role) {
        return Ok(caller);
    }
    let roles = need.roles().iter().map(|role| format!("`{role}`")).collect::<Vec<_>>().join(" or ");
    let detail = format!("this key has the role `{}`; this call needs {roles}", caller.role);
    Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", detail))
}
