//! Where things are: plugins, peers, programs, and a folder for the data of one run that is removed afterwards.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;

/// The places of one run.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
    program: PathBuf,
    data: TempDir,
}

impl Folder {
    /// Below `target/bench` of the repository: on the disk that the programs are on, and not in memory.
    pub(crate) fn new(root: &Path, program: Option<PathBuf>) -> Result<Self> {
        let root = root.canonicalize().with_context(|| format!("`{}` is no folder", root.display()))?;
        let program = program.map_or_else(|| std::env::current_exe().map(|own| own.with_file_name("postlude")), Ok)?;
        let program = program
            .canonicalize()
            .with_context(|| format!("`{}` is missing: build the workspace", program.display()))?;
        let bench = root.join("target/bench");
        std::fs::create_dir_all(&bench).with_context(|| format!("cannot make `{}`", bench.display()))?;
        let data = tempfile::Builder::new().prefix("run-").tempdir_in(&bench).context("cannot make a folder")?;
        Ok(Self { root, program, data })
    }

    /// A new folder for one server; it is there until the run ends.
    pub(crate) fn server(&self, name: &str) -> Result<PathBuf> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let dir = self.data.path().join(format!("{number}-{name}"));
        std::fs::create_dir_all(&dir)?;
        Ok(dir)
    }

    /// A plugin of this repository, as `make plugins` builds it.
    pub(crate) fn plugin(&self, name: &str) -> Result<PathBuf> {
        let file = self.root.join(format!("plugins/target/postlude/{name}.wasm"));
        file.canonicalize().with_context(|| format!("`{}` is missing: run `make plugins`", file.display()))
    }

    /// The sources of the peers.
    pub(crate) fn peers(&self) -> PathBuf {
        self.root.join("crates/bench/peers")
    }

    /// What `scripts/bench-peers.sh` installed and built for the peers.
    pub(crate) fn built_peers(&self) -> PathBuf {
        let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
        self.root.join(target).join("bench/peers")
    }

    /// The `postlude` program: the one that was named, or that was built beside this one.
    pub(crate) fn postlude(&self) -> &Path {
        &self.program
    }
}
