//! Everything that runs: the real server on a real socket, an IdP, a partner's prompt site, and the page that explains.
//!
//! The server is embedded, so that "24 hours later" can be played by moving its clock forward; everything else is as `postlude serve`
//! does it.

use crate::config::{self, DemoKeys};
use crate::gateway::{self, Gateway};
use crate::journal::Journal;
use crate::names::Names;
use crate::resolver::Loopback;
use crate::site::idp::{self, Idp, PostludeClient};
use crate::site::partner::{self, PromptSite};
use crate::stage::{self, Stage};
use crate::story::{self, Step};
use crate::time::DemoTime;
use anyhow::{Context as _, Result};
use postlude_config::Environment;
use postlude_host::{Compilation, EngineKind, HostOptions};
use postlude_server::{Listeners, ServeError, Server};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// The port that is tried first when none is asked for.
pub const PORT: u16 = 4400;

/// The browsers in which a person acts.
pub(crate) const PANES: [&str; 2] = ["ana", "mallory"];

/// How the demo is started.
#[derive(Debug)]
pub struct DemoOptions {
    /// The port of the demo's sites; none for [`PORT`], or any free one when that is taken. 0 is any free one.
    pub port: Option<u16>,
    /// The folder that keeps Postlude's data; none for a temporary one, which goes with the demo.
    pub data: Option<PathBuf>,
    /// Where plugins are compiled.
    pub compilation: Compilation,
}

/// A running demo.
pub struct Demo {
    names: Names,
    api: String,
    http: reqwest::Client,
    idp: Arc<Idp>,
    time: DemoTime,
    server: JoinHandle<Result<(), ServeError>>,
    sites: JoinHandle<()>,
    stop: oneshot::Sender<()>,
    /// The server's loop listens to it as long as it is there.
    _reload: mpsc::Sender<()>,
    /// Removed with everything in it when the demo ends; none when its data are kept.
    _dir: Option<TempDir>,
}

impl Demo {
    /// Starts everything on this machine's loopback.
    ///
    /// # Errors
    /// When the port is taken, the folder cannot be used, or the server does not start.
    pub async fn start(options: DemoOptions) -> Result<Self> {
        // The client is built to speak TLS, whatever the story asks of it; an earlier choice of whose stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let socket = bind(options.port).await?;
        let api =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port of this machine can be listened on")?;
        let names = Names::new(socket.local_addr()?.port());
        let (path, dir) = folder(options.data)?;
        let (config, keys) = config::write(&path, names, api.local_addr()?)?;
        let time = DemoTime::new();
        let host = HostOptions {
            config,
            clock: time.clock(),
            environment: Environment::of::<&str, &str>([]),
            compilation: options.compilation,
            engine: EngineKind::Sled,
            parts: Default::default(),
        };
        let server = Server::prepare(host).await?;
        time.catch_up();
        let api_origin = format!("http://{}", api.local_addr()?);
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(Loopback))
            .build()?;
        let sites = Sites { names, api: api_origin.clone(), keys, time: time.clone(), http: http.clone() };
        let (idp, gateway) = sites.build(server.router());
        let (stop, stopped) = oneshot::channel();
        let (reload, reloads) = mpsc::channel(1);
        let server = tokio::spawn(server.run(Listeners::from_sockets(api, None), reloads, async move {
            let _ = stopped.await;
        }));
        let sites = tokio::spawn(async move {
            if let Err(why) = axum::serve(socket, gateway).await {
                tracing::error!(cause = %why, "the demo's sites ended");
            }
        });
        Ok(Self { names, api: api_origin, http, idp, time, server, sites, stop, _reload: reload, _dir: dir })
    }

    /// The address of the page that explains.
    #[must_use]
    pub fn page(&self) -> String {
        self.names.stage()
    }

    /// The origin of Postlude's API.
    #[must_use]
    pub fn api(&self) -> &str {
        &self.api
    }

    /// Plays the story, and tells each step.
    ///
    /// # Errors
    /// At the first surprise: which step, what was expected, what came.
    pub async fn play(&self, tell: impl FnMut(&Step) + Send) -> Result<()> {
        story::play(&self.idp, self.names, &self.http, &self.time, tell).await
    }

    /// Stops the server as a signal would: nothing is half done, and a temporary folder goes.
    ///
    /// # Errors
    /// When the store cannot be closed properly.
    pub async fn stop(self) -> Result<()> {
        // Streams to the page would keep the sites open for ever: they hold nothing, and end here.
        self.sites.abort();
        let _ = self.stop.send(());
        self.server.await.context("the server's task")??;
        Ok(())
    }
}

async fn bind(port: Option<u16>) -> Result<TcpListener> {
    let listen = |port| TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    match port {
        Some(port) => listen(port).await.with_context(|| {
            format!("port {port} of this machine cannot be listened on: choose another with `--port`")
        }),
        None => match listen(PORT).await {
            Ok(socket) => Ok(socket),
            Err(_) => listen(0).await.context("no port of this machine can be listened on"),
        },
    }
}

fn folder(data: Option<PathBuf>) -> Result<(PathBuf, Option<TempDir>)> {
    match data {
        Some(path) => {
            std::fs::create_dir_all(&path).with_context(|| format!("`{}` cannot be made", path.display()))?;
            Ok((path, None))
        }
        None => {
            let dir = tempfile::Builder::new().prefix("postlude-demo-").tempdir().context("no temporary folder")?;
            Ok((dir.path().to_owned(), Some(dir)))
        }
    }
}

/// What the sites are built from.
struct Sites {
    names: Names,
    api: String,
    keys: DemoKeys,
    time: DemoTime,
    http: reqwest::Client,
}

impl Sites {
    fn build(self, postlude: axum::Router) -> (Arc<Idp>, axum::Router) {
        let Self { names, api, keys, time, http } = self;
        let journal = Arc::new(Journal::new(PANES));
        let prompt = PromptSite::new(names, keys.partner, time.clock(), http.clone(), Arc::clone(&journal));
        let idp = Arc::new(Idp {
            names,
            postlude: PostludeClient { api, keys: keys.idp, http, messages: Arc::clone(&journal) },
            clock: time.clock(),
            book: Mutex::default(),
        });
        let page = Stage { names, journal: Arc::clone(&journal), time };
        let gateway = Gateway {
            names,
            journal,
            stage: stage::router(Arc::new(page)),
            idp: idp::router(Arc::clone(&idp)),
            partner: partner::router(Arc::new(prompt)),
            postlude,
        };
        (idp, gateway::router(gateway))
    }
}
