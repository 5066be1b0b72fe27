//! The workplace of a partner: one plugin in a real server, an IdP, a prompt simulator, and a page with every message.

mod config;
mod plugin;
mod runs;
mod simulator;

use crate::config::{ACME, IdpKeys};
use crate::journal::{EndedLogin, Journal};
use crate::names::Site;
use crate::site::idp::{Idp, PostludeClient};
use crate::stack::{Sites, Sockets, Stack, client};
use crate::stage::{PluginStatus, Stage, Theme};
use crate::time::DemoTime;
use anyhow::{Context as _, Result};
use config::TENANT;
use postlude_crypto::api_key::generate_api_key;
use postlude_host::{Compilation, ReloadTrigger};
use postlude_stories::record::{RecordedPipeline, RecordedStory};
use simulator::Simulator;
use std::sync::{Arc, Mutex, PoisonError};
use tempfile::TempDir;

pub use plugin::DevPlugin;
pub use runs::RunLine;

/// The browsers in which a person acts.
const PANES: [&str; 2] = [FIRST_PANE, "firefox"];
const FIRST_PANE: &str = "chrome";

/// A server with one plugin.
pub struct Dev {
    stack: Stack,
    journal: Arc<Journal>,
    keys: IdpKeys,
    simulator: Arc<Simulator>,
    played: Arc<Mutex<Vec<String>>>,
    status: Arc<Mutex<PluginStatus>>,
    /// Removed with everything in it at the end.
    dir: TempDir,
}

impl Dev {
    /// Starts everything on sockets of this machine's loopback, which serve again where the start failed.
    ///
    /// # Errors
    /// When the server does not take the plugin: every mistake at once.
    pub async fn start(sockets: &Sockets, compilation: Compilation, plugin: &DevPlugin) -> Result<Self> {
        let (names, api) = (sockets.names()?, sockets.api()?);
        let dir = tempfile::Builder::new().prefix("postlude-dev-").tempdir().context("no temporary folder")?;
        let key = generate_api_key()?;
        let keys = IdpKeys { acme: key.clone(), lab: key };
        let file = config::write(dir.path(), names, api, &keys, plugin)?;
        let (time, http) = (DemoTime::new(), client()?);
        let journal = Arc::new(Journal::new(PANES, time.clock()));
        let postlude = PostludeClient {
            api: format!("http://{api}"),
            keys: keys.clone(),
            http: http.clone(),
            messages: Arc::clone(&journal),
        };
        let idp = Arc::new(Idp { names, postlude, clock: time.clock(), book: Mutex::default() });
        let simulator = Arc::new(Simulator::new(names, time.clock(), http, Arc::clone(&journal)));
        let (played, status) = (Arc::default(), Arc::<Mutex<PluginStatus>>::default());
        let theme = Theme::Plugin(Arc::clone(&status));
        let sites = Sites {
            stage: Stage { names, journal: Arc::clone(&journal), time: time.clone(), theme },
            journal: Arc::clone(&journal),
            idp,
            partner: simulator::router(Arc::clone(&simulator)),
            played: Arc::clone(&played),
        };
        let stack = Stack::start(sockets, file, compilation, &time, sites).await?;
        let dev = Self { stack, journal, keys, simulator, played, status, dir };
        dev.now(plugin);
        Ok(dev)
    }

    /// Puts another version of the plugin into force; logins that are under way keep theirs.
    ///
    /// # Errors
    /// Every mistake at once; the version before it keeps running.
    pub async fn swap(&self, plugin: &DevPlugin) -> Result<()> {
        let api = self.stack.api.trim_start_matches("http://").parse().context("the API's address")?;
        config::write(self.dir.path(), self.stack.names, api, &self.keys, plugin)?;
        let swapped = self.stack.host.reloads().reload(ReloadTrigger::Call).await;
        swapped.map_err(|why| anyhow::anyhow!("{why}"))?;
        self.now(plugin);
        Ok(())
    }

    /// Tells the page that a version was not built, or not taken.
    pub fn failed(&self, why: &str) {
        self.set_status(|status| status.failure = Some(format!("{why}\n(What the build said is in the terminal.)")));
    }

    /// The address of the page.
    #[must_use]
    pub fn page(&self) -> String {
        self.stack.names.stage()
    }

    /// The IdP's front page in the first browser, to be opened by itself: few sites of partners can be framed.
    #[must_use]
    pub fn idp(&self) -> String {
        format!("{}/", self.stack.names.seen_by(FIRST_PANE, Site::Idp))
    }

    /// The continue URL for a partner's own site, which sends that first browser back.
    #[must_use]
    pub fn continue_url(&self) -> String {
        format!("{}/{TENANT}/continue", self.stack.names.seen_by(FIRST_PANE, Site::Postlude))
    }

    /// Tells every run of the plugin, and every refusal, as it happens. Does not return.
    pub async fn follow(&self, tell: impl FnMut(&RunLine) + Send) {
        runs::follow(&self.journal, tell).await;
    }

    /// Tells every login that ends from now on. Does not return.
    pub async fn follow_ended(&self, mut tell: impl FnMut(&EndedLogin) + Send) {
        let mut changes = self.journal.follow();
        let mut told = self.ended();
        while changes.changed().await.is_ok() {
            let ended = self.ended();
            ended.iter().filter(|login| !told.contains(login)).for_each(&mut tell);
            told = ended;
        }
    }

    /// The logins that ended, in the order in which they did; the newest hundreds.
    #[must_use]
    pub fn ended(&self) -> Vec<EndedLogin> {
        self.journal.ended()
    }

    /// A login as a story, with the logins before it that it needs.
    ///
    /// # Errors
    /// When it is not kept any more, or cannot be told: why, and what to do instead.
    pub fn story(&self, login: &str) -> Result<RecordedStory> {
        self.journal.story(login)
    }

    /// Stops the server as a signal would, and removes its data.
    ///
    /// # Errors
    /// When the store cannot be closed properly.
    pub async fn stop(self) -> Result<()> {
        self.stack.stop().await
    }

    /// What goes with the version that is in force.
    fn now(&self, plugin: &DevPlugin) {
        let own = self.stack.names.site(Site::Partner);
        let elsewhere = plugin.action.redirect_origins.iter().filter(|origin| !plugin.real_site && **origin != own);
        let elsewhere = elsewhere.cloned().collect();
        *self.played.lock().unwrap_or_else(PoisonError::into_inner) = elsewhere;
        let pipeline = RecordedPipeline { setup: plugin.setup.clone(), plugins: Vec::new() };
        self.journal.serve(ACME, pipeline);
        self.simulator.play(plugin.action.partner.clone(), self.stack.names.issuer(TENANT));
        self.set_status(|status| {
            *status = PluginStatus { name: plugin.name.clone(), about: plugin.about.clone(), failure: None }
        });
    }

    fn set_status(&self, change: impl FnOnce(&mut PluginStatus)) {
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner));
        self.journal.note(|_| {});
    }
}
