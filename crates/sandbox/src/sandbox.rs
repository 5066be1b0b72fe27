//! The crate's door: a sandbox loads plugins and runs them.

use crate::abi::PostLoginPre;
use crate::engine::{EngineError, SandboxConfig, engine};
use crate::load::{LoadError, check};
use crate::run::StartError;
use crate::state::Run;
use crate::{host, run};
use postlude_model::action::Action;
use postlude_model::manifest::Manifest;
use postlude_model::names::Digest;
use postlude_model::run::{Report, RunInput, Usage};
use std::fmt;
use std::sync::{Arc, Weak};
use tokio::sync::Semaphore;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

/// The engine, the host functions and the pool of places to run in. Cheap to clone; all clones share one pool.
#[derive(Clone)]
pub struct Sandbox(Arc<Parts>);

struct Parts {
    engine: Engine,
    linker: Linker<Run>,
    places: Semaphore,
}

impl Sandbox {
    /// Makes a sandbox.
    ///
    /// # Errors
    /// When the engine does not start: a configuration out of range, or too little address space.
    pub fn new(config: SandboxConfig) -> Result<Self, EngineError> {
        let engine = engine(&config)?;
        let linker = host::linker(&engine).map_err(|e| EngineError::Link(format!("{e:#}")))?;
        let places = Semaphore::new(config.max_concurrent_runs);
        Ok(Self(Arc::new(Parts { engine, linker, places })))
    }

    /// Checks a component and compiles it. Takes milliseconds to seconds of processor time: call it where blocking is
    /// allowed.
    ///
    /// # Errors
    /// Everything that this host does not run, each by name and with what to do about it.
    pub fn load(&self, bytes: &[u8]) -> Result<Plugin, LoadError> {
        let checked = check(bytes)?;
        let component =
            Component::from_binary(&self.0.engine, bytes).map_err(|e| LoadError::Compile(format!("{e:#}")))?;
        let ready = self.0.linker.instantiate_pre(&component).map_err(|e| LoadError::Link(format!("{e:#}")))?;
        let ready = PostLoginPre::new(ready).map_err(|e| LoadError::Link(format!("{e:#}")))?;
        Ok(Plugin(Arc::new(Loaded {
            digest: digest(bytes),
            manifest: checked.manifest,
            imports: checked.imports,
            size: bytes.len(),
            ready,
        })))
    }

    /// Runs a plugin once, in a fresh instance, within the budget of `input.action.spec`. Always reports; a plugin cannot
    /// make this fail. Cancel-safe: dropping the future ends the run. Needs a tokio runtime with time enabled.
    pub async fn run(&self, plugin: &Plugin, input: RunInput) -> Report {
        run::run(&self.0.engine, &self.0.places, &plugin.0.ready, input).await
    }

    /// Instantiates a plugin once within an action's fuel and memory, and calls nothing: a plugin whose start fails would fail
    /// every login. What it did to the host is thrown away. Needs a tokio runtime with time enabled.
    ///
    /// # Errors
    /// When the plugin traps, spends its budget or does not start within [`crate::START_TIME`]; or when no place to run came free.
    pub async fn try_start(&self, plugin: &Plugin, action: &Arc<Action>) -> Result<Usage, StartError> {
        run::start(&self.0.engine, &self.0.places, &plugin.0.ready, Arc::clone(action)).await
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("free_places", &self.0.places.available_permits()).finish_non_exhaustive()
    }
}

/// A plugin that was checked and compiled. Cheap to clone.
#[derive(Clone)]
pub struct Plugin(Arc<Loaded>);

struct Loaded {
    digest: Digest,
    manifest: Manifest,
    imports: Vec<String>,
    size: usize,
    ready: PostLoginPre<Run>,
}

/// A plugin that is not kept alive by this.
#[derive(Clone)]
pub struct WeakPlugin(Weak<Loaded>);

impl WeakPlugin {
    /// The plugin, while somebody still keeps it.
    #[must_use]
    pub fn upgrade(&self) -> Option<Plugin> {
        self.0.upgrade().map(Plugin)
    }
}

impl fmt::Debug for WeakPlugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakPlugin").field("alive", &(self.0.strong_count() > 0)).finish()
    }
}

impl Plugin {
    /// The same plugin, without keeping its code alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakPlugin {
        WeakPlugin(Arc::downgrade(&self.0))
    }

    /// The SHA-256 digest of its file.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.0.digest
    }

    /// Its manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.0.manifest
    }

    /// The functions that it imports, as `interface.function`, sorted.
    #[must_use]
    pub fn imports(&self) -> &[String] {
        &self.0.imports
    }

    /// Bytes of its file.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.size
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin").field("digest", &self.0.digest).finish_non_exhaustive()
    }
}

fn digest(bytes: &[u8]) -> Digest {
    use sha2::Digest as _;
    Digest::from_bytes(sha2::Sha256::digest(bytes).into())
}
