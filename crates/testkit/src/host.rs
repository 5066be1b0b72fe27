//! A running server, its folder and its clock.

use crate::client::Client;
use crate::config_text::ConfigText;
use crate::faults::Faults;
use crate::files::{edit, write};
use crate::partner::{Alg, Partner};
use crate::port::free_port;
use crate::running::{Running, clock, command, resident_bytes, send};
use postlude_config::Environment;
use postlude_host::{Compilation, EngineKind, Host as PostludeHost, HostOptions, ReloadOutcome, ReloadTrigger};
use postlude_model::names::Timestamp;
use postlude_server::ServeError;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What to start.
#[derive(Debug, Clone)]
pub struct Builder {
    max_age: String,
    alg: Alg,
    profile: String,
    lifetimes: String,
    rules: String,
    policy: String,
    before: String,
    after: String,
    server: String,
    guests: Vec<(String, Vec<u8>)>,
    watch: bool,
    prepare: fn(&Path),
    process: bool,
    compilation: Compilation,
    engine: EngineKind,
    variables: Vec<(String, String)>,
    /// Files that the process may have open.
    open_files: Option<u32>,
    faults: bool,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            max_age: "24h".to_owned(),
            alg: Alg::EdDsa,
            profile: "postlude".to_owned(),
            lifetimes: String::new(),
            rules: String::new(),
            policy: String::new(),
            before: String::new(),
            after: String::new(),
            server: String::new(),
            guests: Vec::new(),
            watch: false,
            prepare: |_| {},
            process: false,
            compilation: Compilation::InProcess,
            engine: EngineKind::Sled,
            variables: Vec::new(),
            open_files: None,
            faults: false,
        }
    }
}

impl Builder {
    /// The factor's policy.
    #[must_use]
    pub fn max_age(mut self, max_age: &str) -> Self {
        max_age.clone_into(&mut self.max_age);
        self
    }

    /// More lines of the table `[server]`.
    #[must_use]
    pub fn server(mut self, lines: &str) -> Self {
        lines.clone_into(&mut self.server);
        self
    }

    /// The tokens' algorithm and profile.
    #[must_use]
    pub fn tokens(mut self, alg: Alg, profile: &str) -> Self {
        self.alg = alg;
        profile.clone_into(&mut self.profile);
        self
    }

    /// Lines of `[tenants.acme.lifetimes]`.
    #[must_use]
    pub fn lifetimes(mut self, lines: &str) -> Self {
        self.lifetimes = format!("[tenants.acme.lifetimes]\n{lines}\n");
        self
    }

    /// Lines of the action `face`, such as `any_of = "second"`.
    #[must_use]
    pub fn rules(mut self, lines: &str) -> Self {
        lines.clone_into(&mut self.rules);
        self
    }

    /// Lines of the factor's policy, such as `max_uses = 2`.
    #[must_use]
    pub fn policy(mut self, lines: &str) -> Self {
        lines.clone_into(&mut self.policy);
        self
    }

    /// A guest as a plugin of tenant acme: its name and its component with a manifest.
    #[must_use]
    pub fn guest(mut self, name: &str, component: Vec<u8>) -> Self {
        self.guests.push((name.to_owned(), component));
        self
    }

    /// Tables of actions before that of the factor, `[[tenants.acme.pipeline]]` and below.
    #[must_use]
    pub fn before(mut self, toml: &str) -> Self {
        self.before.push_str(toml);
        self
    }

    /// Tables of actions after that of the factor.
    #[must_use]
    pub fn after(mut self, toml: &str) -> Self {
        self.after.push_str(toml);
        self
    }

    /// Lets the server watch its files. Otherwise a test says when they are read again.
    #[must_use]
    pub const fn watch(mut self) -> Self {
        self.watch = true;
        self
    }

    /// Puts something into the server's folder before it starts.
    #[must_use]
    pub fn prepare(mut self, prepare: fn(&Path)) -> Self {
        self.prepare = prepare;
        self
    }

    /// Runs the server as a process of its own, which can be killed, instead of in the test's own.
    #[must_use]
    pub const fn process(mut self) -> Self {
        self.process = true;
        self
    }

    /// Compiles plugins in processes of `program`, instead of in the test's own.
    #[must_use]
    pub fn compiler(mut self, program: PathBuf) -> Self {
        self.compilation = Compilation::Child(program);
        self
    }

    /// Keeps the store in memory: quick, and gone when the server stops.
    #[must_use]
    pub const fn in_memory(mut self) -> Self {
        self.engine = EngineKind::Memory;
        self
    }

