//! The server's life: prepare everything, serve, reload, stop with no login half done.

use crate::clock::Clock;
use crate::compiling::{Compilation, Compiler};
use crate::config::{self, Config, Environment, Problem, Problems, Signing};
use crate::loading::{Loaded, load_and_keep};
use crate::pipelines::Pipeline;
use crate::reload_handle::{Asked, ReloadHandle};
use crate::runtime::{Runtime, Tenants};
use crate::tenant::Tenant;
use crate::{listen, routes};
use postlude_crypto::mac::RecordMac;
use postlude_model::limits;
use postlude_sandbox::{EngineError, Sandbox};
use postlude_store::{OpenError, SledOptions, SledStore, StoreError};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
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
    /// A revision cannot be stored.
    #[error("the configuration was not taken: {0}")]
    Revision(String),
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
    options: Options,
    signing: Signing,
    asked: mpsc::Receiver<Asked>,
}

/// The sockets of a server. They are arguments, so that a test can take any free port.
#[derive(Debug)]
pub struct Listeners {
    api: TcpListener,
    public: Option<TcpListener>,
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
        Ok(Self { api, public })
    }

    /// Serves on sockets that are there already; without a second one, the public routes are on the first.
    #[must_use]
    pub const fn from_sockets(api: TcpListener, public: Option<TcpListener>) -> Self {
        Self { api, public }
    }

    /// What listens where.
    #[must_use]
    pub fn addresses(&self) -> Vec<(&'static str, SocketAddr)> {
        let all = if self.public.is_some() { "API" } else { "API and public routes" };
        let api = self.api.local_addr().ok().map(|address| (all, address));
        let public =
            self.public.as_ref().and_then(|public| public.local_addr().ok()).map(|address| ("public routes", address));
        api.into_iter().chain(public).collect()
    }
}

impl Server {
    /// Reads and checks the configuration, compiles the plugins, opens the store. Nothing is served yet.
    ///
    /// # Errors
    /// Every mistake of the configuration at once; a store that is in use, damaged or newer; an engine that does not work.
    pub async fn prepare(options: Options) -> Result<Self, ServeError> {
        let sandbox = Sandbox::new(Default::default())?;
        let compiler = Compiler::new(sandbox, options.compilation.clone());
        let loaded = load_and_keep(&options.config, &compiler, &options.environment).await?;
        warn(loaded.warnings());
        let (config, signing) = (loaded.checked.config.clone(), loaded.checked.signing.clone());
        let store = SledStore::open(store_options(&config, &signing))?;
        let http = Arc::new(config.server.outbound.open(config.server.development)?);
        let (reloads, asked) = ReloadHandle::new();
        let (clock, environment) = (options.clock.clone(), options.environment.clone());
        let runtime = Runtime::new(compiler, Arc::new(store), http, clock, environment, reloads);
        let server = Self { runtime: Arc::new(runtime), config, options, signing, asked };
        server.install(loaded).await?;
        Ok(server)
    }

    /// The configuration that it was prepared with.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The API with the public routes, for callers that bring their own listener.
    pub fn router(&self) -> axum::Router {
        routes::api(Arc::clone(&self.runtime), true)
    }

    /// Reads the configuration and the plugins again and puts them into force, or refuses them and changes nothing.
    /// Suspended logins stay on the revision that they began with.
    ///
    /// # Errors
    /// Every mistake at once; the old configuration keeps serving.
    pub async fn reload(&self) -> Result<Vec<Problem>, ServeError> {
        let loaded = load_and_keep(&self.options.config, &self.runtime.compiler, &self.options.environment).await?;
        let (old, new) = (&self.config.server, &loaded.checked.config.server);
        let fixed = |server: &config::Server| {
            (
                server.listen,
                server.public_listen,
                server.data_dir.clone(),
                server.high_water_file.clone(),
                server.previous_root_keys.len(),
                server.outbound.clone(),
            )
        };
        if fixed(old) != fixed(new) {
            tracing::warn!(
                "`listen`, `public_listen`, `data_dir`, `high_water_file`, `previous_root_keys` and `outbound` change with a restart only"
            );
        }
        let kid = |signing: &Signing| signing.roots().current.kid().to_owned();
        if kid(&loaded.checked.signing) != kid(&self.signing) {
            tracing::warn!("the root key changes with a restart only; until then the old one is used");
        }
        let warnings = loaded.warnings().to_vec();
        self.install(loaded).await?;
        Ok(warnings)
    }

