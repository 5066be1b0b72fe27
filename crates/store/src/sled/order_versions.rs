//! Which orders are in force, for commits that rest on them: their versions alone, in memory.

use postlude_model::names::TenantName;
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// The version of each tenant's orders, since the store was opened.
#[derive(Debug, Default)]
pub(crate) struct OrderVersions(RwLock<HashMap<TenantName, u64>>);

impl OrderVersions {
    /// What the store was opened with.
    pub(crate) fn begin(&self, all: impl Iterator<Item = (TenantName, u64)>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).extend(all);
    }

    pub(crate) fn changed(&self, tenant: &TenantName, version: u64) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(tenant.clone(), version);
    }

    /// Whether the orders that something rests on are in force; none: it rests on none.
    pub(crate) fn are_seen(&self, tenant: &TenantName, seen: Option<u64>) -> bool {
        let in_force = || self.0.read().unwrap_or_else(PoisonError::into_inner).get(tenant).copied().unwrap_or(0);
        seen.is_none_or(|seen| seen == in_force())
    }
}
