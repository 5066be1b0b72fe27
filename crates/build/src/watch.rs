//! Waits until files of projects change, so that they are built again.

use crate::error::BuildError;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// How long nothing may change before a save counts as done: editors write a file in several steps.
const QUIET: Duration = Duration::from_millis(60);

/// Folders and files that building itself writes, or that no source is in.
const IGNORED: &[&str] = &[
    ".git",
    ".mypy_cache",
    ".venv",
    "Cargo.lock",
    "__pycache__",
    "build",
    "dist",
    "node_modules",
    "snapshots",
    "target",
];

/// Watches the folders of projects.
pub struct Watch {
    watcher: RecommendedWatcher,
    events: Receiver<notify::Result<Event>>,
    roots: Vec<PathBuf>,
    passed_over: Option<PassedOver>,
}

/// Whether a file is none that a build depends on.
type PassedOver = Box<dyn Fn(&Path) -> bool + Send>;

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("roots", &self.roots).finish_non_exhaustive()
    }
}

impl Watch {
    /// Begins to watch folders. What changes from now on is not missed, also while nobody waits.
    ///
    /// # Errors
    /// When a folder cannot be watched.
    pub fn new<'a>(dirs: impl IntoIterator<Item = &'a Path>) -> Result<Self, BuildError> {
        let (sender, events) = mpsc::channel();
        let watcher = notify::recommended_watcher(sender);
        let watcher = watcher.map_err(|why| BuildError::Project(format!("cannot watch files: {why}")))?;
        let mut watch = Self { watcher, events, roots: Vec::new(), passed_over: None };
        for dir in dirs {
            let root = dir.canonicalize().map_err(BuildError::file("find the folder", dir))?;
            watch.add(&root)?;
            watch.roots.push(root);
        }
        Ok(watch)
    }

    /// Passes over files that a program writes itself while it watches; they are named without symbolic links.
    #[must_use]
    pub fn passing_over(self, is_passed_over: impl Fn(&Path) -> bool + Send + 'static) -> Self {
        Self { passed_over: Some(Box::new(is_passed_over)), ..self }
    }

    /// Blocks until something changed and `QUIET` passed after the last change. The folders that changed, as they were given, without
    /// symbolic links; empty when watching ended.
    pub fn wait(&mut self) -> Vec<PathBuf> {
        let mut changed = BTreeSet::new();
        while changed.is_empty() {
            let Ok(event) = self.events.recv() else { return Vec::new() };
            self.note(event, &mut changed);
        }
        while let Ok(event) = self.events.recv_timeout(QUIET) {
            self.note(event, &mut changed);
        }
        changed.into_iter().collect()
    }

    /// Watches a folder and those in it, but for the ignored ones: a `target` folder has thousands.
    fn add(&mut self, dir: &Path) -> Result<(), BuildError> {
        let refused = |why| BuildError::Project(format!("cannot watch `{}`: {why}", dir.display()));
        self.watcher.watch(dir, RecursiveMode::NonRecursive).map_err(refused)?;
        let entries = std::fs::read_dir(dir).map_err(BuildError::file("list", dir))?;
        for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir() && !is_ignored(path)) {
            self.add(&path)?;
        }
        Ok(())
    }

    fn note(&mut self, event: notify::Result<Event>, changed: &mut BTreeSet<PathBuf>) {
        let Ok(event) = event else { return };
        if matches!(event.kind, EventKind::Access(_)) {
            return;
        }
        for path in event.paths {
            let Some(root) = self.roots.iter().find(|root| path.starts_with(root)).cloned() else { continue };
            let below = path.strip_prefix(&root).unwrap_or(&path);
            let is_passed_over = self.passed_over.as_ref().is_some_and(|is_passed_over| is_passed_over(&path));
            if is_passed_over || below.as_os_str().is_empty() || below.ancestors().any(is_ignored) {
                continue;
            }
            if path.is_dir() {
                // A folder that is gone again cannot be watched, and need not be.
                let _ = self.add(&path);
            }
            changed.insert(root);
        }
    }
}

fn is_ignored(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    // Editors and our own atomic writes make files with such names beside the real ones.
    let temporary =
        name.starts_with(".tmp") || name.ends_with('~') || name.ends_with(".swp") || name.ends_with(".wasm");
    temporary || IGNORED.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn project() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("src")).unwrap();
        fs::create_dir_all(dir.path().join("target/debug")).unwrap();
        let root = dir.path().canonicalize().unwrap();
        (dir, root)
    }

    #[test]
    fn a_save_is_seen_and_what_building_writes_is_not() {
        let (_dir, root) = project();
        let mut watch = Watch::new([root.as_path()]).unwrap();
        fs::write(root.join("target/debug/x"), "built").unwrap();
        fs::write(root.join("x.wasm"), "built").unwrap();
        fs::write(root.join("Cargo.lock"), "built").unwrap();
        let (sender, receiver) = mpsc::channel();
        let waiting = std::thread::spawn(move || {
            let changed = watch.wait();
            sender.send(()).unwrap();
            (changed, watch)
        });
        assert!(receiver.recv_timeout(QUIET * 5).is_err(), "nothing of the sources changed");
        fs::write(root.join("src/lib.rs"), "new").unwrap();
        let (changed, _watch) = waiting.join().unwrap();
        assert_eq!(changed, [root]);
    }

    #[test]
    fn a_change_before_the_wait_and_one_in_a_new_folder_count() {
        let (_dir, root) = project();
        let mut watch = Watch::new([root.as_path()]).unwrap();
        fs::create_dir(root.join("src/parts")).unwrap();
        assert_eq!(watch.wait(), std::slice::from_ref(&root));
        fs::write(root.join("src/parts/a.rs"), "new").unwrap();
        assert_eq!(watch.wait(), [root]);
    }

    #[test]
    fn of_two_projects_the_one_that_changed_is_named() {
        let ((_one, one), (_two, two)) = (project(), project());
        let mut watch = Watch::new([one.as_path(), two.as_path()]).unwrap();
        fs::write(two.join("manifest.json"), "{}").unwrap();
        assert_eq!(watch.wait(), [two]);
    }
}
