//! A running server, its folder and its clock.

use crate::builder::Builder;
use crate::client::Client;
use crate::faults::Faults;
use crate::files::program;
use crate::partner::Partner;
use crate::port::free_port;
use postlude_config::Environment;
use postlude_host::{Clock, Compilation, EngineKind, Host as PostludeHost, HostOptions, ReloadOutcome, ReloadTrigger};
use postlude_model::names::Timestamp;
use postlude_server::{Listeners, ServeError, Server};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// A running server. A `Postlude` derefs to the [`Client`] that calls it.
#[derive(Debug)]
pub struct Postlude {
    pub(crate) caller: Client,
    pub(crate) dir: TempDir,
    pub(crate) ahead: Arc<AtomicU64>,
    /// How many milliseconds the wall clock alone is off.
    pub(crate) stepped: Arc<AtomicI64>,
    /// When the server's clock began, where that is not the system's.
    pub(crate) began: Option<Timestamp>,
    pub(crate) process: bool,
    pub(crate) program: Option<PathBuf>,
    pub(crate) compilation: Compilation,
    pub(crate) engine: EngineKind,
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) open_files: Option<u32>,
    /// What can be made wrong for a server that is a process of its own.
    pub(crate) faults: Option<Faults>,
    pub(crate) running: Option<Running>,
}

#[derive(Debug)]
pub(crate) enum Running {
    Here {
        task: JoinHandle<Result<(), ServeError>>,
        stop: oneshot::Sender<()>,
        host: PostludeHost,
        /// The server's loop listens to it as long as it is there.
        _signals: mpsc::Sender<()>,
    },
    Process(Child),
}

impl Postlude {
    /// The story's server: one action, one factor, 24 hours.
    pub async fn start() -> Self {
        Builder::default().start().await
    }

    /// The story's server with a store in memory: quick, for tests that do not start it again.
    pub async fn in_memory() -> Self {
        Self::builder().in_memory().start().await
    }

    /// What to start, to be changed.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The server's folder, with `postlude.toml` and `data`.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Moves the server's clock forward.
    pub fn forward(&self, by: Duration) {
        self.ahead.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Stops the server as SIGTERM does.
    pub async fn stop(&mut self) {
        match self.running.take().expect("it runs") {
            Running::Here { task, stop, .. } => {
                let _ = stop.send(());
                task.await.unwrap().expect("it stops without an error");
            }
            Running::Process(mut child) => {
                send("-TERM", &child).await;
                assert!(child.wait().await.unwrap().success(), "it stops without an error");
            }
        }
    }

    /// Sends the server's process a SIGHUP.
    pub async fn hang_up(&self) {
        let Some(Running::Process(child)) = &self.running else { panic!("it is no process of its own") };
        send("-HUP", child).await;
    }

    /// Kills the server's process as `kill -9` does.
    pub async fn kill(&mut self) {
        let Some(Running::Process(mut child)) = self.running.take() else { panic!("it is no process of its own") };
        child.kill().await.unwrap();
    }

    /// The id of the server's process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        let Some(Running::Process(child)) = &self.running else { panic!("it is no process of its own") };
        child.id().expect("it runs")
    }

    /// Starts the server, when it was stopped, as a process of its own from now on.
    pub async fn start_as_process(&mut self) {
        self.process = true;
        self.spawn().await;
    }

    /// Starts the server's process, and waits for nothing. It meets the faults that [`Self::faults`] are set to.
    pub fn spawn_only(&mut self) {
        let program = self.program.clone().unwrap_or_else(program);
        let mut command = match self.open_files {
            None => Command::new(program),
            Some(most) => {
                let mut shell = Command::new("/bin/sh");
                shell.args(["-c", &format!("ulimit -n {most}; exec \"$0\" \"$@\"")]).arg(program);
                shell
            }
        };
        command.args(["serve", "--log-level", "warn", "--config"]).arg(self.dir().join("postlude.toml"));
        // Its data, and the high-water file beside it.
        if let Some(faults) = &self.faults {
            command.envs(faults.variables(&[self.dir().join("data")]));
        }
        command.envs(self.variables.iter().cloned());
        self.running = Some(Running::Process(command.kill_on_drop(true).spawn().unwrap()));
    }

