//! The crate's door: a sandbox loads plugins and runs them.

use crate::abi::PostLoginPre;
use crate::engine::{EngineError, SandboxConfig, engine};
use crate::load::{LoadError, check};
use crate::state::Run;
use crate::{host, run};
use postlude_model::manifest::Manifest;
use postlude_model::names::Digest;
use postlude_model::run::{Report, RunInput};
use std::fmt;
use std::sync::Arc;
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
    all_places: usize,
}

impl Sandbox {
    /// Makes a sandbox.
    ///
    /// # Errors
    /// When the engine does not start: a configuration out of range, or too little address space.
    pub fn new(config: SandboxConfig) -> Result<Self, EngineError> {
        let engine = engine(&config)?;
        let linker = host::linker(&engine).map_err(|e| EngineError::Link(format!("{e:#}")))?;
        let all_places = config.max_concurrent_runs;
        Ok(Self(Arc::new(Parts { engine, linker, places: Semaphore::new(all_places), all_places })))
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

    /// Places to run in: how many there are, and how many are free at this moment.
    #[must_use]
    pub fn places(&self) -> (usize, usize) {
        (self.0.all_places, self.0.places.available_permits())
    }

    /// Runs a plugin once, in a fresh instance, within the budget of `input.action.spec`. Always reports; a plugin cannot
    /// make this fail. Cancel-safe: dropping the future ends the run. Needs a tokio runtime with time enabled.
    pub async fn run(&self, plugin: &Plugin, input: RunInput) -> Report {
        run::run(&self.0.engine, &self.0.places, &plugin.0.ready, input).await
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

impl Plugin {
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
