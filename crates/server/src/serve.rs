//! The server's life: open the host, serve, reload, stop with no login half done.

use crate::app::App;
use crate::cores::Cores;
use crate::listen::{self, Places};
use crate::openapi;
use crate::router::{self, Also};
use postlude_config::Config;
use postlude_host::{Host, HostOptions, Lost, OpenHostError, ReloadTrigger};
use postlude_store::StoreError;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

/// How long the threads that served may take to end.
const STOPPING: Duration = Duration::from_secs(5);

/// Why a server does not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The host cannot be opened.
    #[error(transparent)]
    Host(#[from] OpenHostError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An address cannot be listened on.
    #[error(
        "cannot listen on {0}: {1}; another process may have it, or `server.listen` is not an address of this machine"
    )]
    Listen(SocketAddr, std::io::Error),
    /// The threads that serve cannot be started.
    #[error("the threads that serve logins do not start: {0}; permit the process more tasks and open files")]
    Cores(std::io::Error),
    /// The host could not go on by itself.
    #[error("the server stopped for its supervisor: {0}")]
    Lost(Lost),
}

/// A server that is ready to serve.
#[derive(Debug)]
pub struct Server {
    app: Arc<App>,
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

    /// Serves the metrics on a socket of their own, and only there.
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
    /// Opens the host: reads and checks the configuration, compiles the plugins, opens the store. Nothing is served yet.
    ///
    /// # Errors
    /// Every mistake of the configuration at once; a store that is in use, damaged or newer; an engine that does not work.
    pub async fn prepare(options: HostOptions) -> Result<Self, ServeError> {
        Ok(Self::new(Host::open(options).await?))
    }

    /// A server of a host that is open already.
    #[must_use]
    pub fn new(host: Host) -> Self {
        Self { app: Arc::new(App::new(host, &openapi::document())) }
    }

    /// The host that it serves.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.app.host
    }

    /// The API with the public routes, for callers that bring their own listener.
    pub fn router(&self) -> axum::Router {
        router::api(Arc::clone(&self.app), Also { public: true, metrics: true })
    }

    /// Serves until `stop`, or until the host cannot go on; every message of `reloads` reloads. When it returns, no login is half
    /// done and everything is durable.
    ///
    /// # Errors
    /// When the host cannot go on by itself, and when the store cannot be closed properly.
    pub async fn run(
        self,
        listeners: Listeners,
        mut reloads: mpsc::Receiver<()>,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<(), ServeError> {
        let (stopper, stopped) = watch::channel(false);
        let cores = Arc::new(Cores::start(self.host().cores()).map_err(ServeError::Cores)?);
        self.host().use_background(cores.background());
        let mut serving = self.listen(listeners, &cores, &stopped);
        let host = self.host().clone();
        let running = tokio::spawn(async move { host.run().await });
        let watched = self.host().clone();
        let ending = async move {
            tokio::select! {
                () = stop => None,
                lost = watched.until_lost() => Some(lost),
            }
        };
        tokio::pin!(ending);
        let lost = loop {
            tokio::select! {
                lost = &mut ending => break lost,
                Some(()) = reloads.recv() => tokio::select! {
                    lost = &mut ending => break lost,
                    // The outcome is in the log and the status.
                    _ = self.host().reloads().reload(ReloadTrigger::Signal) => {}
                },
            }
        };
        match &lost {
            Some(why) => tracing::error!("stopping for the supervisor: {why}"),
            None => tracing::info!("stopping"),
        }
        self.host().begin_stop();
        stopper.send_replace(true);
        while serving.join_next().await.is_some() {}
        running.abort();
        let closed = self.host().close().await;
        // Nothing serves any more, so this is the last of them. A core that a disk holds up is left behind.
        if let Some(cores) = Arc::into_inner(cores) {
            let stopped = tokio::task::spawn_blocking(move || cores.stop());
            if tokio::time::timeout(STOPPING, stopped).await.is_err() {
                tracing::error!("a thread that served does not end; the process ends without it");
            }
        }
        if let Some(lost) = lost {
            return Err(ServeError::Lost(lost));
        }
        closed?;
        tracing::info!("stopped");
        Ok(())
    }

    fn listen(
        &self,
        listeners: Listeners,
        cores: &Arc<Cores>,
        stopped: &watch::Receiver<bool>,
    ) -> tokio::task::JoinSet<()> {
        let (mut serving, places) = (tokio::task::JoinSet::new(), Places::for_logins());
        let also = Also { public: listeners.public.is_none(), metrics: listeners.metrics.is_none() };
        serving.spawn(listen::serve(
            listeners.api,
            router::api(Arc::clone(&self.app), also),
            Arc::clone(cores),
            places.clone(),
            stopped.clone(),
        ));
        if let Some(public) = listeners.public {
            serving.spawn(listen::serve(
                public,
                router::public(Arc::clone(&self.app)),
                Arc::clone(cores),
                places,
                stopped.clone(),
            ));
        }
        if let Some(metrics) = listeners.metrics {
            serving.spawn(listen::serve(
                metrics,
                router::metrics(Arc::clone(&self.app)),
                Arc::clone(cores),
                Places::for_metrics(),
                stopped.clone(),
            ));
        }
        serving
    }
}