    /// What can be made wrong for the server's process.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        self.faults.as_ref().expect("it was started with faults")
    }

    /// Sets the wall clock of a server in the test's own process by so many milliseconds off what it should be.
    pub fn step_wall(&self, millis: i64) {
        self.stepped.store(millis, Ordering::SeqCst);
    }

    /// Sends the server's process a SIGTERM.
    pub async fn terminate(&self) {
        let Some(Running::Process(child)) = &self.running else { panic!("it is no process of its own") };
        send("-TERM", child).await;
    }

    /// The code that the server's process ends with by itself; none where it runs on for so long.
    pub async fn ended_within(&mut self, patience: Duration) -> Option<i32> {
        let Some(Running::Process(child)) = &mut self.running else { panic!("it is no process of its own") };
        let ended = tokio::time::timeout(patience, child.wait()).await.ok()?.unwrap();
        self.running = None;
        Some(ended.code().unwrap_or(-1))
    }

    /// What `/readyz` says: its status and text; zero where nobody answers.
    pub async fn readiness(&self) -> (u16, String) {
        let request = self.client.get(format!("{}/readyz", self.base)).timeout(Duration::from_secs(3));
        let Ok(answered) = request.send().await else { return (0, String::new()) };
        (answered.status().as_u16(), answered.text().await.unwrap_or_default())
    }

    pub(crate) async fn spawn(&mut self) {
        self.spawn_only();
        for _ in 0..600 {
            let ready = self.client.get(format!("{}/readyz", self.base)).send().await;
            if ready.is_ok_and(|ready| ready.status() == 200) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the process is not ready after 30 seconds");
    }

    /// Stops the server and starts it anew over the same folder.
    pub async fn restart(&mut self) {
        assert_ne!(self.engine, EngineKind::Memory, "a store in memory does not outlive its server");
        self.stop().await;
        self.start_again().await.expect("the server starts again");
    }

    /// Starts the server over its folder.
    ///
    /// # Errors
    /// What `Server::prepare` says.
    pub async fn start_again(&mut self) -> Result<(), ServeError> {
        if self.process {
            self.spawn().await;
            return Ok(());
        }
        let address = self.base.strip_prefix("http://").unwrap();
        let listener = TcpListener::bind(address).await.unwrap();
        self.serve(listener).await
    }

    /// Reads the configuration again, as a call does; returns once it is done.
    pub async fn reload(&self) {
        let _ = self.try_reload().await;
    }

    /// Reads the configuration again, and returns what became of it.
    ///
    /// # Errors
    /// Why it was refused.
    pub async fn try_reload(&self) -> ReloadOutcome {
        self.host().reloads().reload(ReloadTrigger::Call).await
    }

    /// The server's host, where it runs in the test's own process.
    #[must_use]
    pub fn host(&self) -> PostludeHost {
        let Some(Running::Here { host, .. }) = &self.running else { panic!("it does not run in this process") };
        host.clone()
    }

    /// Reads the configuration again, as a call does, in a task of its own.
    #[must_use]
    pub fn reload_in_background(&self) -> JoinHandle<ReloadOutcome> {
        let host = self.host();
        tokio::spawn(async move { host.reloads().reload(ReloadTrigger::Call).await })
    }

    /// Changes the server's configuration by replacing a text that must be there.
    pub fn edit_config(&self, from: &str, to: &str) {
        let path = self.dir().join("postlude.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "`{from}` is not in the configuration");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    /// A server over a folder with `postlude.toml` in it, which listens at `base`; it does not run yet.
    #[must_use]
    pub fn over(dir: TempDir, base: &str, partner: Partner) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            caller: Client::new(base.to_owned(), partner),
            faults: None,
            stepped: Arc::default(),
            open_files: None,
            dir,
            ahead: Arc::default(),
            began: None,
            process: false,
            program: None,
            compilation: Compilation::InProcess,
            engine: EngineKind::Sled,
            variables: Vec::new(),
            running: None,
        }
    }

    /// Starts it as a process of this program, which may be of another build.
    pub async fn start_program(&mut self, program: PathBuf) {
        (self.process, self.program) = (true, Some(program));
        self.spawn().await;
    }

    /// Starts it in the test's own process on a free port. Its clock begins at `now`, in milliseconds since 1970.
    ///
    /// # Errors
    /// What `Server::prepare` says.
    pub async fn start_at(&mut self, now: u64) -> Result<(), ServeError> {
        let listener = free_port().await;
        self.caller.base = format!("http://{}", listener.local_addr().unwrap());
        self.began = Some(Timestamp(now));
        self.serve(listener).await
    }

    /// The server's clock, ahead by what the test moved it; its wall clock is off by what the test stepped it.
    fn clock(&self) -> Clock {
        let (ahead, stepped) = (Arc::clone(&self.ahead), Arc::clone(&self.stepped));
        let (started, began) = (Instant::now(), self.began.unwrap_or_else(|| Clock::system().now()));
        let moved = move || Duration::from_millis(ahead.load(Ordering::SeqCst));
        let mono = move || started.elapsed().saturating_add(moved());
        let wall_mono = mono.clone();
        let wall = move || {
            let right = began.plus(wall_mono());
            Timestamp(right.0.saturating_add_signed(stepped.load(Ordering::SeqCst)))
        };
        Clock::from_sources(wall, mono)
    }

    pub(crate) async fn serve(&mut self, listener: TcpListener) -> Result<(), ServeError> {
        let options = HostOptions {
            config: self.dir().join("postlude.toml"),
            clock: self.clock(),
            environment: Environment::process(),
            compilation: self.compilation.clone(),
            engine: self.engine,
            parts: Default::default(),
        };
        let server = Server::prepare(options).await?;
        let (stop, stopped) = oneshot::channel();
        let (signals, reloads) = mpsc::channel(1);
        let (host, listeners) = (server.host().clone(), Listeners::from_sockets(listener, None));
        let task = tokio::spawn(server.run(listeners, reloads, async move {
            let _ = stopped.await;
        }));
        self.running = Some(Running::Here { task, stop, host, _signals: signals });
        Ok(())
    }

    /// Bytes of memory that the server's process has (`VmRSS`).
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line VmRSS");
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
    }
}

impl Deref for Postlude {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.caller
    }
}

async fn send(signal: &str, child: &Child) {
    let pid = child.id().expect("it runs").to_string();
    assert!(Command::new("kill").args([signal, &pid]).status().await.unwrap().success());
}
