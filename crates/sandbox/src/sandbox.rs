//! The crate's door: a sandbox loads plugins and runs them.

use crate::abi::{self, Linked};
use crate::background::{Background, BackgroundWork};
use crate::code::{self, Code, CodeError, EngineId, Vouched};
use crate::digest::digest;
use crate::engine::{EngineError, EngineKind, SandboxConfig};
use crate::engines::{Engines, Linkers};
use crate::load::error::LoadError;
use crate::load::{Checked, check};
use crate::run::{self, Runnable, Runner, StartError};
use crate::tier::Tier;
use postlude_model::abi::AbiVersion;
use postlude_model::action::{Action, Budget};
use postlude_model::manifest::Manifest;
use postlude_model::names::Digest;
use postlude_model::run::{Report, RunInput, Usage};
use postlude_schedule::{Scheduler, Share, ShareUse};
use std::fmt;
use std::sync::{Arc, Weak};
use wasmtime::component::Component;

/// The engine, the host functions and the scheduler of runs. Cheap to clone; all clones are the same sandbox.
#[derive(Clone)]
pub struct Sandbox(Arc<Parts>);

/// Queues for threads that serve no core: those of tools and tests have one each, up to so many.
const OTHER_THREADS: usize = 64;

struct Parts {
    engines: Engines,
    id: EngineId,
    runner: Runner,
    /// For runs of no tenant.
    nobody: Share,
}

impl Sandbox {
    /// Makes a sandbox.
    ///
    /// # Errors
    /// When the engine does not start: a configuration out of range, or too little address space.
    pub fn new(config: SandboxConfig) -> Result<Self, EngineError> {
        let scheduler = Arc::new(Scheduler::new(config.cores, OTHER_THREADS, config.runs));
        let engines = Engines::new(config, scheduler.queues())?;
        let id = EngineId::new(config.source_lines)?;
        let nobody = scheduler.share("", 1);
        let runner = Runner { scheduler, background: Background::default() };
        Ok(Self(Arc::new(Parts { engines, id, runner, nobody })))
    }

    /// Checks a component and compiles it. Takes milliseconds to seconds of processor time: call it where blocking is
    /// allowed.
    ///
    /// # Errors
    /// Everything that this host does not run, each by name and with what to do about it.
    pub fn load(&self, bytes: &[u8]) -> Result<Plugin, LoadError> {
        let Checked { manifest, imports, tier, engine, .. } = check(bytes)?;
        let linkers = self.0.engines.of(engine).map_err(LoadError::engine)?;
        let component =
            Component::from_binary(&linkers.engine, bytes).map_err(|e| LoadError::Compile(format!("{e:#}")))?;
        let linked = linkers.link(&component, tier, manifest.abi)?;
        let ready = runnable(&linkers, linked, tier, engine, &imports);
        Ok(Plugin(Arc::new(Loaded { digest: digest(bytes), manifest, imports, size: bytes.len(), ready })))
    }

    /// Checks a component and compiles it to code for [`Sandbox::load_code`], as [`crate::precompile`] does in a process of
    /// its own, but on this engine and with all processors.
    ///
    /// # Errors
    /// As [`Sandbox::load`].
    pub fn compile(&self, bytes: &[u8]) -> Result<Vec<u8>, LoadError> {
        code::compile(self.0.id, bytes, |kind| Ok(self.0.engines.of(kind)?.engine.clone()))
    }

    /// Loads what was compiled before, without looking into the component again: a fraction of a millisecond.
    ///
    /// # Errors
    /// When the code was made by another version, for another processor or from another component, or does not fit the
    /// contract.
    pub fn load_code(&self, digest: Digest, code: Vouched<'_>) -> Result<Plugin, CodeError> {
        let code = Code::read(code.bytes(), &self.engine_id(), &digest)?;
        let manifest = Manifest::parse(code.manifest).map_err(|e| CodeError::Broken(e.to_string()))?;
        let linkers = self.0.engines.of(code.engine).map_err(|e| CodeError::Broken(e.to_string()))?;
        let component = code.component(&linkers.engine)?;
        let linked = linkers.link(&component, code.tier, manifest.abi).map_err(|e| CodeError::Broken(e.to_string()))?;
        let imports = code.imports();
        let ready = runnable(&linkers, linked, code.tier, code.engine, &imports);
        Ok(Plugin(Arc::new(Loaded { digest, manifest, imports, size: code.size, ready })))
    }

    /// What machine code must have been made for to be loaded here.
    #[must_use]
    pub fn engine_id(&self) -> EngineId {
        self.0.id
    }

