//! What to start: a server's configuration and folder, as a test wants them.

use crate::client::Client;
use crate::config_text::ConfigText;
use crate::faults::Faults;
use crate::files::write;
use crate::host::Postlude;
use crate::partner::{Alg, Partner};
use crate::port::free_port;
use postlude_host::{Compilation, EngineKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

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
