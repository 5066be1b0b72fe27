//! The server's life: prepare everything, serve, reload, stop with no login half done.

use crate::clock::Clock;
use crate::compiling::{Compilation, Compiler};
use crate::config::{Config, Environment, Problems, Signing};
use crate::loading::load_and_keep;
use crate::metrics::Metrics;
use crate::reloading::{self, Outcome, Refused, ReloadStatus, Reloads, Trigger, warn};
use crate::runtime::Runtime;
use crate::tidying::TIDY_EVERY;
use crate::{listen, routes};
use postlude_crypto::mac::RecordMac;
use postlude_model::limits;
use postlude_sandbox::{EngineError, Sandbox};
use postlude_store::{EngineKind, OpenError, StoreError, StoreOptions};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

/// How often expired records are swept, and how many at once: small batches, so that no login waits for them.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
const SWEEP_BATCH: usize = 500;

/// What a server is made from.
#[derive(Debug, Clone)]
pub struct Options {
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
}

/// Why a server does not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The configuration, or a plugin that it names, has mistakes.
    #[error("the configuration cannot be served:\n{0}")]
    Config(#[from] Problems),
    /// The sandbox's engine does not work on this machine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The store cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The plugins' way out cannot be opened.
    #[error(transparent)]
    Outbound(#[from] postlude_outbound::OutboundError),
    /// The configuration was not taken.
    #[error("the configuration was not taken: {0}")]
    Refused(#[from] Refused),
    /// An address cannot be listened on.
    #[error(
        "cannot listen on {0}: {1}; another process may have it, or `server.listen` is not an address of this machine"
    )]
    Listen(SocketAddr, std::io::Error),
}

/// A server that is ready to serve.
#[derive(Debug)]
pub struct Server {
    runtime: Arc<Runtime>,
    config: Config,
}

/// Reloads a server from outside, and knows what became of it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reloader(Arc<Runtime>);

impl Reloader {
    /// Reads the configuration and the plugins again and puts them into force, or refuses them and changes nothing.
    /// Suspended logins stay on the revision that they began with.
    ///
    /// # Errors
    /// Every mistake at once; the configuration before it keeps serving.
    pub async fn reload(&self) -> Outcome {
        self.0.reload(Trigger::Call).await
    }

    /// What is known of the reloads since the start.
    #[must_use]
    pub fn status(&self) -> ReloadStatus {
        self.0.reload_status()
    }

    /// Deletes stored revisions and plugin files that no login can need any more. The server does it by itself every hour.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tidy(&self) -> Result<(), StoreError> {
        self.0.tidy().await
    }

    /// How many compiled plugins are in memory.
    #[must_use]
    pub fn compiled_plugins(&self) -> usize {
        self.0.compiler.live()
    }
}

/// The sockets of a server. They are arguments, so that a test can take any free port.
#[derive(Debug)]
pub struct Listeners {
    api: TcpListener,
    public: Option<TcpListener>,
    metrics: Option<TcpListener>,
}

