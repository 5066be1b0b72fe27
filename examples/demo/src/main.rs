//! Postlude's story in one process: the real server on a real socket, an IdP, a partner's prompt site, a hostile plugin.
//!
//! Everything listens on loopback and lives in a temporary folder. The server is embedded, so that "24 hours later" can be
//! played by moving its clock forward; everything else is as `postlude serve` does it.

mod browser;
mod config;
mod idp;
mod journal;
mod jwt;
mod page;
mod partner_keys;
mod prompt;
mod story;
mod table;
mod view;

use anyhow::{Context as _, Result, bail};
use config::Origins;
use idp::Idp;
use partner_keys::PartnerKeys;
use postlude_config::Environment;
use postlude_host::{Clock, Compilation, EngineKind, HostOptions};
use postlude_server::{Listeners, ServeError, Server};
use prompt::PromptSite;
use std::process::ExitCode;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

const HELP: &str = "Plays Postlude's story over real HTTP, then stays for you to click through.\n\n\
    Usage: postlude-demo [--once]\n\n  --once    play it and exit; 1 at a surprise (also: ONCE=1)";

#[tokio::main]
async fn main() -> ExitCode {
    // The client is built to speak TLS, whatever the story asks of it; somebody has to choose whose.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            table::failed(&why);
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let Some(once) = arguments()? else {
        table::line(HELP);
        return Ok(());
    };
    let began = Instant::now();
    let (demo, idp) = Demo::start().await?;
    let (ms, postlude) = (began.elapsed().as_millis(), &demo.postlude);
    table::quiet(&format!(
        "Postlude is ready on {postlude} after {ms} ms (three plugins compiled); its clock runs ahead for step 6"
    ));
    let played = tokio::select! {
        played = story::play(Arc::clone(&idp), demo.http.clone()) => played,
        stopped = tokio::signal::ctrl_c() => stopped.context("Ctrl-C cannot be waited for").and_then(|()| bail!("stopped")),
    };
    let stayed = match played {
        Ok(()) if !once => stay(&idp).await,
        other => other,
    };
    demo.stop().await?;
    stayed
}

/// Whether to play once; none when help is asked for.
fn arguments() -> Result<Option<bool>> {
    let mut once = std::env::var_os("ONCE").is_some_and(|value| !value.is_empty() && value != "0");
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--once" => once = true,
            "--help" | "-h" => return Ok(None),
            other => bail!("`{other}` is not an argument; `--help` lists them"),
        }
    }
    Ok(Some(once))
}

/// Says what there is to click, and waits for Ctrl-C.
async fn stay(idp: &Idp) -> Result<()> {
    let [first, second] = &idp.origins.idp;
    table::line(format!(
        "\nNow you: open {first} and log in as ana.\n  \
         another browser    {second} is the same IdP with another cookie jar\n  \
         a stolen link      at the prompt, choose \"show me the link\", and open it in the other browser\n  \
         and buttons        for 24 hours later, someone of another company (eve), and the endless loop\n\
         Use Chrome, Edge or Firefox: the cookies are `__Host-` ones, over http to this machine. Ctrl-C stops everything."
    ));
    tokio::signal::ctrl_c().await.context("Ctrl-C cannot be waited for")?;
    table::line("\nstopped; nothing is left behind");
    Ok(())
}

/// Everything that runs.
struct Demo {
    postlude: String,
    http: reqwest::Client,
    server: JoinHandle<Result<(), ServeError>>,
    stop: oneshot::Sender<()>,
    /// The server's loop listens to it as long as it is there; the demo never reloads.
    _reload: mpsc::Sender<()>,
    /// Removed with everything in it when the demo ends.
    _dir: TempDir,
}

impl Demo {
    async fn start() -> Result<(Self, Arc<Idp>)> {
        let sockets = Sockets::bind().await?;
        let origins = sockets.origins()?;
        let dir = tempfile::Builder::new().prefix("postlude-demo-").tempdir().context("no temporary folder")?;
        let partner = PartnerKeys::generate()?;
        let (config, keys) = config::write(dir.path(), &origins, &partner)?;
        let ahead = Arc::new(AtomicU64::new(0));
        let clock = Clock::ahead(Arc::clone(&ahead));
        // The demo's plugins are this repository's own, and its program is not the one that compiles in a process apart.
        let compilation = Compilation::InProcess;
        let environment = Environment::of::<&str, &str>([]);
        let options = HostOptions {
            config,
            clock: clock.clone(),
            environment,
            compilation,
            engine: EngineKind::Sled,
            parts: Default::default(),
        };
        let server = Server::prepare(options).await?;
        let (stop, stopped) = oneshot::channel();
        let (reload, reloads) = mpsc::channel(1);
        let listeners = Listeners::from_sockets(sockets.postlude, None);
        let server = tokio::spawn(server.run(listeners, reloads, async move {
            let _ = stopped.await;
        }));
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build()?;
        let site = PromptSite::new(&origins, partner, clock.clone(), http.clone());
        let postlude = origins.postlude.clone();
        let idp = Arc::new(Idp { origins, keys, clock, ahead, http: http.clone(), book: Mutex::default() });
        // The two sites end with the process: they hold nothing.
        let (of_prompt, of_idp) = (prompt::router(Arc::new(site)), idp::router(Arc::clone(&idp)));
        tokio::spawn(async move { axum::serve(sockets.prompt, of_prompt).await });
        tokio::spawn(async move { axum::serve(sockets.idp, of_idp).await });
        Ok((Self { postlude, http, server, stop, _reload: reload, _dir: dir }, idp))
    }

    /// Stops the server as a signal would: nothing is half done, and the folder goes.
    async fn stop(self) -> Result<()> {
        let _ = self.stop.send(());
        self.server.await.context("the server's task")??;
        Ok(())
    }
}

/// Free ports of this machine, reachable from nowhere else.
struct Sockets {
    postlude: TcpListener,
    idp: TcpListener,
    prompt: TcpListener,
}

impl Sockets {
    async fn bind() -> Result<Self> {
        let bind =
            async || TcpListener::bind("127.0.0.1:0").await.context("no port of this machine can be listened on");
        Ok(Self { postlude: bind().await?, idp: bind().await?, prompt: bind().await? })
    }

    /// To a browser `localhost` and `127.0.0.1` are two sites: the prompt site is foreign to the IdP, as in production, and
    /// the IdP has two names.
    fn origins(&self) -> Result<Origins> {
        let port = |listener: &TcpListener| listener.local_addr().map(|address| address.port());
        let (postlude, idp, prompt) = (port(&self.postlude)?, port(&self.idp)?, port(&self.prompt)?);
        Ok(Origins {
            postlude: format!("http://127.0.0.1:{postlude}"),
            idp: [format!("http://localhost:{idp}"), format!("http://127.0.0.1:{idp}")],
            prompt: format!("http://127.0.0.1:{prompt}"),
        })
    }
}
