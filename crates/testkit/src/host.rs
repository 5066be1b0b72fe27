//! A running server, its folder and its clock.

use crate::answered::Answered;
use crate::keys::{IDP_KEY, OTHER_KEY, OTHER_OPERATOR_KEY, callers, hash};
use crate::partner::{Alg, Partner};
use crate::port::free_port;
use crate::story::FACTOR;
use postlude_server::clock::Clock;
use postlude_server::config::Environment;
use postlude_server::{Compilation, Listeners, Options, Outcome, Reloader, ServeError, Server};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
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
    guests: Vec<(String, Vec<u8>)>,
    watch: bool,
    prepare: fn(&Path),
    process: bool,
    compilation: Compilation,
    variables: Vec<(String, String)>,
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
            guests: Vec::new(),
            watch: false,
            prepare: |_| {},
            process: false,
            compilation: Compilation::InProcess,
            variables: Vec::new(),
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

    /// Lines of its factor's policy, such as `max_uses = 2`.
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

    /// Watches its files. Without it a test says when they are read again.
    #[must_use]
    pub const fn watch(mut self) -> Self {
        self.watch = true;
        self
    }

    /// Puts something into its folder before it starts.
    #[must_use]
    pub fn prepare(mut self, prepare: fn(&Path)) -> Self {
        self.prepare = prepare;
        self
    }

    /// As a process of its own, which can be killed, instead of in the test's own.
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

    /// A variable of its process's environment.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts it.
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
        let config = self.config(address.port(), &partner);
        write(dir.path(), "postlude.toml", config.as_bytes());
        let mut postlude = Postlude {
            base: format!("http://{address}"),
            client: reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap(),
            ahead: Arc::default(),
            dir,
            partner,
            process: self.process,
            compilation: self.compilation,
            variables: self.variables.clone(),
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

    fn config(&self, port: u16, partner: &Partner) -> String {
        let plugin = plugin_file("custom-factor");
        let material = match self.alg {
            Alg::Hs256 => "secret = { file = \"partner.secret\" }",
            Alg::EdDsa | Alg::Es256 => "jwks = { file = \"partner.jwks.json\" }",
        };
        let guests: String = self
            .guests
            .iter()
            .map(|(name, _)| format!("[tenants.acme.plugins.{name}]\npath = \"{name}.wasm\"\n"))
            .collect();
        format!(
            r#"[server]
listen = "127.0.0.1:{port}"
root_key = {{ file = "root.key" }}
development = true
watch = {watch}

[tenants.acme]
issuer = "http://127.0.0.1:{port}/acme"
return_urls = ["http://localhost:3000/interaction/"]
{callers}
{lifetimes}
[tenants.acme.plugins.custom-factor]
path = "{plugin}"
{guests}
{before}
[[tenants.acme.pipeline]]
name = "face"
plugin = "custom-factor"
settings = {{ prompt_url = "http://localhost:4000/prompt", factor = "{FACTOR}", profile = "{profile}", claim = "https://acme.example/face_at" }}
{rules}
[tenants.acme.pipeline.grants]
redirect_origins = ["http://localhost:4000"]
claims = ["https://acme.example/face_at"]
[tenants.acme.pipeline.keys.partner]
issuer = "{issuer}"
alg = "{alg}"
{material}
[[tenants.acme.pipeline.factors]]
name = "{FACTOR}"
max_age = "{max_age}"
amr = ["mfa"]
{policy}
{after}
[tenants.other]
issuer = "http://127.0.0.1:{port}/other"
return_urls = ["http://localhost:3000/interaction/"]
[tenants.other.keys.idp]
role = "idp"
sha256 = "{other}"
[tenants.other.keys.ops]
role = "operator"
sha256 = "{other_operator}"
"#,
            watch = self.watch,
            callers = callers(),
            other = hash(OTHER_KEY),
            other_operator = hash(OTHER_OPERATOR_KEY),
            plugin = plugin.display(),
            profile = self.profile,
            issuer = partner.issuer(),
            alg = self.alg.as_str(),
            max_age = self.max_age,
            lifetimes = self.lifetimes,
            rules = self.rules,
            policy = self.policy,
            before = self.before,
            after = self.after,
        )
    }
}

/// A running server.
#[derive(Debug)]
pub struct Postlude {
    /// Where it is.
    pub base: String,
    /// A client that follows no redirect.
    pub client: reqwest::Client,
    /// The partner of the action `face`.
    pub partner: Partner,
    dir: TempDir,
    ahead: Arc<AtomicU64>,
    process: bool,
    compilation: Compilation,
    variables: Vec<(String, String)>,
    running: Option<Running>,
}

