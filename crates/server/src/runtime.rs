//! What all requests share: the sandbox, the store, the clock, the claims in memory, and the tenants as configured now.

use crate::auth::{Caller, Role};
use crate::clock::Clock;
use crate::compiling::Compiler;
use crate::config::{ApiKey, Environment, hash_of};
use crate::flight::Flights;
use crate::orders::LiveOrders;
use crate::pipelines::Pipeline;
use crate::reload_handle::ReloadHandle;
use crate::tenant::Tenant;
use crate::wire::Answer;
use postlude_model::http::HttpClient;
use postlude_model::limits;
use postlude_model::names::TenantName;
use postlude_model::pipeline::Scene;
use postlude_sandbox::Sandbox;
use postlude_store::Store;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio_util::task::TaskTracker;

/// What all requests share.
pub struct Runtime {
    pub(crate) sandbox: Sandbox,
    pub(crate) compiler: Compiler,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Clock,
    /// The plugins' way out.
    pub(crate) http: Arc<dyn HttpClient>,
    pub(crate) environment: Environment,
    pub(crate) flights: Flights<Answer>,
    pub(crate) tasks: TaskTracker,
    pub(crate) earlier: Mutex<HashMap<(TenantName, u64), Arc<Pipeline>>>,
    /// By tenant, for as long as the process lives: a reload must not lose sight of them.
    pub(crate) orders: tokio::sync::Mutex<HashMap<TenantName, Arc<LiveOrders>>>,
    /// Asks the server to reload.
    pub(crate) reloads: ReloadHandle,
    /// Places for uploads.
    pub(crate) uploads: tokio::sync::Semaphore,
    tenants: RwLock<Arc<Tenants>>,
    stopping: AtomicBool,
}

/// The tenants of one configuration, replaced as a whole.
#[derive(Debug, Default)]
pub(crate) struct Tenants {
    by_name: BTreeMap<TenantName, Arc<Tenant>>,
    by_key: HashMap<[u8; 32], (TenantName, Role, Arc<str>)>,
}

impl Tenants {
    pub(crate) fn new(tenants: impl IntoIterator<Item = (Tenant, Vec<ApiKey>)>) -> Self {
        let mut all = Self::default();
        for (tenant, keys) in tenants {
            let caller = |key: ApiKey| (key.hash.value, (tenant.name.clone(), key.role, key.name.into()));
            all.by_key.extend(keys.into_iter().map(caller));
            all.by_name.insert(tenant.name.clone(), Arc::new(tenant));
        }
        all
    }

    pub(crate) fn get(&self, name: &TenantName) -> Option<&Arc<Tenant>> {
        self.by_name.get(name)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.by_name.len()
    }
}

impl Runtime {
    pub(crate) fn new(
        compiler: Compiler,
        store: Arc<dyn Store>,
        http: Arc<dyn HttpClient>,
        clock: Clock,
        environment: Environment,
        reloads: ReloadHandle,
    ) -> Self {
        let tasks = TaskTracker::new();
        clock.raise(store.last_commit_time());
        if clock.behind() > limits::CLOCK_SKEW {
            let seconds = clock.behind().as_secs();
            tracing::warn!(seconds, "the system's clock is behind the newest commit: it is wrong now, or was then");
        }
        Self {
            sandbox: compiler.sandbox().clone(),
            compiler,
            store,
            clock,
            http,
            environment,
            flights: Flights::new(tasks.clone()),
            tasks,
            earlier: Mutex::default(),
            orders: tokio::sync::Mutex::default(),
            reloads,
            uploads: tokio::sync::Semaphore::new(crate::admin::UPLOADS_AT_A_TIME),
            tenants: RwLock::default(),
            stopping: AtomicBool::new(false),
        }
    }

    /// The caller of a key: its tenant, its role and its name.
    pub(crate) fn caller(&self, key: &str) -> Option<Caller> {
        let tenants = self.tenants();
        let (tenant, role, key_name) = tenants.by_key.get(&hash_of(key))?;
        let tenant = tenants.by_name.get(tenant).cloned()?;
        Some(Caller { tenant, role: *role, key_name: Arc::clone(key_name) })
    }

    /// The tenant whose public route a path is.
    pub(crate) fn tenant_by_path(&self, path: &str, route: &str) -> Option<Arc<Tenant>> {
        self.tenants().by_name.values().find(|tenant| tenant.owns_path(path, route)).cloned()
    }

    /// What a tenant's logins run in, at this moment.
    pub(crate) fn scene<'a>(&self, tenant: &'a Tenant, pipeline: &'a Pipeline) -> Scene<'a> {
        Scene {
            actions: &pipeline.actions,
            handles: &tenant.handles,
            issuer: &tenant.issuer,
            continue_url: &tenant.continue_url,
            method_amr: &tenant.method_amr,
            orders: &*tenant.orders,
            state_lifetime: tenant.lifetimes.state,
            epoch: self.store.epoch(),
            now: self.clock.now(),
        }
    }

    /// Puts a configuration into force, whole.
    pub(crate) fn install(&self, tenants: Tenants) {
        *self.tenants.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(tenants);
    }

    pub(crate) fn tenants(&self) -> Arc<Tenants> {
        Arc::clone(&self.tenants.read().unwrap_or_else(PoisonError::into_inner))
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
