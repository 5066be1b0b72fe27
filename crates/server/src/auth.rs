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
    /// Lets users past: the operator alone.
    Operate,
}

/// Who calls.
#[derive(Debug)]
pub(crate) struct Caller {
    /// The tenant that the key is bound to.
    pub(crate) tenant: Arc<Tenant>,
    /// The key's name, for the audit.
    pub(crate) key_name: String,
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
    let (tenant, role, key_name) = runtime.caller(key.trim()).ok_or_else(ApiError::unauthenticated)?;
    let forbidden = |detail| Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", detail));
    match (need, role) {
        (Need::Look, _) | (Need::Idp, Role::Idp) | (Need::Operate, Role::Operator) => Ok(Caller { tenant, key_name }),
        (Need::Idp, Role::Operator | Role::Reader) => {
            forbidden("this key has not the role `idp`; calls that change logins and sessions need one that has")
        }
        (Need::Operate, Role::Idp | Role::Reader) => {
            forbidden("this key has not the role `operator`; calls below `/v1/admin` need one that has")
        }
    }
}