#[derive(Debug)]
enum Running {
    Here {
        task: JoinHandle<Result<(), ServeError>>,
        stop: oneshot::Sender<()>,
        reload: Reloader,
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

    /// What to start, to be changed.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Its folder, with `postlude.toml` and `data`.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Moves its clock forward.
    pub fn forward(&self, by: Duration) {
        self.ahead.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Stops it as SIGTERM does.
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

    /// Sends its process a SIGHUP.
    pub async fn hang_up(&self) {
        let Some(Running::Process(child)) = &self.running else { panic!("it is no process of its own") };
        send("-HUP", child).await;
    }

    /// Kills its process as `kill -9` does.
    pub async fn kill(&mut self) {
        let Some(Running::Process(mut child)) = self.running.take() else { panic!("it is no process of its own") };
        child.kill().await.unwrap();
    }

    /// The id of its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        let Some(Running::Process(child)) = &self.running else { panic!("it is no process of its own") };
        child.id().expect("it runs")
    }

    /// Starts it, when it was stopped, as a process of its own from now on.
    pub async fn start_as_process(&mut self) {
        self.process = true;
        self.spawn().await;
    }

    async fn spawn(&mut self) {
        let program = program();
        let mut command = Command::new(program);
        command.args(["serve", "--log-level", "warn", "--config"]).arg(self.dir().join("postlude.toml"));
        command.envs(self.variables.iter().cloned());
        self.running = Some(Running::Process(command.kill_on_drop(true).spawn().unwrap()));
        for _ in 0..600 {
            let ready = self.client.get(format!("{}/readyz", self.base)).send().await;
            if ready.is_ok_and(|ready| ready.status() == 200) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the process is not ready after 30 seconds");
    }

    /// Stops it and starts it anew over the same folder.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.start_again().await.expect("the server starts again");
    }

    /// Starts it over its folder.
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

    /// The same, with what became of it.
    ///
    /// # Errors
    /// Why it was refused.
    pub async fn try_reload(&self) -> Outcome {
        self.reloader().reload().await
    }

    /// Reloads it, also while it runs, and knows what became of it.
    #[must_use]
    pub fn reloader(&self) -> Reloader {
        let Some(Running::Here { reload, .. }) = &self.running else { panic!("it does not run in this process") };
        reload.clone()
    }

    /// Changes its configuration by replacing a text that must be there.
    pub fn edit_config(&self, from: &str, to: &str) {
        let path = self.dir().join("postlude.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "`{from}` is not in the configuration");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    async fn serve(&mut self, listener: TcpListener) -> Result<(), ServeError> {
        let options = Options {
            config: self.dir().join("postlude.toml"),
            clock: Clock::ahead(Arc::clone(&self.ahead)),
            environment: Environment::process(),
            compilation: self.compilation.clone(),
        };
        let server = Server::prepare(options).await?;
        let (stop, stopped) = oneshot::channel();
        let (signals, reloads) = mpsc::channel(1);
        let (reload, listeners) = (server.reloader(), Listeners::from_sockets(listener, None));
        let task = tokio::spawn(server.run(listeners, reloads, async move {
            let _ = stopped.await;
        }));
        self.running = Some(Running::Here { task, stop, reload, _signals: signals });
        Ok(())
    }

    /// A POST of the IdP.
    pub async fn post(&self, path: &str, body: &Value) -> Answered {
        self.post_as(IDP_KEY, path, body).await
    }

    /// A POST with a key.
    pub async fn post_as(&self, key: &str, path: &str, body: &Value) -> Answered {
        let request = self.client.post(format!("{}{path}", self.base)).bearer_auth(key).json(body);
        Answered::of(request).await
    }

    /// A GET with a key.
    pub async fn get_as(&self, key: &str, path: &str) -> Answered {
        Answered::of(self.client.get(format!("{}{path}", self.base)).bearer_auth(key)).await
    }

    /// `POST /v1/logins`.
    pub async fn login(&self, idempotency_key: &str, body: &Value) -> Answered {
        self.login_as(IDP_KEY, idempotency_key, body).await
    }

    /// `POST /v1/logins` with a key.
    pub async fn login_as(&self, key: &str, idempotency_key: &str, body: &Value) -> Answered {
        let request = self.client.post(format!("{}/v1/logins", self.base)).bearer_auth(key);
        Answered::of(request.header("Idempotency-Key", idempotency_key).json(body)).await
    }
}

async fn send(signal: &str, child: &Child) {
    let pid = child.id().expect("it runs").to_string();
    assert!(Command::new("kill").args([signal, &pid]).status().await.unwrap().success());
}

/// The `postlude` program, as cargo builds it beside this test.
#[must_use]
pub fn program() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    // A test lies one folder deeper than a program.
    let found = this.ancestors().skip(1).take(2).map(|folder| folder.join("postlude")).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("the program is missing beside {}: run `cargo build` first", this.display()))
}

/// The file of a plugin of this repository, as `make plugins` builds it. A test whose plugin is not built fails with one line
/// that says so, and without the backtrace of a panic: nothing in the code is wrong.
#[must_use]
#[expect(clippy::print_stderr, reason = "the test's own output, which the harness shows when it fails")]
pub fn plugin_file(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/target/postlude");
    folder.join(format!("{name}.wasm")).canonicalize().unwrap_or_else(|_| {
        eprintln!("the plugin `{name}` is not built: run `make plugins` first");
        std::panic::resume_unwind(Box::new("a plugin is not built"))
    })
}

fn write(dir: &Path, name: &str, bytes: &[u8]) {
    use std::os::unix::fs::PermissionsExt;
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}
