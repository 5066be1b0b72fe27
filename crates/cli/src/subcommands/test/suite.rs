//! Stories with their plugins, ready to be played.

use super::sources::{Plugin, Source};
use crate::output::{self, Paint};
use anyhow::{Context as _, Result, anyhow};
use postlude_build::{BuildOptions, build};
use postlude_config::Problem;
use postlude_demo::plugins;
use postlude_sandbox::SandboxConfig;
use postlude_stories::fuzz::{FuzzOptions, FuzzReport, fuzz};
use postlude_stories::play::{Player, PlayerSetup, SnapshotMode, SnapshotStore, StockStories, StoryResult, play_all};
use postlude_stories::story::{BUILT_IN, StepKind, Story, StoryFile, read, read_text};
use postlude_stories::workbench::{PluginPool, PooledPlugin};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The plugins of all suites.
#[derive(Debug)]
pub(super) struct Suites {
    pool: PluginPool,
    options: SuiteOptions,
    /// Plugins by the path that named them, until a file of theirs changes.
    plugins: Mutex<HashMap<PathBuf, PooledPlugin>>,
}

/// How stories are played.
#[derive(Debug, Clone)]
pub(super) struct SuiteOptions {
    /// The configuration whose pipeline is played.
    pub(super) config: Option<PathBuf>,
    /// Its tenant.
    pub(super) tenant: Option<String>,
    /// Projects are built without optimisation.
    pub(super) debug: bool,
    /// What happens to answers that are not the stored ones.
    pub(super) snapshots: SnapshotMode,
}

/// The stories of one plugin, with a player that has it.
#[derive(Debug)]
pub(super) struct Loaded {
    player: Player,
    files: Vec<Arc<StoryFile>>,
}

/// Reads all files of stories. Every mistake in any of them is reported.
pub(super) fn read_files(sources: &[Source]) -> Result<Vec<Vec<StoryFile>>, Vec<Problem>> {
    let (mut all, mut problems) = (Vec::new(), Vec::new());
    for source in sources {
        let mut files = Vec::new();
        for path in &source.stories {
            match read(path) {
                Ok(file) => files.push(file),
                Err(why) => problems.extend(why.into_vec()),
            }
        }
        all.push(files);
    }
    if problems.is_empty() { Ok(all) } else { Err(problems) }
}

impl Suites {
    pub(super) fn new(options: SuiteOptions) -> Result<Self> {
        let config = SandboxConfig { source_lines: true, ..SandboxConfig::default() };
        Ok(Self { pool: PluginPool::new(config)?, options, plugins: Mutex::default() })
    }

    /// Builds projects and compiles all plugins.
    pub(super) async fn load(&self, sources: &[Source], files: Vec<Vec<StoryFile>>) -> Result<Vec<Loaded>> {
        let mut loaded = Vec::new();
        for (source, files) in sources.iter().zip(files) {
            let plugin = match &source.plugin {
                _ if self.options.config.is_some() => None,
                Plugin::Named => None,
                Plugin::Project(folder) => Some(self.plugin(folder).await?),
                Plugin::File(file) => Some(self.plugin(file).await?),
            };
            let mut by_path = HashMap::new();
            for path in paths(&files) {
                let plugin = self.plugin(&path).await?;
                by_path.insert(path, plugin);
            }
            let player = Player::new(PlayerSetup {
                pool: self.pool.clone(),
                plugin,
                by_path,
                config: self.options.config.clone(),
                tenant: self.options.tenant.clone(),
                snapshots: SnapshotStore::new(self.options.snapshots),
            });
            loaded.push(Loaded { player, files: files.into_iter().map(Arc::new).collect() });
        }
        Ok(loaded)
    }

    /// Reads and builds every plugin anew from now on.
    pub(super) fn forget_plugins(&self) {
        self.plugins().clear();
    }

    fn plugins(&self) -> MutexGuard<'_, HashMap<PathBuf, PooledPlugin>> {
        self.plugins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A plugin's file, or the plugin of a project, which is built.
    async fn plugin(&self, path: &Path) -> Result<PooledPlugin> {
        if let Some(known) = self.plugins().get(path) {
            return Ok(known.clone());
        }
        if let Some(name) = path.to_str().and_then(|path| path.strip_prefix(BUILT_IN)) {
            let plugin = self.built_in(name).await?;
            self.plugins().insert(path.to_owned(), plugin.clone());
            return Ok(plugin);
        }
        let file = if path.is_dir() { build_project(path, self.options.debug)? } else { path.to_owned() };
        let bytes = std::fs::read(&file).with_context(|| format!("`{}` cannot be read", file.display()))?;
        let plugin = self.pool.add(&bytes).await.with_context(|| format!("`{}` was refused", file.display()))?;
        self.plugins().insert(path.to_owned(), plugin.clone());
        Ok(plugin)
    }
}

impl Suites {
    /// A plugin that is in this program.
    async fn built_in(&self, name: &str) -> Result<PooledPlugin> {
        let bytes = plugins::by_name(name).ok_or_else(|| {
            let known: Vec<_> = plugins::names().map(|name| format!("`{BUILT_IN}{name}`")).collect();
            anyhow!("`{BUILT_IN}{name}` is no plugin of this program; it has {}", known.join(", "))
        })?;
        Ok(self.pool.add(bytes).await?)
    }
}

fn build_project(folder: &Path, debug: bool) -> Result<PathBuf> {
    let options = BuildOptions { dir: folder.to_owned(), debug, ..BuildOptions::default() };
    let built = build(&options).with_context(|| format!("`{}` was not built", folder.display()))?;
    output::note(format!("{} {}", output::coloured_note(Paint::Quiet, "built"), built.path.display()));
    Ok(built.path)
}

/// The plugins that stories name by a path.
fn paths(files: &[StoryFile]) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for file in files {
        paths.extend(file.plugins.iter().filter_map(|plugin| plugin.path.clone()));
        for step in file.stories.iter().flat_map(|story| &story.steps) {
            if let StepKind::Swap(path) = &step.kind {
                paths.push(path.clone());
            }
        }
    }
    paths.sort();
    paths.dedup();
    paths
}

impl Loaded {
    /// Tries the plugin with events and replies that are made up.
    pub(super) fn fuzz(&self, runtime: &tokio::runtime::Runtime, options: FuzzOptions) -> Result<FuzzReport> {
        let files: Vec<StoryFile> = self.files.iter().map(|file| StoryFile::clone(file)).collect();
        fuzz(&self.player, &files, runtime.handle(), options).map_err(anyhow::Error::msg)
    }

    /// Plays the stories, and the stock ones.
    pub(super) async fn play(&self, jobs: usize, stock: bool, wanted: impl Fn(&str) -> bool) -> Vec<StoryResult> {
        let mut results = play_all(&self.player, &self.files, jobs, &wanted).await;
        if stock && let Some(stock) = self.stock().await {
            results.extend(play_all(&self.player, &[Arc::new(stock.file)], jobs, &wanted).await);
        }
        results
    }

    async fn stock(&self) -> Option<StockStories> {
        let files: Vec<StoryFile> = self.files.iter().map(|file| StoryFile::clone(file)).collect();
        let has_login = files.iter().flat_map(|file| &file.stories).any(Story::has_login);
        if has_login {
            return StockStories::of(&self.player, &files).await;
        }
        // Without stories: the sample event, and no settings.
        let text = "[[story]]\nname = \"a login\"\n[[story.step]]\nlogin = {}\n";
        let file = read_text(Path::new("stock"), text).ok()?;
        StockStories::of(&self.player, &[file]).await
    }
}
