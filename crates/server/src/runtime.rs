//! What all requests share: the sandbox, the store, the clock, the claims in memory, and the tenants as configured now.

use crate::auth::{Caller, Role};
use crate::clock::Clock;
use crate::compiling::Compiler;
use crate::config::{ApiKey, Environment, hash_of};
use crate::earlier::Earlier;
use crate::events::Events;
use crate::flight::Flights;
use crate::metrics::Metrics;
use crate::orders::LiveOrders;
use crate::pipelines::Pipeline;
use crate::reloading::Reloads;
use crate::tenant::Tenant;
use crate::wire::Answer;
use postlude_model::limits;
use postlude_model::names::{LoginId, TenantName};
use postlude_model::pipeline::PipelineContext;
use postlude_outbound::Outbound;
use postlude_sandbox::Sandbox;
use postlude_store::Store;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What all requests share.
pub struct Runtime {
    pub(crate) sandbox: Sandbox,
    pub(crate) compiler: Compiler,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Clock,
    /// The plugins' way out.
    pub(crate) http: Outbound,
    pub(crate) environment: Environment,
    pub(crate) flights: Flights<Answer>,
    pub(crate) tasks: TaskTracker,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) events: Arc<Events>,
    pub(crate) earlier: Earlier,
    pub(crate) reloads: Reloads,
    /// By tenant, for as long as the process lives: a reload must not lose sight of them.
    pub(crate) orders: tokio::sync::Mutex<HashMap<TenantName, Arc<LiveOrders>>>,
    /// Places for uploads.
    pub(crate) uploads: crate::admin::Uploads,
    tenants: RwLock<Arc<Tenants>>,
    stopping: CancellationToken,
}

/// The tenants of one configuration, replaced as a whole.
#[derive(Debug, Default)]
pub(crate) struct Tenants {
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

    /// All of them, by name.
    pub(crate) fn all(&self) -> Vec<Arc<Tenant>> {
        self.by_name.values().cloned().collect()
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
        http: Outbound,
        clock: Clock,
        environment: Environment,
        metrics: Arc<Metrics>,
        reloads: Reloads,
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
            metrics,
            events: Arc::default(),
            earlier: Earlier::default(),
            reloads,
            orders: tokio::sync::Mutex::default(),
            uploads: Default::default(),
            tenants: RwLock::default(),
            stopping: CancellationToken::new(),
        }
    }

    /// The caller of a key: its tenant, its role and its name.
    pub(crate) fn caller(&self, key: &str) -> Option<Caller> {
        let tenants = self.tenants();
        let (tenant, role, key) = tenants.by_key.get(&hash_of(key))?;
        Some(Caller { tenant: tenants.by_name.get(tenant).cloned()?, role: *role, key: Arc::clone(key) })
    }

    /// The tenant whose public route a path is.
    pub(crate) fn tenant_by_path(&self, path: &str, route: &str) -> Option<Arc<Tenant>> {
        self.tenants().by_path.get(path.strip_suffix(route)?).cloned()
    }

    /// What a tenant's logins run in, at this moment.
    pub(crate) fn pipeline_context<'a>(&self, tenant: &'a Tenant, pipeline: &'a Pipeline) -> PipelineContext<'a> {
        PipelineContext {
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

    /// Puts a configuration into force, whole; returns the one before.
    pub(crate) fn install(&self, tenants: Tenants) -> Arc<Tenants> {
        let mut now = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut now, Arc::new(tenants))
    }

    /// The tenants of now, by name.
    pub(crate) fn all_tenants(&self) -> Vec<Arc<Tenant>> {
        self.tenants().all()
    }

    pub(crate) fn tenants(&self) -> Arc<Tenants> {
        Arc::clone(&self.tenants.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The revision that each tenant's new logins take.
    pub(crate) fn revisions(&self) -> Vec<(TenantName, u64)> {
        let tenants = self.tenants();
        tenants.by_name.iter().map(|(name, tenant)| (name.clone(), tenant.pipeline().revision)).collect()
    }

    /// How many plugins' code is in memory.
    pub(crate) fn plugins_loaded(&self) -> u64 {
        u64::try_from(self.compiler.live()).unwrap_or(u64::MAX)
    }

    /// Whether logins can be served, or why not.
    pub(crate) async fn ready(&self) -> Result<(), String> {
        if self.is_stopping() {
            return Err("stopping".to_owned());
        }
        let tenants = self.tenants();
        let Some(name) = tenants.by_name.keys().next() else { return Err("no tenant is configured".to_owned()) };
        let nobody = LoginId::derived("lgn_", "readyz");
        self.store.login(name, &nobody).await.map(|_| ()).map_err(|why| why.to_string())
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }

    /// Ends once the server stops.
    pub(crate) async fn stopped(&self) {
        self.stopping.cancelled().await;
    }

    /// From here on `readyz` says no, so that a balancer sends nobody any more.
    pub(crate) fn begin_stop(&self) {
        self.stopping.cancel();
        self.events.close();
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").field("clock", &self.clock).finish_non_exhaustive()
    }
}
