//! All tenants of one configuration, and whose key or path is which tenant's.

use crate::tenant::Tenant;
use arc_swap::ArcSwap;
use postlude_config::{ApiKey, Role, hash_of};
use postlude_model::names::TenantName;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A caller whose API key is known.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The tenant to which the key is bound.
    pub tenant: Arc<Tenant>,
    /// The key's role.
    pub role: Role,
    /// The key's name in the configuration, for the audit.
    pub key: Arc<str>,
}

/// The tenants of one configuration, replaced as a whole.
#[derive(Debug, Default)]
pub struct Tenants {
    by_name: BTreeMap<TenantName, Arc<Tenant>>,
    by_key: HashMap<[u8; 32], (TenantName, Role, Arc<str>)>,
    /// By the path of the issuer, below which the public routes are.
    by_path: HashMap<String, Arc<Tenant>>,
}

impl Tenants {
    pub(crate) fn new(tenants: impl IntoIterator<Item = (Tenant, Vec<ApiKey>)>) -> Self {
        let mut all = Self::default();
        for (tenant, keys) in tenants {
            let caller = |key: ApiKey| (key.hash.value, (tenant.name.clone(), key.role, key.name.into()));
            all.by_key.extend(keys.into_iter().map(caller));
            let tenant = Arc::new(tenant);
            all.by_path.entry(tenant.issuer_path().to_owned()).or_insert_with(|| Arc::clone(&tenant));
            all.by_name.insert(tenant.name.clone(), tenant);
        }
        all
    }

    /// All tenants, by name.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Tenant>> {
        self.by_name.values().cloned().collect()
    }

    /// A tenant.
    #[must_use]
    pub fn get(&self, name: &TenantName) -> Option<&Arc<Tenant>> {
        self.by_name.get(name)
    }

    /// How many tenants there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.by_name.len()
    }

    /// The caller that an API key stands for. Keys are looked up by their hash: no comparison depends on the key itself.
    #[must_use]
    pub fn caller(&self, key: &str) -> Option<Caller> {
        let (tenant, role, key) = self.by_key.get(&hash_of(key))?;
        Some(Caller { tenant: self.by_name.get(tenant).cloned()?, role: *role, key: Arc::clone(key) })
    }

    /// The tenant at whose issuer's path a public route is.
    #[must_use]
    pub fn at_path(&self, issuer_path: &str) -> Option<Arc<Tenant>> {
        self.by_path.get(issuer_path).cloned()
    }

    /// The revision that each tenant's new logins take.
    #[must_use]
    pub fn revisions(&self) -> Vec<(TenantName, u64)> {
        self.by_name.iter().map(|(name, tenant)| (name.clone(), tenant.pipeline().revision)).collect()
    }
}

/// The tenants that are in force, replaced as a whole by a reload.
#[derive(Debug, Default)]
pub(crate) struct TenantsInForce(ArcSwap<Tenants>);

impl TenantsInForce {
    pub(crate) fn get(&self) -> Arc<Tenants> {
        self.0.load_full()
    }

    /// Puts a configuration into force, whole; returns the one before.
    pub(crate) fn replace(&self, tenants: Tenants) -> Arc<Tenants> {
        self.0.swap(Arc::new(tenants))
    }
}
