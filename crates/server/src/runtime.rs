//! What all requests share: the sandbox, the store, the clock, the claims in memory, and the tenants as configured now.

use crate::auth::Role;
use crate::clock::Clock;
use crate::config::{ApiKey, Environment, hash_of};
use crate::flight::Flights;
use crate::pipelines::Pipeline;
use crate::tenant::Tenant;
use crate::wire::Answer;
use postlude_model::limits;
use postlude_model::names::{Digest, TenantName};
use postlude_model::pipeline::Scene;
use postlude_sandbox::{Plugin, Sandbox};
use postlude_store::Store;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio_util::task::TaskTracker;

/// What all requests share.
pub struct Runtime {
    pub(crate) sandbox: Sandbox,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Clock,
    pub(crate) environment: Environment,
    pub(crate) flights: Flights<Answer>,
    pub(crate) tasks: TaskTracker,
    pub(crate) earlier: Mutex<HashMap<(TenantName, u64), Arc<Pipeline>>>,
    plugins: Mutex<HashMap<Digest, Plugin>>,
    tenants: RwLock<Arc<Tenants>>,
    stopping: AtomicBool,
}

/// The tenants of one configuration, replaced as a whole.
#[derive(Debug, Default)]
pub(crate) struct Tenants {
    by_name: BTreeMap<TenantName, Arc<Tenant>>,
    by_key: HashMap<[u8; 32], (TenantName, Role)>,
    /// By the path of the issuer, below which the public routes are.
    by_path: HashMap<String, Arc<Tenant>>,
}

impl Tenants {
    pub(crate) fn new(tenants: impl IntoIterator<Item = (Tenant, Vec<ApiKey>)>) -> Self {
        let mut all = Self::default();
        for (tenant, keys) in tenants {
            all.by_key.extend(keys.into_iter().map(|key| (key.hash.value, (tenant.name.clone(), key.role))));
            let tenant = Arc::new(tenant);
            all.by_path.entry(tenant.issuer_path().to_owned()).or_insert_with(|| Arc::clone(&tenant));
            all.by_name.insert(tenant.name.clone(), tenant);
        }
        all
    }
}

impl Runtime {
    pub(crate) fn new(sandbox: Sandbox, store: Arc<dyn Store>, clock: Clock, environment: Environment) -> Self {
        let tasks = TaskTracker::new();
        clock.raise(store.last_commit_time());
        if clock.behind() > limits::CLOCK_SKEW {
            let seconds = clock.behind().as_secs();
            tracing::warn!(seconds, "the system's clock is behind the newest commit: it is wrong now, or was then");
        }
        Self {
            sandbox,
            store,
            clock,
            environment,
            flights: Flights::new(tasks.clone()),
            tasks,
            earlier: Mutex::default(),
            plugins: Mutex::default(),
            tenants: RwLock::default(),
            stopping: AtomicBool::new(false),
        }
    }

    /// The caller of a key: its tenant and role.
    pub(crate) fn caller(&self, key: &str) -> Option<(Arc<Tenant>, Role)> {
        let tenants = self.tenants();
        let (name, role) = tenants.by_key.get(&hash_of(key))?;
        Some((tenants.by_name.get(name).cloned()?, *role))
    }

    /// The tenant whose public route a path is.
    pub(crate) fn tenant_by_path(&self, path: &str, route: &str) -> Option<Arc<Tenant>> {
        self.tenants().by_path.get(path.strip_suffix(route)?).cloned()
    }

    /// What a tenant's logins run in, at this moment.
    pub(crate) fn scene<'a>(&self, tenant: &'a Tenant, pipeline: &'a Pipeline) -> Scene<'a> {
        Scene {
            actions: &pipeline.actions,
            handles: &tenant.handles,
            issuer: &tenant.issuer,
            continue_url: &tenant.continue_url,
            method_amr: &tenant.method_amr,
            state_lifetime: tenant.lifetimes.state,
            epoch: self.store.epoch(),
            now: self.clock.now(),
        }
    }

    /// Puts a configuration into force, whole.
    pub(crate) fn install(&self, tenants: Tenants) {
        *self.tenants.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(tenants);
    }

    fn tenants(&self) -> Arc<Tenants> {
        Arc::clone(&self.tenants.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn compiled(&self, digest: Digest) -> Option<Plugin> {
        self.plugins.lock().unwrap_or_else(PoisonError::into_inner).get(&digest).cloned()
    }

    pub(crate) fn keep_compiled(&self, plugin: Plugin) {
        self.plugins.lock().unwrap_or_else(PoisonError::into_inner).insert(plugin.digest(), plugin);
    }

    /// Whether logins can be served, or why not.
    pub(crate) async fn ready(&self) -> Result<(), String> {
        if self.stopping.load(Ordering::SeqCst) {
            return Err("stopping".to_owned());
        }
        let tenants = self.tenants();
        let Some(name) = tenants.by_name.keys().next() else { return Err("no tenant is configured".to_owned()) };
        self.store.login_by_key(name, "readyz").await.map(|_| ()).map_err(|why| why.to_string())
    }

    /// From here on `readyz` says no, so that a balancer sends nobody any more.
    pub(crate) fn begin_stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").field("clock", &self.clock).finish_non_exhaustive()
    }
}
