//! What the demo and the workplace of a partner share: sockets, the real server, and the sites behind one port.
//!
//! The server is embedded, so that its clock can be moved forward; everything else is as `postlude serve` does it.

use crate::gateway::{self, Gateway};
use crate::journal::Journal;
use crate::names::Names;
use crate::resolver::Loopback;
use crate::site::idp::{self, Idp};
use crate::stage::{self, Stage};
use crate::time::DemoTime;
use anyhow::{Context as _, Result, anyhow, bail};
use postlude_config::Environment;
use postlude_host::{Compilation, EngineKind, Host, HostOptions, HostParts};
use postlude_server::{Listeners, ServeError, Server};
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// The port that is tried first when none is asked for.
pub const PORT: u16 = 4400;

/// The sockets: one for all sites, and one for Postlude's API. A browser that comes before a server was started waits for it.
#[derive(Debug)]
pub struct Sockets {
    sites: std::net::TcpListener,
    api: std::net::TcpListener,
}

impl Sockets {
    /// Listens on this machine's loopback. Without a port it is [`PORT`], or any free one when that is taken; 0 is any free one.
    ///
    /// # Errors
    /// When the port is taken, is not for this user, or is 80: why, and how to choose another.
    pub fn bind(port: Option<u16>) -> Result<Self> {
        let none = "no port of this machine can be listened on";
        let sites = match port {
            // Browsers leave it out of addresses, and every name of the sites has its port.
            Some(80) => bail!("port 80 cannot serve these sites, whose addresses name their port: {OTHER_PORT}"),
            Some(port) => listen(port).map_err(|why| refused(port, &why))?,
            None => match listen(PORT) {
                Ok(socket) => socket,
                Err(_) => listen(0).context(none)?,
            },
        };
        Ok(Self { sites, api: listen(0).context(none)? })
    }

    pub(crate) fn names(&self) -> Result<Names> {
        Ok(Names::new(self.sites.local_addr()?.port()))
    }

    pub(crate) fn api(&self) -> Result<SocketAddr> {
        Ok(self.api.local_addr()?)
    }
}

/// What to do about a port that cannot be used.
const OTHER_PORT: &str = "choose another with `--port`, or any free one with `--port 0`";

fn listen(port: u16) -> io::Result<std::net::TcpListener> {
    let socket = std::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    // As the runtime needs it; its copies share this.
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn refused(port: u16, why: &io::Error) -> anyhow::Error {
    match why.kind() {
        ErrorKind::AddrInUse => anyhow!("port {port} of this machine is taken by another program: {OTHER_PORT}"),
        ErrorKind::PermissionDenied => anyhow!("port {port} of this machine is not for this user: {OTHER_PORT}"),
        _ => anyhow!("port {port} of this machine cannot be listened on ({why}): {OTHER_PORT}"),
    }
}

/// A client that calls this machine, and follows no redirect.
pub(crate) fn client() -> Result<reqwest::Client> {
    // The client is built to speak TLS, whatever it is asked for; an earlier choice of whose stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
    Ok(builder.dns_resolver(Arc::new(Loopback)).build()?)
}

/// What the sites are.
pub(crate) struct Sites {
    pub(crate) journal: Arc<Journal>,
    pub(crate) idp: Arc<Idp>,
    pub(crate) partner: axum::Router,
    pub(crate) stage: Stage,
    /// Origins of elsewhere that the partner's site plays.
    pub(crate) played: Arc<Mutex<Vec<String>>>,
}

/// A running server with its sites.
pub(crate) struct Stack {
    pub(crate) names: Names,
    /// The origin of Postlude's API.
    pub(crate) api: String,
    pub(crate) host: Host,
    server: JoinHandle<Result<(), ServeError>>,
    sites: JoinHandle<()>,
    stop: oneshot::Sender<()>,
    /// The server's loop listens to it as long as it is there.
    _reload: mpsc::Sender<()>,
}

impl Stack {
    /// Starts the server of a configuration, and the sites around it.
    pub(crate) async fn start(
        sockets: &Sockets,
        config: PathBuf,
        compilation: Compilation,
        time: &DemoTime,
        sites: Sites,
    ) -> Result<Self> {
        let (names, api) = (sockets.names()?, format!("http://{}", sockets.api()?));
        let options = HostOptions {
            config,
            clock: time.clock(),
            environment: Environment::of::<&str, &str>([]),
            compilation,
            engine: EngineKind::Sled,
            parts: HostParts { runs: Some(sites.journal.runs()), ..HostParts::default() },
        };
        let server = Server::prepare(options).await?;
        time.catch_up();
        let host = server.host().clone();
        let gateway = Gateway {
            names,
            journal: sites.journal,
            played: sites.played,
            stage: stage::router(Arc::new(sites.stage)),
            idp: idp::router(sites.idp),
            partner: sites.partner,
            postlude: server.router(),
        };
        let (stop, stopped) = oneshot::channel();
        let (reload, reloads) = mpsc::channel(1);
        let listener = |socket: &std::net::TcpListener| socket.try_clone().and_then(TcpListener::from_std);
        let (sites_socket, api_socket) = (listener(&sockets.sites)?, listener(&sockets.api)?);
        let server = tokio::spawn(server.run(Listeners::from_sockets(api_socket, None), reloads, async move {
            let _ = stopped.await;
        }));
        let sites = tokio::spawn(async move {
            if let Err(why) = axum::serve(sites_socket, gateway::router(gateway)).await {
                tracing::error!(cause = %why, "the demo's sites ended");
            }
        });
        Ok(Self { names, api, host, server, sites, stop, _reload: reload })
    }

    /// Stops the server as a signal would: nothing is half done.
    pub(crate) async fn stop(self) -> Result<()> {
        // Streams to the page would keep the sites open for ever: they hold nothing, and end here.
        self.sites.abort();
        let _ = self.stop.send(());
        self.server.await.context("the server's task")??;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_told_with_what_to_do() {
        let taken = Sockets::bind(Some(0)).unwrap();
        let port = taken.sites.local_addr().unwrap().port();
        let why = format!("{:#}", Sockets::bind(Some(port)).unwrap_err()).replace(&port.to_string(), "[port]");
        assert_eq!(why, format!("port [port] of this machine is taken by another program: {OTHER_PORT}"));
    }

    #[test]
    fn port_80_is_refused() {
        let why = format!("{:#}", Sockets::bind(Some(80)).unwrap_err());
        assert_eq!(why, format!("port 80 cannot serve these sites, whose addresses name their port: {OTHER_PORT}"));
    }
}
