//! Servers over a folder that has its configuration already, such as one that an earlier build left behind.

use crate::host::Postlude;
use crate::partner::Partner;
use crate::port::free_port;
use postlude_model::names::Timestamp;
use postlude_server::clock::Clock;
use postlude_server::{Compilation, EngineKind, ServeError};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tempfile::TempDir;

impl Postlude {
    /// A server over a folder with `postlude.toml` in it, which listens at `base`; it does not run yet.
    #[must_use]
    pub fn over(dir: TempDir, base: &str, partner: Partner) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            base: base.to_owned(),
            client: reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap(),
            partner,
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
        self.base = format!("http://{}", listener.local_addr().unwrap());
        self.began = Some(Timestamp(now));
        self.serve(listener).await
    }

    /// The server's clock, ahead by what the test moved it.
    pub(crate) fn clock(&self) -> Clock {
        let ahead = Arc::clone(&self.ahead);
        let Some(began) = self.began else { return Clock::ahead(ahead) };
        let started = Instant::now();
        let moved = move || Duration::from_millis(ahead.load(Ordering::SeqCst));
        Clock::from_fn(move || began.plus(started.elapsed()).plus(moved()))
    }
}
