//! Who calls: the bearer key (RFC 6750, section 2.1), the tenant that it is bound to, and its role.

use crate::error::ApiError;
use crate::runtime::Runtime;
use crate::tenant::Tenant;
use axum::http::{HeaderMap, StatusCode, header};
use std::sync::Arc;

pub use crate::config::Role;

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Need {
    /// Changes logins and sessions: the IdP alone.
    Idp,
    /// Looks only: every role.
    Look,
    /// Looks at what the operator sees: the operator and who may read.
    Inspect,
}

/// The tenant of the caller, once its key is known and its role suffices.
pub(crate) fn authenticate(runtime: &Runtime, headers: &HeaderMap, need: Need) -> Result<Arc<Tenant>, ApiError> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, key) = value.and_then(|value| value.split_once(' ')).ok_or_else(ApiError::unauthenticated)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(ApiError::unauthenticated());
    }
    // Keys are looked up by their hash: no comparison depends on the key itself.
    let (tenant, role) = runtime.caller(key.trim()).ok_or_else(ApiError::unauthenticated)?;
    match (need, role) {
        (Need::Look, _) | (Need::Idp, Role::Idp) | (Need::Inspect, Role::Operator | Role::Reader) => Ok(tenant),
        (Need::Idp, Role::Operator | Role::Reader) => {
            let detail = "this key has not the role `idp`; calls that change logins and sessions need one that has";
            Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", detail))
        }
        (Need::Inspect, Role::Idp) => {
            let detail =
                "this key has the role `idp`; looking into logins needs one of the role `operator` or `reader`";
            Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", detail))
        }
    }
}
