//! The registry of plugins: each digest is compiled at most once at a time, and stays in memory as long as a pipeline holds it.

use super::code_cache::CodeCache;
use super::compile_process;
use super::error::CompileError;
use super::limits::{self, Limits};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use postlude_crypto::root::RootKeys;
use postlude_model::names::Digest;
use postlude_sandbox::{CodeError, Plugin, Sandbox, Vouched, WeakPlugin};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Where components are compiled.
#[derive(Debug, Clone)]
pub enum Compilation {
    /// In this process. A component can then take as much memory and time as it likes: for tests, and for plugins that are
    /// your own.
    InProcess,
    /// In a process of this program's subcommand `compile-worker`, which must be the same version of `postlude`.
    Child(PathBuf),
}

/// Makes plugins. Cheap to clone; all clones share one registry.
#[derive(Clone)]
pub struct Compiler(Arc<Parts>);

struct Parts {
    sandbox: Sandbox,
    how: Compilation,
    cache: OnceLock<CodeCache>,
    /// For plugins that logins or a configuration wait for.
    places: Semaphore,
    /// For uploads, one at a time: whatever tenants upload, no login and no reload waits for it.
    upload_place: Semaphore,
    registry: Mutex<HashMap<Digest, Entry>>,
    sources: CodeSources,
    serving: AtomicBool,
}

/// How often a plugin that was asked for came from where.
#[derive(Debug)]
struct CodeSources {
    all: Family<[(&'static str, &'static str); 1], Counter>,
    /// Plugins that were in memory.
    memory: Counter,
    /// Plugins that were compiled earlier, and read from the code cache.
    cache: Counter,
    /// Plugins that were compiled.
    compiled: Counter,
}

impl Default for CodeSources {
    fn default() -> Self {
        let all = Family::<_, Counter>::default();
        let of = |from| all.get_or_create_owned(&[("from", from)]);
        Self { memory: of("memory"), cache: of("cache"), compiled: of("compiled"), all }
    }
}

type Made = Result<Plugin, CompileError>;
/// Which places a compilation waits for.
type PlacesOf = fn(&Parts) -> &Semaphore;
type Making = BoxFuture<'static, Made>;

/// What is known of a digest. Both may be gone: no pipeline holds the plugin, and no caller waits for it.
#[derive(Default)]
struct Entry {
    plugin: WeakPlugin,
    making: Option<WeakShared<Making>>,
}

impl Compiler {
    /// A compiler for a sandbox. It keeps no code on the disk.
    #[must_use]
    pub fn new(sandbox: Sandbox, how: Compilation) -> Self {
        Self(Arc::new(Parts {
            sandbox,
            how,
            cache: OnceLock::new(),
            places: Semaphore::new(limits::at_once()),
            upload_place: Semaphore::new(1),
            registry: Mutex::default(),
            sources: CodeSources::default(),
            serving: AtomicBool::new(false),
        }))
    }

    /// The sandbox.
    #[must_use]
    pub fn sandbox(&self) -> &Sandbox {
        &self.0.sandbox
    }

    /// The plugin of a file: the one that is in memory, or from the code cache, or compiled now. Of many who ask for one
    /// digest at a time, one does the work; when all of them go away, it ends.
    ///
    /// # Errors
    /// When the file is no plugin, or compiling it reaches a limit.
    pub async fn plugin(&self, digest: Digest, component: Arc<[u8]>) -> Made {
        self.made(digest, component, |parts| &parts.places).await
    }

    /// The plugin of an upload, which nobody waits for but its operator.
    ///
    /// # Errors
    /// As [`Compiler::plugin`].
    pub(crate) async fn upload(&self, digest: Digest, component: Arc<[u8]>) -> Made {
        self.made(digest, component, |parts| &parts.upload_place).await
    }

    async fn made(&self, digest: Digest, component: Arc<[u8]>, places: PlacesOf) -> Made {
        // Most of what is no plugin is refused here: it takes no place in memory, and no process.
        postlude_sandbox::check_form(&component)?;
        match self.look_up(digest, component, places) {
            Lookup::Loaded(plugin) => Ok(plugin),
            Lookup::Making(making) => {
                let made = making.await;
                if made.is_err() {
                    self.forget_failed(&digest);
                }
                made
            }
        }
    }

