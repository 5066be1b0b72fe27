//! The audit: who changed what, and why, as lines of the log.

use crate::tenants::Caller;
use std::fmt::Display;

/// Writes a line of the audit, under the target `postlude::audit`.
pub(super) fn note(caller: &Caller, action: &str, subject: impl Display, reason: &str) {
    let (tenant, key, role) = (&caller.tenant.name, &*caller.key, caller.role);
    tracing::info!(target: "postlude::audit", %tenant, key, %role, action, %subject, reason, "an operator changed something");
}