impl Listeners {
    /// Listens where the configuration says.
    ///
    /// # Errors
    /// When an address is taken or is not this machine's.
    pub async fn bind(config: &Config) -> Result<Self, ServeError> {
        let bind = async |address: SocketAddr| {
            TcpListener::bind(address).await.map_err(|why| ServeError::Listen(address, why))
        };
        let api = bind(config.server.listen).await?;
        let public = match config.server.public_listen {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        let metrics = match config.server.metrics_listen {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        Ok(Self { api, public, metrics })
    }

    /// Serves on sockets that are there already; without a second one, the public routes are on the first.
    #[must_use]
    pub const fn from_sockets(api: TcpListener, public: Option<TcpListener>) -> Self {
        Self { api, public, metrics: None }
    }

    /// The same, with the metrics on a socket of their own, and only there.
    #[must_use]
    pub fn with_metrics(self, metrics: TcpListener) -> Self {
        Self { metrics: Some(metrics), ..self }
    }

    /// What listens where.
    #[must_use]
    pub fn addresses(&self) -> Vec<(&'static str, SocketAddr)> {
        let all = if self.public.is_some() { "API" } else { "API and public routes" };
        let api = self.api.local_addr().ok().map(|address| (all, address));
        let other = |listener: &Option<TcpListener>, what| {
            listener.as_ref().and_then(|listener| listener.local_addr().ok()).map(|address| (what, address))
        };
        let others = other(&self.public, "public routes").into_iter().chain(other(&self.metrics, "metrics"));
        api.into_iter().chain(others).collect()
    }
}

impl Server {
    /// Reads and checks the configuration, compiles the plugins, opens the store. Nothing is served yet.
    ///
    /// # Errors
    /// Every mistake of the configuration at once; a store that is in use, damaged or newer; an engine that does not work.
    pub async fn prepare(options: Options) -> Result<Self, ServeError> {
        let sandbox = Sandbox::new(Default::default())?;
        let compiler = Compiler::new(sandbox.clone(), options.compilation);
        let subject = Reloads::subject(&options.config);
        let loaded = load_and_keep(&options.config, &compiler, &options.environment).await?;
        loaded.try_starts(&sandbox).await?;
        warn(loaded.warnings());
        let (config, signing) = (loaded.checked.config.clone(), loaded.checked.signing.clone());
        let metrics = Arc::new(Metrics::default());
        let store = postlude_store::open(store_options(options.engine, &config, &signing, &metrics))?;
        let http = config.server.outbound.open(config.server.development)?;
        let reloads = Reloads::new(options.config, config.server.clone(), signing, subject);
        let runtime = Runtime::new(compiler, store, http, options.clock, options.environment, metrics, reloads);
        let runtime = Arc::new(runtime);
        runtime.put_into_force(loaded, "start").await?;
        Ok(Self { runtime, config })
    }

    /// The configuration that it was prepared with.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The API with the public routes, for callers that bring their own listener.
    pub fn router(&self) -> axum::Router {
        routes::api(Arc::clone(&self.runtime), routes::Also { public: true, metrics: true })
    }

    /// Reloads it, also while it runs.
    #[must_use]
    pub fn reloader(&self) -> Reloader {
        Reloader(Arc::clone(&self.runtime))
    }

    /// Serves until `stop`; every message of `reloads` reloads. When it returns, no login is half done and everything is
    /// durable.
    ///
    /// # Errors
    /// When the store cannot be closed properly.
    pub async fn run(
        self,
        listeners: Listeners,
        mut reloads: mpsc::Receiver<()>,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<(), ServeError> {
        let (stopper, stopped) = watch::channel(false);
        let mut serving = tokio::task::JoinSet::new();
        let also = routes::Also { public: listeners.public.is_none(), metrics: listeners.metrics.is_none() };
        let api = routes::api(Arc::clone(&self.runtime), also);
        serving.spawn(listen::serve(listeners.api, api, stopped.clone()));
        if let Some(public) = listeners.public {
            serving.spawn(listen::serve(public, routes::public(Arc::clone(&self.runtime)), stopped.clone()));
        }
        if let Some(metrics) = listeners.metrics {
            serving.spawn(listen::serve(metrics, routes::metrics(Arc::clone(&self.runtime)), stopped.clone()));
        }
        let sweeper = tokio::spawn(sweep(Arc::clone(&self.runtime)));
        let watcher = tokio::spawn(reloading::watch::watch(Arc::clone(&self.runtime)));
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(()) = reloads.recv() => tokio::select! {
                    () = &mut stop => break,
                    // What became of it is in the log and the status.
                    _ = self.runtime.reload(Trigger::Signal) => {}
                },
            }
        }
        tracing::info!("stopping");
        watcher.abort();
        self.runtime.begin_stop();
        stopper.send_replace(true);
        while serving.join_next().await.is_some() {}
        sweeper.abort();
        // Calls whose connection broke still run: they end before the store closes.
        self.runtime.tasks.close();
        self.runtime.tasks.wait().await;
        self.runtime.store.shutdown().await?;
        tracing::info!("stopped");
        Ok(())
    }
}

fn store_options(engine: EngineKind, config: &Config, signing: &Signing, metrics: &Metrics) -> StoreOptions {
    // A session that ended, or moved, must outlive the login records that name it.
    let longest = config.tenants.iter().map(|tenant| tenant.lifetimes.session.max(tenant.lifetimes.record)).max();
    StoreOptions {
        engine,
        data_dir: config.server.data_dir.clone(),
        high_water_file: config.server.high_water_file.clone(),
        mac: Arc::new(Macs(RecordMac::new(Arc::clone(signing.roots())))),
        session_lifetime: longest.unwrap_or(limits::SESSION_LIFETIME),
        observer: metrics.store(),
    }
}

/// The records' MAC, by the root key.
#[derive(Debug)]
struct Macs(RecordMac);

impl postlude_store::RecordMac for Macs {
    fn tag(&self, bytes: &[u8]) -> [u8; 16] {
        self.0.tag(bytes)
    }
    fn verify(&self, bytes: &[u8], tag: &[u8; 16]) -> bool {
        self.0.verify(bytes, tag)
    }
}

async fn sweep(runtime: Arc<Runtime>) {
    let mut tidied = None;
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        runtime.earlier.trim(runtime.clock.now());
        if tidied.is_none_or(|last: Instant| last.elapsed() >= TIDY_EVERY) {
            tidied = Some(Instant::now());
            if let Err(why) = runtime.tidy().await {
                tracing::error!(cause = %why, "revisions and plugin files that are not needed could not be let go of");
            }
        }
        loop {
            match runtime.store.sweep_expired(runtime.clock.now(), SWEEP_BATCH).await {
                Ok(true) => tokio::task::yield_now().await,
                Ok(false) => break,
                Err(why) => {
                    tracing::error!(cause = %why, "the sweep of expired records failed");
                    break;
                }
            }
        }
    }
}