    async fn install(&self, loaded: Loaded) -> Result<(), ServeError> {
        let Loaded { checked, plugins } = loaded;
        let store = &self.runtime.store;
        for file in checked.plugins.values() {
            store.put_plugin(&file.bytes).await?;
        }
        let mut tenants = Vec::new();
        for bound in checked.tenants {
            let revision =
                serde_json::to_string(&bound.revision).map_err(|why| ServeError::Revision(why.to_string()))?;
            let number = store.put_revision(&bound.name, &revision).await?;
            let used = bound.actions.iter().map(|action| action.spec.digest);
            let used: HashMap<_, _> = used.filter_map(|digest| Some((digest, plugins.get(&digest)?.clone()))).collect();
            let actions = bound.actions.iter().map(|action| action.spec.name.as_str()).collect::<Vec<_>>().join(" ");
            tracing::info!(tenant = %bound.name, revision = number, %actions, "pipeline in force");
            let pipeline = Arc::new(Pipeline::new(number, bound.actions, used));
            let keys = bound.tenant.keys.clone();
            let orders = self.runtime.orders_of(&bound.name).await?;
            orders.warn(&bound.name, &pipeline);
            tenants.push((Tenant::new(bound.tenant, self.signing.clone(), pipeline, orders), keys));
        }
        self.runtime.install(Tenants::new(tenants));
        self.runtime.compiler.settle(checked.plugins.into_keys().collect()).await;
        Ok(())
    }

    /// Serves until `stop`; every message of `reloads` reloads. When it returns, no login is half done and everything is
    /// durable.
    ///
    /// # Errors
    /// When the store cannot be closed properly.
    pub async fn run(
        mut self,
        listeners: Listeners,
        mut reloads: mpsc::Receiver<()>,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<(), ServeError> {
        let (stopper, stopped) = watch::channel(false);
        let mut serving = tokio::task::JoinSet::new();
        let api = routes::api(Arc::clone(&self.runtime), listeners.public.is_none());
        serving.spawn(listen::serve(listeners.api, api, stopped.clone()));
        if let Some(public) = listeners.public {
            serving.spawn(listen::serve(public, routes::public(Arc::clone(&self.runtime)), stopped.clone()));
        }
        let sweeper = tokio::spawn(sweep(Arc::clone(&self.runtime)));
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(()) = reloads.recv() => match self.reload().await {
                    Ok(warnings) => {
                        warn(&warnings);
                        tracing::info!("reloaded");
                    }
                    Err(why) => tracing::error!(cause = %why, "reload refused; the configuration before it keeps serving"),
                },
                Some(asked) = self.asked.recv() => asked.answer(self.reload().await),
            }
        }
        tracing::info!("stopping");
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

fn store_options(config: &Config, signing: &Signing) -> SledOptions {
    // A session that ended, or moved, must outlive the login records that name it.
    let longest = config.tenants.iter().map(|tenant| tenant.lifetimes.session.max(tenant.lifetimes.record)).max();
    let (data, high_water) = (config.server.data_dir.clone(), config.server.high_water_file.clone());
    let mac = Arc::new(Macs(RecordMac::new(Arc::clone(signing.roots()))));
    SledOptions {
        session_lifetime: longest.unwrap_or(limits::SESSION_LIFETIME),
        ..SledOptions::new(data, high_water, mac)
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

fn warn(warnings: &[Problem]) {
    for warning in warnings {
        tracing::warn!("{warning}");
    }
}

async fn sweep(runtime: Arc<Runtime>) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        loop {
            match runtime.store.sweep(runtime.clock.now(), SWEEP_BATCH).await {
                Ok(swept) if swept >= SWEEP_BATCH => tokio::task::yield_now().await,
                Ok(_) => break,
                Err(why) => {
                    tracing::error!(cause = %why, "the sweep of expired records failed");
                    break;
                }
            }
        }
    }
}
