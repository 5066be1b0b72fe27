//! A host: opened from a configuration file, run until it is stopped.

use crate::after_crash::AfterCrash;
use crate::clock::Clock;
use crate::log_context::About;
use crate::login::Logins;
use crate::lost::Lost;
use crate::maintenance::Maintenance;
use crate::metrics::Metrics;
use crate::moment::Moment;
use crate::operator::Operator;
use crate::orders::OrderBook;
use crate::parts::{HostParts, PluginHttp};
use crate::plugin::{Compilation, Compiler};
use crate::recordings::Recordings;
use crate::reload::{Activator, ReloadRefused, Reloads, Started, Watched, session_lifetime, warn, watch};
use crate::revision::{Loaded, Revisions, finish, finish_and_keep, read};
use crate::services::Services;
use crate::sessions::Sessions;
use crate::tenants::{Tenants, TenantsInForce};
use postlude_config::{Config, Environment, Problems, RunsSettings, Signing};
use postlude_crypto::mac::RecordMac;
use postlude_model::names::LoginId;
use postlude_outbound::{Outbound, OutboundConfig, OutboundError};
use postlude_sandbox::{EngineError, RunLimits, Sandbox, SandboxConfig};
use postlude_store::{Availability, EngineKind, OpenError, StoreCondition, StoreError, StoreOptions};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often it is looked whether the host can go on.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How long calls under way are waited for when the host closes: longer than any run.
const CLOSING: Duration = Duration::from_secs(35);

/// What a host is made from.
#[derive(Debug, Clone)]
pub struct HostOptions {
    /// The configuration file.
    pub config: PathBuf,
    /// Where time comes from.
    pub clock: Clock,
    /// Where secrets by variable come from.
    pub environment: Environment,
    /// Where plugins are compiled.
    pub compilation: Compilation,
    /// The engine of the store.
    pub engine: EngineKind,
    /// What the program around the host brings along; [`Default`] for a server.
    pub parts: HostParts,
}