    /// The plugin of a digest, if it is in memory.
    #[must_use]
    pub fn held(&self, digest: &Digest) -> Option<Plugin> {
        self.registry(|registry| registry.get(digest)?.plugin.upgrade())
    }

    /// Adds the counts of where plugins came from to a registry.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let help = "Plugins that were made ready, by where their code came from";
        registry.register("postlude_code", help, self.0.sources.all.clone());
    }

    /// How many plugins are in memory.
    #[must_use]
    pub(crate) fn in_memory(&self) -> usize {
        self.registry(|registry| registry.values().filter(|entry| entry.plugin.upgrade().is_some()).count())
    }

    /// How many components were compiled so far, and not found in the code cache.
    #[must_use]
    pub fn compiled(&self) -> usize {
        usize::try_from(self.0.sources.compiled.get()).unwrap_or(usize::MAX)
    }

    /// Keeps code in a data folder from now on; the first call decides. A folder that cannot be used is a warning: then
    /// every start compiles.
    pub(crate) fn keep_code(&self, data_dir: &Path, roots: &RootKeys) {
        if self.0.cache.get().is_some() {
            return;
        }
        match CodeCache::open(data_dir, roots, &self.0.sandbox.engine_id()) {
            Ok(cache) => {
                // Another caller may have been first; both are the same.
                let _ = self.0.cache.set(cache);
            }
            Err(cause) => tracing::warn!(%cause, "compiled code cannot be kept; every start compiles all plugins"),
        }
    }

    /// After a configuration came into force: forgets what is neither named by it nor held by anybody, in memory and on
    /// the disk. From now on compiling gives way to logins.
    pub(crate) async fn forget_unnamed(&self, named: BTreeSet<Digest>) {
        self.0.serving.store(true, Ordering::Relaxed);
        self.registry(|registry| registry.retain(|_, entry| entry.is_used()));
        let parts = Arc::clone(&self.0);
        let pruned = spawn_blocking(move || parts.cache.get().map_or(Ok(0), |cache| cache.prune(&named))).await;
        if let Ok(Err(cause)) = pruned {
            tracing::warn!(%cause, "old compiled code cannot be removed");
        }
    }

    fn look_up(&self, digest: Digest, component: Arc<[u8]>, places: PlacesOf) -> Lookup {
        self.registry(|registry| {
            let entry = registry.entry(digest).or_default();
            if let Some(plugin) = entry.plugin.upgrade() {
                self.0.sources.memory.inc();
                return Lookup::Loaded(plugin);
            }
            // One that is done and failed is tried again by whoever comes now.
            let under_way =
                entry.making.as_ref().and_then(WeakShared::upgrade).filter(|making| making.peek().is_none());
            Lookup::Making(under_way.unwrap_or_else(|| {
                let making = Arc::clone(&self.0).make(digest, component, places).boxed().shared();
                entry.making = making.downgrade();
                making
            }))
        })
    }

    /// A failed compilation leaves no entry behind, unless another caller tries again already.
    fn forget_failed(&self, digest: &Digest) {
        self.registry(|registry| {
            let unused = |entry: &Entry| {
                let making = entry.making.as_ref().and_then(WeakShared::upgrade);
                entry.plugin.upgrade().is_none() && making.is_none_or(|making| making.peek().is_some())
            };
            if registry.get(digest).is_some_and(unused) {
                registry.remove(digest);
            }
        });
    }

    fn registry<T>(&self, look: impl FnOnce(&mut HashMap<Digest, Entry>) -> T) -> T {
        look(&mut self.0.registry.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

enum Lookup {
    Loaded(Plugin),
    Making(Shared<Making>),
}

impl Entry {
    fn is_used(&self) -> bool {
        self.plugin.upgrade().is_some() || self.making.as_ref().is_some_and(|making| making.upgrade().is_some())
    }
}

impl Parts {
    async fn make(self: Arc<Self>, digest: Digest, component: Arc<[u8]>, places: PlacesOf) -> Made {
        let parts = Arc::clone(&self);
        let cached = blocking(move || parts.cached(&digest)).await?;
        let plugin = match cached {
            Some(plugin) => {
                self.sources.cache.inc();
                plugin
            }
            None => Arc::clone(&self).compile(digest, component, places).await?,
        };
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.entry(digest).or_default().plugin = plugin.downgrade();
        Ok(plugin)
    }

    /// The plugin from the code cache. What is not usable there is compiled again, and replaced.
    fn cached(&self, digest: &Digest) -> Option<Plugin> {
        let cache = self.cache.get()?;
        let why = match cache.read(digest) {
            Ok(None) => return None,
            Ok(Some(code)) => match self.sandbox.load_code(*digest, Vouched::new(&code)) {
                Ok(plugin) => return Some(plugin),
                Err(why) => why.to_string(),
            },
            Err(why) => why.to_string(),
        };
        let file = cache.path(digest);
        tracing::warn!(file = %file.display(), cause = %why, "compiled code is not used; the plugin is compiled again");
        None
    }

    async fn compile(self: Arc<Self>, digest: Digest, component: Arc<[u8]>, places: PlacesOf) -> Made {
        let code = {
            let _place = places(&self).acquire().await.map_err(|why| CompileError::Crashed(why.to_string()))?;
            match &self.how {
                Compilation::Child(program) => {
                    compile_process::compile(program, &component, &self.limits(&component)).await?
                }
                Compilation::InProcess => {
                    let sandbox = self.sandbox.clone();
                    blocking(move || sandbox.compile(&component)).await??
                }
            }
        };
        self.sources.compiled.inc();
        let parts = Arc::clone(&self);
        blocking(move || parts.load_and_keep(digest, &code)).await?
    }

    fn limits(&self, component: &[u8]) -> Limits {
        let limits = Limits::of(component.len());
        if self.serving.load(Ordering::Relaxed) { limits.giving_way() } else { limits }
    }

    fn load_and_keep(&self, digest: Digest, code: &[u8]) -> Made {
        let plugin = self.sandbox.load_code(digest, Vouched::new(code)).map_err(|why| self.foreign(why))?;
        if let Some(cache) = self.cache.get()
            && let Err(cause) = cache.write(&digest, code)
        {
            tracing::warn!(%digest, %cause, "compiled code cannot be kept; the next start compiles the plugin again");
        }
        Ok(plugin)
    }

    /// Code that was compiled just now and does not load: another version of this program made it.
    fn foreign(&self, why: CodeError) -> CompileError {
        match &self.how {
            Compilation::Child(program) => CompileError::Worker { program: program.clone(), why: why.to_string() },
            Compilation::InProcess => CompileError::Crashed(why.to_string()),
        }
    }
}

/// Work that takes a processor, off the threads that serve logins.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, CompileError> {
    spawn_blocking(work).await.map_err(|why| CompileError::Crashed(why.to_string()))
}

impl fmt::Debug for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = &self.0;
        f.debug_struct("Compiler").field("how", &parts.how).field("cache", &parts.cache).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use postlude_sandbox::SandboxConfig;
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::Duration;

    /// T04: as long as uploads compile, which may take minutes, a plugin that a login waits for is compiled beside them.
    #[tokio::test]
    async fn no_upload_holds_up_what_a_login_waits_for() {
        let folder = tempfile::tempdir().unwrap();
        let (program, begun) = (folder.path().join("compiler"), folder.path().join("begun"));
        let script = format!("#!/bin/sh\necho >> {}\nexec sleep 600\n", begun.display());
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let sandbox = Sandbox::new(SandboxConfig::default()).unwrap();
        let compiler = Compiler::new(sandbox, Compilation::Child(program));
        let component: Arc<[u8]> = b"\0asm\x0d\0\x01\0".as_slice().into();
        let begun = async |expected: usize| {
            for _ in 0..500 {
                if std::fs::read_to_string(&begun).is_ok_and(|text| text.lines().count() == expected) {
                    return true;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            false
        };
        let mut waiting = tokio::task::JoinSet::new();
        for number in 0..=limits::at_once() {
            let (compiler, component) = (compiler.clone(), Arc::clone(&component));
            let digest = Digest::from_bytes([u8::try_from(number).unwrap(); 32]);
            waiting.spawn(async move { compiler.upload(digest, component).await });
        }
        assert!(begun(1).await, "an upload compiles");
        let login = compiler.clone();
        waiting.spawn(async move { login.plugin(Digest::from_bytes([255; 32]), component).await });
        assert!(begun(2).await, "the plugin of a login compiles beside it");
        waiting.shutdown().await;
    }
}
