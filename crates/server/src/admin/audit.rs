//! What operators changed, for the log: who, what, and why.

use crate::auth::Caller;
use std::fmt::Display;

/// A line of the audit, under the target `postlude::audit`.
pub(super) fn note(caller: &Caller, action: &str, subject: impl Display, reason: &str) {
    let (tenant, key, role) = (&caller.tenant.name, &*caller.key, caller.role);
    tracing::info!(target: "postlude::audit", %tenant, key, %role, action, %subject, reason, "an operator changed something");
}
