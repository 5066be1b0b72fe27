//! The house of plugins: each digest compiled at most once at a time, and in memory as long as somebody holds it.

use super::cache::CodeCache;
use super::child;
use super::error::CompileError;
use super::limits::{self, Limits};
use crate::metrics::Counter;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use postlude_crypto::root::RootKeys;
use postlude_model::names::Digest;
use postlude_sandbox::{CodeError, Plugin, Sandbox, Vouched, WeakPlugin};
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

/// Makes plugins. Cheap to clone; all clones share one house.
#[derive(Clone)]
pub struct Compiler(Arc<Parts>);

struct Parts {
    sandbox: Sandbox,
    how: Compilation,
    cache: OnceLock<CodeCache>,
    places: Semaphore,
    house: Mutex<HashMap<Digest, Room>>,
    sources: Sources,
    serving: AtomicBool,
}

/// How often a plugin that was asked for came from where.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// It was in memory.
    pub(crate) memory: Counter,
    /// It was compiled earlier, and read from the code cache.
    pub(crate) cache: Counter,
    /// It was compiled.
    pub(crate) compiled: Counter,
}

type Made = Result<Plugin, CompileError>;
type Making = BoxFuture<'static, Made>;

/// What is known of a digest. Both may be gone: nobody holds the plugin, nobody waits for it.
#[derive(Default)]
struct Room {
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
            house: Mutex::default(),
            sources: Sources::default(),
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
        // Most of what is no plugin is refused here: it takes no place in memory, and no process.
        postlude_sandbox::check_form(&component)?;
        match self.enter(digest, component) {
            Entered::There(plugin) => Ok(plugin),
            Entered::Making(making) => {
                let made = making.await;
                if made.is_err() {
                    self.leave(&digest);
                }
                made
            }
        }
    }

    /// The plugin of a digest, if somebody holds it.
    #[must_use]
    pub fn held(&self, digest: &Digest) -> Option<Plugin> {
        self.house(|house| house.get(digest)?.plugin.upgrade())
    }

    /// Where plugins came from so far.
    pub(crate) fn sources(&self) -> &Sources {
        &self.0.sources
    }

    /// How many plugins are in memory.
    #[must_use]
    pub(crate) fn live(&self) -> usize {
        self.house(|house| house.values().filter(|room| room.plugin.upgrade().is_some()).count())
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
    pub(crate) async fn settle(&self, named: BTreeSet<Digest>) {
        self.0.serving.store(true, Ordering::Relaxed);
        self.house(|house| house.retain(|_, room| room.is_used()));
        let parts = Arc::clone(&self.0);
        let pruned = spawn_blocking(move || parts.cache.get().map_or(Ok(0), |cache| cache.prune(&named))).await;
        if let Ok(Err(cause)) = pruned {
            tracing::warn!(%cause, "old compiled code cannot be removed");
        }
    }

    fn enter(&self, digest: Digest, component: Arc<[u8]>) -> Entered {
        self.house(|house| {
            let room = house.entry(digest).or_default();
            if let Some(plugin) = room.plugin.upgrade() {
                self.0.sources.memory.one();
                return Entered::There(plugin);
            }
            // One that is done and failed is tried again by whoever comes now.
            let under_way = room.making.as_ref().and_then(WeakShared::upgrade).filter(|making| making.peek().is_none());
            Entered::Making(under_way.unwrap_or_else(|| {
                let making = Arc::clone(&self.0).make(digest, component).boxed().shared();
                room.making = making.downgrade();
                making
            }))
        })
    }

    /// What failed leaves no room behind, unless somebody tries again already.
    fn leave(&self, digest: &Digest) {
        self.house(|house| {
            let unused = |room: &Room| {
                let making = room.making.as_ref().and_then(WeakShared::upgrade);
                room.plugin.upgrade().is_none() && making.is_none_or(|making| making.peek().is_some())
            };
            if house.get(digest).is_some_and(unused) {
                house.remove(digest);
            }
        });
    }

    fn house<T>(&self, look: impl FnOnce(&mut HashMap<Digest, Room>) -> T) -> T {
        look(&mut self.0.house.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

enum Entered {
    There(Plugin),
    Making(Shared<Making>),
}

impl Room {
    fn is_used(&self) -> bool {
        self.plugin.upgrade().is_some() || self.making.as_ref().is_some_and(|making| making.upgrade().is_some())
    }
}

impl Parts {
    async fn make(self: Arc<Self>, digest: Digest, component: Arc<[u8]>) -> Made {
        let parts = Arc::clone(&self);
        let kept = blocking(move || parts.kept(&digest)).await?;
        let plugin = match kept {
            Some(plugin) => {
                self.sources.cache.one();
                plugin
            }
            None => Arc::clone(&self).compile(digest, component).await?,
        };
        let mut house = self.house.lock().unwrap_or_else(PoisonError::into_inner);
        house.entry(digest).or_default().plugin = plugin.downgrade();
        Ok(plugin)
    }

    /// The plugin from the code cache. What is not usable there is compiled again, and replaced.
    fn kept(&self, digest: &Digest) -> Option<Plugin> {
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

    async fn compile(self: Arc<Self>, digest: Digest, component: Arc<[u8]>) -> Made {
        let code = {
            let _place = self.places.acquire().await.map_err(|why| CompileError::Crashed(why.to_string()))?;
            match &self.how {
                Compilation::Child(program) => child::compile(program, &component, &self.limits(&component)).await?,
                Compilation::InProcess => {
                    let sandbox = self.sandbox.clone();
                    blocking(move || sandbox.compile(&component)).await??
                }
            }
        };
        self.sources.compiled.one();
        let parts = Arc::clone(&self);
        blocking(move || parts.take_in(digest, &code)).await?
    }

    fn limits(&self, component: &[u8]) -> Limits {
        let limits = Limits::of(component.len());
        if self.serving.load(Ordering::Relaxed) { limits.giving_way() } else { limits }
    }

    fn take_in(&self, digest: Digest, code: &[u8]) -> Made {
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