/// Why a host is not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenHostError {
    /// The configuration, or a plugin that it names, has mistakes.
    #[error("the configuration cannot be served:\n{0}")]
    Config(#[from] Problems),
    /// The sandbox's engine does not work on this machine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The store cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The client for the requests of plugins cannot be made.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// A defect.
    #[error("the store was not opened: {0}")]
    Defect(String),
    /// The configuration was not taken.
    #[error("the configuration was not taken: {0}")]
    Refused(#[from] ReloadRefused),
}

/// A Postlude host. Cheap to clone; all clones are the same host.
#[derive(Debug, Clone)]
pub struct Host(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    services: Arc<Services>,
    tenants: Arc<TenantsInForce>,
    logins: Logins,
    sessions: Sessions,
    operator: Operator,
    reloads: Arc<Reloads>,
    maintenance: Maintenance,
    config: Config,
}

impl Host {
    /// Reads and checks the configuration, compiles the plugins, opens the store, puts the configuration into force.
    ///
    /// # Errors
    /// Every mistake of the configuration at once; a store that is in use, damaged or newer; an engine that does not work.
    pub async fn open(options: HostOptions) -> Result<Self, OpenHostError> {
        let HostOptions { config: file, clock, environment, compilation, engine, parts } = options;
        let HostParts { compiler: shared, http, runs } = parts;
        let is_shared = shared.is_some();
        let watched = Watched::now(&file, false);
        let draft = read(&file, &environment).await?;
        let compiler = match shared {
            Some(compiler) => compiler,
            None => Compiler::new(Sandbox::new(sandbox_config(&draft.config().server.runs))?, compilation),
        };
        let sandbox = compiler.sandbox().clone();
        // The code of a shared compiler belongs to no host's data folder.
        let loading = if is_shared {
            finish(draft, &compiler, &environment).await
        } else {
            finish_and_keep(draft, &compiler, &environment).await
        };
        let loaded = loading?;
        loaded.try_starts(&sandbox).await?;
        warn(loaded.warnings());
        let config = loaded.checked.config.clone();
        let metrics = Arc::new(Metrics::new());
        metrics.register(|registry| compiler.register(registry));
        // A disk may take its time, or hang: whoever waits for the host can still be told to stop.
        let options = store_options(engine, &config, &loaded.checked.signing, &metrics);
        let opened = tokio::task::spawn_blocking(|| postlude_store::open(options)).await;
        let store = opened.map_err(|why| OpenHostError::Defect(why.to_string()))??;
        let http = match http {
            Some(client) => PluginHttp::Given(client),
            None => PluginHttp::Network(open_outbound(&config)?),
        };
        clock.begin(store.last_commit_time());
        let after_crash = AfterCrash::default();
        after_crash.look(&*store, &clock);
        let services = Services {
            sandbox,
            compiler,
            store,
            clock,
            after_crash,
            http,
            runs,
            recordings: Recordings::new(config.server.recordings),
            environment,
            metrics,
            events: Arc::default(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            plugin_files: tokio::sync::Mutex::default(),
        };
        let started = Started::new(file, &config, watched);
        Self::assemble(Arc::new(services), config, started, loaded).await
    }

    async fn assemble(
        services: Arc<Services>,
        config: Config,
        started: Started,
        loaded: Loaded,
    ) -> Result<Self, OpenHostError> {
        let tenants = Arc::new(TenantsInForce::default());
        let revisions = Arc::new(Revisions::new(Arc::clone(&services)));
        let orders = Arc::new(OrderBook::new(Arc::clone(&services)));
        let sessions = Sessions::new(Arc::clone(&services));
        let activator = Activator {
            services: Arc::clone(&services),
            tenants: Arc::clone(&tenants),
            revisions: Arc::clone(&revisions),
            orders: Arc::clone(&orders),
            signing: loaded.checked.signing.clone(),
        };
        let reloads = Arc::new(Reloads::new(activator, started));
        reloads.activate_first(loaded).await?;
        let maintenance = Maintenance {
            services: Arc::clone(&services),
            tenants: Arc::clone(&tenants),
            revisions: Arc::clone(&revisions),
            orders: Arc::clone(&orders),
        };
        Ok(Self(Arc::new(Parts {
            logins: Logins::new(Arc::clone(&services), revisions, sessions.clone()),
            operator: Operator::new(&services, &sessions, orders, Arc::clone(&reloads), &tenants, &config.server),
            services,
            tenants,
            sessions,
            reloads,
            maintenance,
            config,
        })))
    }

    /// The configuration that the host was opened with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The tenants of the configuration that is in force.
    #[must_use]
    pub fn tenants(&self) -> Arc<Tenants> {
        self.0.tenants.get()
    }

    /// The calls about logins.
    #[must_use]
    pub fn logins(&self) -> &Logins {
        &self.0.logins
    }

    /// The calls about sessions.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    /// The operators' calls.
    #[must_use]
    pub fn operator(&self) -> &Operator {
        &self.0.operator
    }

    /// The reloads of the configuration.
    #[must_use]
    pub fn reloads(&self) -> &Arc<Reloads> {
        &self.0.reloads
    }

    /// The cores that its runs are scheduled on. Who serves it has a thread for each, which says so by
    /// [`postlude_sandbox::enter_core`].
    #[must_use]
    pub fn cores(&self) -> usize {
        self.0.services.sandbox.cores()
    }

    /// Has runs of plugins that spent their budget lately done by the tasks of these runtimes, in turn, from now on. Each has one thread, which
    /// said so by [`crate::enter_background`], and runs until the host is closed.
    pub fn use_background(&self, runtimes: Vec<tokio::runtime::Handle>) {
        let next = std::sync::atomic::AtomicUsize::new(0);
        self.0.services.sandbox.use_background(Arc::new(move |work| {
            let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            if let Some(runtime) = number.checked_rem(runtimes.len()).and_then(|at| runtimes.get(at)) {
                runtime.spawn(About::current().cover(work));
            }
        }));
    }

    /// The live tail.
    #[must_use]
    pub fn events(&self) -> &Arc<crate::events::Events> {
        &self.0.services.events
    }

    /// The host's clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.0.services.clock
    }

    /// The metrics. An adapter for a protocol adds its own.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.0.services.metrics
    }

    /// All metrics as OpenMetrics text, of the type [`OPEN_METRICS`](crate::OPEN_METRICS).
    ///
    /// # Errors
    /// When a series cannot be written: a defect.
    pub fn metrics_text(&self) -> Result<String, fmt::Error> {
        self.metrics().text(Box::new(Moment(Arc::clone(&self.0.services), Arc::clone(&self.0.tenants))))
    }

    /// Whether logins can be served.
    ///
    /// # Errors
    /// Why they cannot, for a person.
    pub async fn ready(&self) -> Result<(), String> {
        if self.is_stopping() {
            return Err("stopping".to_owned());
        }
        if let Availability::Failing(why) | Availability::Lost(why) = self.0.services.store.availability() {
            return Err(why);
        }
        let tenants = self.tenants();
        let Some(tenant) = tenants.all().into_iter().next() else { return Err("no tenant is configured".to_owned()) };
        let nobody = LoginId::derived("lgn_", "readyz");
        let looked = self.0.services.store.login(&tenant.name, &nobody).await;
        looked.map(|_| ()).map_err(|why| why.to_string())
    }

    /// What a person should know although logins are served.
    #[must_use]
    pub fn alarm(&self) -> Option<String> {
        self.clock().alarm().map(|alarm| alarm.text)
    }

    /// Why the host cannot go on by itself, where it cannot.
    #[must_use]
    pub fn lost(&self) -> Option<Lost> {
        if let Availability::Lost(why) = self.0.services.store.availability() {
            return Some(Lost::Store(why));
        }
        let alarm = self.clock().alarm().filter(|alarm| alarm.ends_process)?;
        Some(Lost::Clock(alarm.text))
    }

    /// Waits until the host cannot go on by itself. It looks at the clock, also where nobody asks for the time, and whether the store
    /// was opened again.
    pub async fn until_lost(&self) -> Lost {
        loop {
            let Services { after_crash, store, clock, .. } = &*self.0.services;
            after_crash.look(&**store, clock);
            if let Some(lost) = self.lost() {
                return lost;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Deletes what has expired, unless the clock is in doubt. A host that runs does it by itself every minute.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        self.0.maintenance.sweep().await
    }

    /// Deletes stored revisions and plugin files that no login can need any more. A host that runs does it by itself every hour.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn collect_garbage(&self) -> Result<(), StoreError> {
        self.0.maintenance.collect().await
    }

    /// What is known of the condition of what is stored.
    #[must_use]
    pub fn store_condition(&self) -> StoreCondition {
        self.0.services.store.condition()
    }

    /// The number of compiled plugins in memory.
    #[must_use]
    pub fn compiled_plugins(&self) -> usize {
        self.0.services.compiler.in_memory()
    }

    /// Maintains the store and takes changed files, until it is dropped. Each is a task of its own: a defect in one does not end
    /// the other.
    pub async fn run(&self) {
        let mut tasks = JoinSet::new();
        tasks.spawn(self.0.maintenance.clone().run());
        tasks.spawn(self.0.maintenance.clone().scrub());
        tasks.spawn(watch(Arc::clone(&self.0.reloads)));
        while let Some(ended) = tasks.join_next().await {
            if let Err(cause) = ended {
                tracing::error!(%cause, "a background task of the host panicked: the store is not swept or scrubbed, or files are not watched, until a restart");
            }
        }
    }

    /// Whether the host stops.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.0.services.stopping.is_cancelled()
    }

    /// Begins to stop: [`Host::ready`] fails from here on, so that a balancer sends no more calls, and live tails end.
    pub fn begin_stop(&self) {
        self.0.services.stopping.cancel();
        self.0.services.events.close();
    }

    /// Waits for the calls that still run, and closes the store. Later calls fail.
    ///
    /// # Errors
    /// When the store cannot be closed properly.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.begin_stop();
        // Calls whose caller went away still run: they end before the store closes.
        self.0.services.tasks.close();
        if tokio::time::timeout(CLOSING, self.0.services.tasks.wait()).await.is_err() {
            tracing::warn!("calls were still under way when the store was closed");
        }
        self.0.services.store.shutdown().await
    }
}

