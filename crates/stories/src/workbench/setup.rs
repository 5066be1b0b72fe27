//! What a workbench is made from.

use super::clock::{BEGINNING, VirtualClock};
use super::error::WorkbenchError;
use super::http::{HttpScript, ScriptedClient};
use super::own_config;
use super::pool::PluginPool;
use super::runs::RunRecorder;
use super::tenant::SimulatedTenant;
use super::written_config::{self, ActionSetup, TENANT};
use postlude_config::Environment;
use postlude_host::{Compilation, EngineKind, Host, HostOptions, HostParts};
use postlude_model::names::Timestamp;
use std::path::PathBuf;
use std::sync::Arc;

/// What a workbench is made from: actions, or the user's own configuration.
#[derive(Debug, Clone)]
pub struct WorkbenchSetup {
    pool: PluginPool,
    actions: Vec<ActionSetup>,
    config: Option<PathBuf>,
    tenant: Option<String>,
    beginning: Timestamp,
}

/// A host that was opened, and what is simulated around it.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) host: Host,
    pub(super) clock: VirtualClock,
    pub(super) http: Arc<HttpScript>,
    pub(super) runs: Arc<RunRecorder>,
    pub(super) tenant: SimulatedTenant,
    pub(super) file: ConfigFile,
    pub(super) notes: Vec<String>,
}

/// The configuration file of a workbench.
#[derive(Debug)]
pub(super) enum ConfigFile {
    /// The user's own.
    Own,
    /// A temporary one, removed with the workbench.
    Written { path: PathBuf, actions: Vec<ActionSetup>, pool: PluginPool },
}

impl Drop for ConfigFile {
    fn drop(&mut self) {
        if let Self::Written { path, .. } = self {
            // What is left goes with the pool's folder.
            let _ = std::fs::remove_file(path);
        }
    }
}

impl WorkbenchSetup {
    /// Begins with the plugins of a pool and an empty pipeline.
    #[must_use]
    pub fn new(pool: &PluginPool) -> Self {
        Self { pool: pool.clone(), actions: Vec::new(), config: None, tenant: None, beginning: BEGINNING }
    }

    /// Adds an action at the end of the pipeline.
    #[must_use]
    pub fn action(mut self, setup: ActionSetup) -> Self {
        self.actions.push(setup);
        self
    }

    /// Takes the user's own configuration, whole, instead of actions. Of its secrets, those that this machine has not get stand-ins.
    #[must_use]
    pub fn config(self, file: impl Into<PathBuf>) -> Self {
        Self { config: Some(file.into()), ..self }
    }

    /// Chooses a tenant of the user's own configuration, which needs no choice when it has one alone.
    #[must_use]
    pub fn tenant(self, name: impl Into<String>) -> Self {
        Self { tenant: Some(name.into()), ..self }
    }

    /// Sets the time at which the workbench's clock stands at first.
    #[must_use]
    pub fn beginning(self, time: Timestamp) -> Self {
        Self { beginning: time, ..self }
    }

    /// Opens the host.
    pub(super) async fn open(self) -> Result<Opened, WorkbenchError> {
        let is_own = self.config.is_some();
        let (path, environment, notes, file) = self.configure()?;
        let (clock, http, runs) = (VirtualClock::at(self.beginning), Arc::<HttpScript>::default(), Arc::default());
        let client = Arc::new(ScriptedClient(Arc::clone(&http)));
        let listener: Arc<RunRecorder> = Arc::clone(&runs);
        let options = HostOptions {
            config: path,
            clock: clock.for_host(),
            environment: environment.clone(),
            compilation: Compilation::InProcess,
            engine: EngineKind::Memory,
            parts: HostParts { compiler: Some(self.pool.compiler().clone()), http: Some(client), runs: Some(listener) },
        };
        let host = Host::open(options).await.map_err(|why| WorkbenchError::open(why, is_own))?;
        let tenant = SimulatedTenant::of(&host, self.tenant.as_deref(), &environment)?;
        Ok(Opened { host, clock, http, runs, tenant, file, notes })
    }

    fn configure(&self) -> Result<(PathBuf, Environment, Vec<String>, ConfigFile), WorkbenchError> {
        if let Some(path) = &self.config {
            if !self.actions.is_empty() {
                let why = "a workbench takes actions or a configuration, not both".to_owned();
                return Err(WorkbenchError::Usage(why));
            }
            let own_config::StandIns { environment, notes } = own_config::stand_ins(path)?;
            return Ok((path.clone(), environment, notes, ConfigFile::Own));
        }
        let path = self.pool.new_file();
        let written = written_config::write(&self.actions, self.pool.folder())?;
        std::fs::write(&path, &written.text).map_err(|why| WorkbenchError::io("a configuration", why))?;
        let file = ConfigFile::Written { path: path.clone(), actions: self.actions.clone(), pool: self.pool.clone() };
        Ok((path, written.environment, written.notes, file))
    }
}

impl ConfigFile {
    /// Puts another version of a plugin in the place of each action that has the plugin. The host has to be told.
    pub(super) fn swap(&mut self, plugin: &super::pool::PooledPlugin) -> Result<(), WorkbenchError> {
        let Self::Written { path, actions, pool } = self else {
            let why = "another version of a plugin cannot be put into your own configuration; leave out `--config`";
            return Err(WorkbenchError::Usage(why.to_owned()));
        };
        let name = &plugin.manifest().name;
        let mut found = false;
        for action in actions.iter_mut().filter(|action| action.plugin.manifest().name == *name) {
            action.plugin = plugin.clone();
            found = true;
        }
        if !found {
            return Err(WorkbenchError::Usage(format!(
                "no action of tenant `{TENANT}` has a plugin of the name `{name}`"
            )));
        }
        let written = written_config::write(actions, pool.folder())?;
        std::fs::write(path, &written.text).map_err(|why| WorkbenchError::io("a configuration", why))
    }
}