    /// Sets a variable of the server process's environment.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Lets the server's process have so many files open at most.
    #[must_use]
    pub const fn open_files(mut self, most: u32) -> Self {
        self.open_files = Some(most);
        self
    }

    /// Runs the server as a process of its own for which disk and clocks can be made wrong.
    #[must_use]
    pub const fn faults(mut self) -> Self {
        (self.process, self.faults) = (true, true);
        self
    }

    /// Starts the server.
    pub async fn start(self) -> Postlude {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = TempDir::new().unwrap();
        let listener = free_port().await;
        let address = listener.local_addr().unwrap();
        let partner = Partner::new(self.alg, &self.profile);
        let root = postlude_crypto::root::RootKey::generate().unwrap();
        write(dir.path(), "root.key", root.to_text().as_bytes());
        write(dir.path(), "partner.jwks.json", partner.jwks().as_bytes());
        write(dir.path(), "partner.secret", partner.secret().as_bytes());
        for (name, component) in &self.guests {
            write(dir.path(), &format!("{name}.wasm"), component);
        }
        (self.prepare)(dir.path());
        let text = ConfigText {
            port: address.port(),
            issuer: partner.issuer(),
            alg: self.alg,
            profile: &self.profile,
            max_age: &self.max_age,
            lifetimes: &self.lifetimes,
            rules: &self.rules,
            policy: &self.policy,
            server: &self.server,
            before: &self.before,
            after: &self.after,
            guests: self.guests.iter().map(|(name, _)| name.as_str()).collect(),
            watch: self.watch,
        };
        let config = text.write();
        write(dir.path(), "postlude.toml", config.as_bytes());
        let faults = self.faults.then(|| Faults::in_folder(dir.path()));
        let mut postlude = Postlude {
            caller: Client::new(format!("http://{address}"), partner),
            ahead: Arc::default(),
            stepped: Arc::default(),
            began: None,
            dir,
            process: self.process,
            program: None,
            compilation: self.compilation,
            engine: self.engine,
            variables: self.variables.clone(),
            open_files: self.open_files,
            faults,
            running: None,
        };
        if self.process {
            drop(listener);
            postlude.spawn().await;
        } else {
            postlude.serve(listener).await.expect("the server starts");
        }
        postlude
    }
}

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
        self.running.take().expect("it runs").stop().await;
    }

    /// Sends the server's process a SIGHUP.
    pub async fn hang_up(&self) {
        let child = self.child();
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
        let child = self.child();
        child.id().expect("it runs")
    }

    /// Starts the server, when it was stopped, as a process of its own from now on.
    pub async fn start_as_process(&mut self) {
        self.process = true;
        self.spawn().await;
    }

    /// Starts the server's process, and waits for nothing. It meets the faults that [`Self::faults`] are set to.
    pub fn spawn_only(&mut self) {
        let mut command = command(self.program.clone(), self.open_files, self.dir());
        if let Some(faults) = &self.faults {
            // Its data, and the high-water file beside it.
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

    fn child(&self) -> &tokio::process::Child {
        let Some(Running::Process(child)) = &self.running else { panic!("it is no process of its own") };
        child
    }

    /// Sends the server's process a SIGTERM.
    pub async fn terminate(&self) {
        let child = self.child();
        send("-TERM", child).await;
    }

    /// The code that the server's process ends with by itself; none where it runs on for so long.
    pub async fn ended_within(&mut self, patience: Duration) -> Option<i32> {
        let Some(Running::Process(child)) = &mut self.running else { panic!("it is no process of its own") };
        let ended = tokio::time::timeout(patience, child.wait()).await.ok()?.unwrap();
        self.running = None;
        Some(ended.code().unwrap_or(-1))
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
        edit(&self.dir().join("postlude.toml"), from, to);
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

    pub(crate) async fn serve(&mut self, listener: TcpListener) -> Result<(), ServeError> {
        let options = HostOptions {
            config: self.dir().join("postlude.toml"),
            clock: clock(&self.ahead, &self.stepped, self.began),
            environment: Environment::process(),
            compilation: self.compilation.clone(),
            engine: self.engine,
            parts: Default::default(),
        };
        self.running = Some(Running::here(options, listener).await?);
        Ok(())
    }

    /// Bytes of memory that the server's process has (`VmRSS`).
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        resident_bytes(self.pid())
    }
}

impl Deref for Postlude {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.caller
    }
}
