//! Waits for changes of a project or its stories, and says which of the two changed.

use anyhow::{Context as _, Result};
use notify::{EventKind, RecursiveMode, Watcher as _};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// Silence after which a change is taken for complete: editors write a file in several steps.
const SETTLE: Duration = Duration::from_millis(60);
/// Folders in which tools write what they make of a project.
const MADE: [&str; 9] = ["target", "node_modules", ".git", "dist", "build", "out", "__pycache__", ".venv", "snapshots"];

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Files of stories alone: plugins stay as they are.
    Stories,
    /// A source, a manifest or a plugin's file.
    Plugins,
}

/// Watches folders.
pub(super) struct Watch {
    changes: Receiver<PathBuf>,
    _watcher: notify::RecommendedWatcher,
}

impl Watch {
    /// Watches the folders of these paths, with everything below them.
    pub(super) fn new(paths: &[PathBuf]) -> Result<Self> {
        let (sender, changes) = channel();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            if !matches!(event.kind, EventKind::Access(_)) {
                // The receiver goes away when the command ends.
                event.paths.into_iter().for_each(|path| drop(sender.send(path)));
            }
        })
        .context("files cannot be watched")?;
        let folder = |path: &PathBuf| if path.is_dir() { path.clone() } else { parent(path) };
        for folder in paths.iter().map(folder).collect::<BTreeSet<_>>() {
            let watched = watcher.watch(&folder, RecursiveMode::Recursive);
            watched.with_context(|| format!("`{}` cannot be watched", folder.display()))?;
        }
        Ok(Self { changes, _watcher: watcher })
    }

    /// Waits for the next change. None when nothing can change any more.
    pub(super) fn wait(&self) -> Option<Change> {
        let mut found = None;
        loop {
            let next = match found {
                None => self.changes.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(_) => self.changes.recv_timeout(SETTLE),
            };
            match next {
                Ok(path) => found = stronger(found, change(&path)),
                Err(RecvTimeoutError::Timeout) => return found,
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }
}

fn parent(path: &Path) -> PathBuf {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

fn stronger(one: Option<Change>, other: Option<Change>) -> Option<Change> {
    if one == Some(Change::Plugins) { one } else { other.or(one) }
}

/// What a changed file means; none for what tools and editors make beside.
fn change(path: &Path) -> Option<Change> {
    let parts: Vec<_> = path.components().filter_map(|part| part.as_os_str().to_str()).collect();
    let name = parts.last().copied().unwrap_or_default();
    let is_made = parts.iter().any(|part| MADE.contains(part));
    if name.starts_with('.') || name.ends_with('~') || name.ends_with(".lock") || path.is_dir() {
        return None;
    }
    let is_plugin = path.extension().is_some_and(|extension| extension == "wasm");
    let is_story = parts.contains(&"stories") && path.extension().is_some_and(|extension| extension == "toml");
    match (is_made, is_story) {
        // A project's own output; a plugin's file that is named on the command line lies elsewhere.
        (true, _) => None,
        (false, true) => Some(Change::Stories),
        (false, false) if is_plugin || !parts.contains(&"stories") => Some(Change::Plugins),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_build_stories_do_not_and_output_is_nothing() {
        for (path, wanted) in [
            ("face/stories/a.toml", Some(Change::Stories)),
            ("face/src/lib.rs", Some(Change::Plugins)),
            ("face/manifest.json", Some(Change::Plugins)),
            ("face.wasm", Some(Change::Plugins)),
            ("face/target/postlude/face.wasm", None),
            ("face/node_modules/x/index.js", None),
            ("face/stories/snapshots/a.x.1.json", None),
            ("face/src/.lib.rs.swp", None),
            ("face/Cargo.lock", None),
        ] {
            assert_eq!(change(Path::new(path)), wanted, "{path}");
        }
        assert_eq!(stronger(Some(Change::Plugins), Some(Change::Stories)), Some(Change::Plugins));
        assert_eq!(stronger(Some(Change::Stories), None), Some(Change::Stories));
    }

    #[test]
    fn a_changed_story_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("stories")).unwrap();
        let watch = Watch::new(&[folder.path().to_owned()]).unwrap();
        std::fs::write(folder.path().join("stories/a.toml"), "x").unwrap();
        assert_eq!(watch.wait(), Some(Change::Stories));
    }
}