fn sandbox_config(settings: &RunsSettings) -> SandboxConfig {
    let default = SandboxConfig::default();
    let runs = RunLimits {
        places: settings.places.unwrap_or(default.runs.places),
        plugin_places: settings.places_per_plugin.unwrap_or(default.runs.plugin_places),
        max_wait: settings.max_wait.unwrap_or(default.runs.max_wait),
        max_runs: settings.max_per_tenant.unwrap_or(default.runs.max_runs),
    };
    SandboxConfig { cores: settings.cores.unwrap_or(default.cores), runs, ..default }
}

fn open_outbound(config: &Config) -> Result<Outbound, OutboundError> {
    let settings = &config.server.outbound;
    let (ca_pem, allow_private) = (settings.ca_pem.clone(), settings.allow_private.clone());
    Outbound::new(OutboundConfig { development: config.server.development, ca_pem, allow_private, resolver: None })
}

fn store_options(engine: EngineKind, config: &Config, signing: &Signing, metrics: &Metrics) -> StoreOptions {
    StoreOptions {
        engine,
        data_dir: config.server.data_dir.clone(),
        high_water_file: config.server.high_water_file.clone(),
        mac: Arc::new(RootKeyMac(RecordMac::new(Arc::clone(signing.roots())))),
        session_lifetime: session_lifetime(config),
        observer: metrics.store(),
        disk_patience: config.server.disk_patience,
    }
}

/// The MAC of stored records, by the root key.
#[derive(Debug)]
pub(crate) struct RootKeyMac(pub(crate) RecordMac);

impl postlude_store::RecordMac for RootKeyMac {
    fn tag(&self, bytes: &[u8]) -> [u8; 16] {
        self.0.tag(bytes)
    }
    fn verify(&self, bytes: &[u8], tag: &[u8; 16]) -> bool {
        self.0.verify(bytes, tag)
    }
    fn made_by(&self, bytes: &[u8], tag: &[u8; 16]) -> Option<usize> {
        self.0.made_by(bytes, tag)
    }
    fn key_names(&self) -> Vec<String> {
        self.0.kids()
    }
}
