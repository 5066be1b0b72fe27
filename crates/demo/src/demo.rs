//! The demo: the real server, an IdP, a partner's prompt site, and the page that explains.

use crate::config;
use crate::journal::Journal;
use crate::pipeline;
use crate::site::idp::{Idp, PostludeClient};
use crate::site::partner::{self, PromptSite};
use crate::stack::{Sites, Sockets, Stack, client};
use crate::stage::{Editor, Stage, Theme, Trial};
use crate::story::{self, Step};
use crate::time::DemoTime;
use anyhow::{Context as _, Result};
use postlude_host::Compilation;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use tempfile::TempDir;

/// The browsers in which a person acts.
const PANES: [&str; 2] = ["ana", "mallory"];

/// How the demo is started.
#[derive(Debug)]
pub struct DemoOptions {
    /// The port of the demo's sites; none for [`PORT`](crate::PORT), or any free one when that is taken. 0 is any free one.
    pub port: Option<u16>,
    /// The folder that keeps Postlude's data; none for a temporary one, which goes with the demo.
    pub data: Option<PathBuf>,
    /// Where plugins are compiled.
    pub compilation: Compilation,
}

/// A running demo.
pub struct Demo {
    stack: Stack,
    http: reqwest::Client,
    idp: Arc<Idp>,
    time: DemoTime,
    /// Removed with everything in it when the demo ends; none when its data are kept.
    _dir: Option<TempDir>,
}

impl Demo {
    /// Starts everything on this machine's loopback.
    ///
    /// # Errors
    /// When the port is taken, the folder cannot be used, or the server does not start.
    pub async fn start(options: DemoOptions) -> Result<Self> {
        let sockets = Sockets::bind(options.port).await?;
        let (names, api) = (sockets.names()?, sockets.api()?);
        let (path, dir) = folder(options.data)?;
        let (config, keys) = config::write(&path, names, api)?;
        let (time, http) = (DemoTime::new(), client()?);
        let journal = Arc::new(Journal::new(PANES, time.clock()));
        journal.serve(config::ACME, pipeline::acme(names, None));
        journal.serve(config::LAB, pipeline::lab());
        let prompt = PromptSite::new(names, keys.partner, time.clock(), http.clone(), Arc::clone(&journal));
        let postlude = PostludeClient {
            api: format!("http://{api}"),
            keys: keys.idp.clone(),
            http: http.clone(),
            messages: Arc::clone(&journal),
        };
        let editor = Arc::new(Editor {
            dir: path,
            names,
            listen: api,
            keys: keys.idp.clone(),
            host: OnceLock::new(),
            journal: Arc::clone(&journal),
            typed: Mutex::default(),
            in_force: tokio::sync::Mutex::default(),
            trial: Trial::new(format!("http://{api}"), names, http.clone())?,
        });
        let theme = Theme::Demo(Arc::clone(&editor));
        let idp = Arc::new(Idp { names, postlude, clock: time.clock(), book: Mutex::default() });
        let sites = Sites {
            stage: Stage { names, journal: Arc::clone(&journal), time: time.clone(), theme },
            journal,
            idp: Arc::clone(&idp),
            partner: partner::router(Arc::new(prompt)),
            played: Arc::default(),
        };
        let stack = Stack::start(sockets, config, options.compilation, &time, sites).await?;
        let _ = editor.host.set(stack.host.clone());
        Ok(Self { stack, http, idp, time, _dir: dir })
    }

    /// The address of the page that explains.
    #[must_use]
    pub fn page(&self) -> String {
        self.stack.names.stage()
    }

    /// The origin of Postlude's API.
    #[must_use]
    pub fn api(&self) -> &str {
        &self.stack.api
    }

    /// Plays the story, and tells each step.
    ///
    /// # Errors
    /// At the first surprise: which step, what was expected, what came.
    pub async fn play(&self, tell: impl FnMut(&Step) + Send) -> Result<()> {
        story::play(&self.idp, self.stack.names, &self.http, &self.time, tell).await
    }

    /// Stops the server as a signal would: nothing is half done, and a temporary folder goes.
    ///
    /// # Errors
    /// When the store cannot be closed properly.
    pub async fn stop(self) -> Result<()> {
        self.stack.stop().await
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
