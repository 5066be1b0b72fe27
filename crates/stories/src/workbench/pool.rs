//! Plugins that many workbenches share: each is compiled once, and written to one file.

use super::error::WorkbenchError;
use postlude_host::{Compilation, Compiler};
use postlude_model::manifest::Manifest;
use postlude_model::names::Digest;
use postlude_sandbox::{Plugin, Sandbox, SandboxConfig};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tempfile::TempDir;

/// Plugins, each compiled once for any number of workbenches. Cheap to clone; all clones are the same pool.
#[derive(Debug, Clone)]
pub struct PluginPool(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    compiler: Compiler,
    folder: TempDir,
    plugins: Mutex<BTreeMap<Digest, PooledPlugin>>,
    files: AtomicU64,
}

/// A plugin of a pool.
#[derive(Debug, Clone)]
pub struct PooledPlugin {
    /// The plugin. It stays in memory as long as the pool.
    pub plugin: Plugin,
    /// Its file, in the pool's temporary folder.
    pub file: PathBuf,
}

impl PooledPlugin {
    /// The plugin's manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        self.plugin.manifest()
    }
}

impl PluginPool {
    /// An empty pool over a new sandbox.
    ///
    /// # Errors
    /// When the engine does not start, or no temporary folder can be made.
    pub fn new(config: SandboxConfig) -> Result<Self, WorkbenchError> {
        let sandbox = Sandbox::new(config).map_err(|why| WorkbenchError::Engine(why.to_string()))?;
        let folder = tempfile::tempdir().map_err(|why| WorkbenchError::io("a temporary folder", why))?;
        let compiler = Compiler::new(sandbox, Compilation::InProcess);
        let (plugins, files) = Default::default();
        Ok(Self(Arc::new(Parts { compiler, folder, plugins, files })))
    }

    /// The compiler, with its sandbox.
    #[must_use]
    pub fn compiler(&self) -> &Compiler {
        &self.0.compiler
    }

    /// Adds a component, and compiles it unless the pool has it.
    ///
    /// # Errors
    /// When it is not a plugin that this host runs.
    pub async fn add(&self, component: &[u8]) -> Result<PooledPlugin, WorkbenchError> {
        let digest = Digest::from_bytes(Sha256::digest(component).into());
        if let Some(known) = self.plugins().get(&digest) {
            return Ok(known.clone());
        }
        let made = self.0.compiler.plugin(digest, component.into()).await;
        let plugin = made.map_err(|why| WorkbenchError::Plugin(why.to_string()))?;
        let file = self.0.folder.path().join(format!("{}-{}.wasm", plugin.manifest().name, digest.hex()));
        std::fs::write(&file, component).map_err(|why| WorkbenchError::io("a plugin's file", why))?;
        let pooled = PooledPlugin { plugin, file };
        self.plugins().insert(digest, pooled.clone());
        Ok(pooled)
    }

    fn plugins(&self) -> std::sync::MutexGuard<'_, BTreeMap<Digest, PooledPlugin>> {
        self.0.plugins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pool's temporary folder.
    pub(super) fn folder(&self) -> &Path {
        self.0.folder.path()
    }

    /// A file that no other workbench has.
    pub(super) fn new_file(&self) -> PathBuf {
        let number = self.0.files.fetch_add(1, Ordering::Relaxed);
        self.folder().join(format!("postlude-{number}.toml"))
    }
}