    /// Cores that guests compute on. A thread that serves one says so by [`crate::enter_core`].
    #[must_use]
    pub fn cores(&self) -> usize {
        self.0.runner.scheduler.cores()
    }

    /// Has runs of plugins that spent their budget lately done by `spawn`, from now on: on threads that said so by
    /// [`crate::enter_background`], as many as there are cores, and that the system lets run only when nothing else wants the processor.
    /// False where that was said before, which stays.
    pub fn use_background(&self, spawn: Arc<dyn Fn(BackgroundWork) + Send + Sync>) -> bool {
        self.0.runner.background.start(spawn)
    }

    /// Places for runs that are long or wait: how many there are, and how many are free at this moment.
    #[must_use]
    pub fn places(&self) -> (usize, usize) {
        self.0.runner.scheduler.places()
    }

    /// The share of a tenant, with this weight (1 to 100) from now on. A tenant keeps its share as long as somebody holds it.
    #[must_use]
    pub fn share(&self, tenant: &str, weight: u32) -> Share {
        self.0.runner.scheduler.share(tenant, weight)
    }

    /// What each tenant uses, by name; runs of no tenant have the empty one.
    #[must_use]
    pub fn uses(&self) -> Vec<ShareUse> {
        self.0.runner.scheduler.uses()
    }

    /// Runs a plugin once, in a fresh instance, within the budget of `input.action.spec`. Always reports; a plugin cannot
    /// make this fail. Cancel-safe: dropping the future ends the run. Needs a tokio runtime with time enabled.
    pub async fn run(&self, plugin: &Plugin, input: RunInput) -> Report {
        self.run_for(&self.0.nobody, plugin, Box::new(input)).await
    }

    /// The same for a tenant: turns and places are shared out fairly between those who want them.
    pub async fn run_for(&self, tenant: &Share, plugin: &Plugin, input: Box<RunInput>) -> Report {
        run::run(&self.0.runner, tenant, &plugin.0.ready, input).await
    }

    /// Instantiates a plugin once within an action's fuel and memory, and calls nothing: a plugin whose start fails would fail
    /// every login. What it did to the host is thrown away. Needs a tokio runtime with time enabled.
    ///
    /// # Errors
    /// When the plugin traps, spends its budget or does not start within [`crate::START_TIME`]; or when it got no turn.
    pub async fn try_start(&self, plugin: &Plugin, action: &Arc<Action>) -> Result<Usage, StartError> {
        run::start(&self.0.runner.scheduler, &self.0.nobody, &plugin.0.ready, Arc::clone(action)).await
    }
}

/// A component that was linked, with what its imports say of its runs.
fn runnable(linkers: &Linkers, linked: Linked, tier: Tier, kind: EngineKind, imports: &[String]) -> Arc<Runnable> {
    let waiting = |import: &String| AbiVersion::ALL.iter().any(|version| abi::waits(*version, import));
    let waits = imports.iter().any(waiting);
    Arc::new(Runnable { engine: linkers.engine.clone(), linked, tier, kind, waits, history: Arc::default() })
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("scheduler", &self.0.runner.scheduler).finish_non_exhaustive()
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
    ready: Arc<Runnable>,
}

impl Plugin {
    /// The SHA-256 digest of the plugin's file.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.0.digest
    }

    /// The plugin's manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.0.manifest
    }

    /// The functions that the plugin imports, as `interface.function`, sorted.
    #[must_use]
    pub fn imports(&self) -> &[String] {
        &self.0.imports
    }

    /// What the plugin asks of its host.
    #[must_use]
    pub fn tier(&self) -> Tier {
        self.0.ready.tier
    }

    /// What a run of the plugin may have where nobody says otherwise: see [`Tier::budget`].
    #[must_use]
    pub fn budget(&self) -> Budget {
        self.tier().budget()
    }

    /// Bytes of the plugin's file.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.size
    }

    /// A handle that does not keep its code in memory.
    #[must_use]
    pub fn downgrade(&self) -> WeakPlugin {
        WeakPlugin(Arc::downgrade(&self.0))
    }
}

/// A plugin that may be gone: its code is freed with the last [`Plugin`] of it.
#[derive(Clone, Default)]
pub struct WeakPlugin(Weak<Loaded>);

impl WeakPlugin {
    /// The plugin, if it is still in memory.
    #[must_use]
    pub fn upgrade(&self) -> Option<Plugin> {
        self.0.upgrade().map(Plugin)
    }
}

impl fmt::Debug for WeakPlugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WeakPlugin({:?})", self.upgrade().map(|plugin| plugin.digest()))
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin").field("digest", &self.0.digest).finish_non_exhaustive()
    }
}
