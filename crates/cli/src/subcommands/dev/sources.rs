//! The files of a project, looked at again and again: a save is a change of what one of them holds.
//!
//! Looking costs little for what a person wrote, sees every file system alike, and is not told of folders in which the language's tools
//! work.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Folders in which the languages' tools work.
const TOOLS: [&str; 7] = ["target", "node_modules", "__pycache__", "venv", "dist", "build", "snapshots"];
/// Files that are looked at.
const FILES: usize = 2000;
/// Bytes of a file that is looked at.
const FILE_BYTES: u64 = 4 * 1024 * 1024;

/// The files as they were.
#[derive(Debug, Default)]
pub(super) struct Sources(BTreeMap<PathBuf, Seen>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    modified: Option<SystemTime>,
    bytes: u64,
    content: u64,
}

impl Sources {
    /// The files as they are.
    pub(super) fn now(dir: &Path) -> Self {
        Self::default().look(dir)
    }

    /// Whether a file holds something else than before, is new, or is gone. From then on that is what it was.
    pub(super) fn changed(&mut self, dir: &Path) -> bool {
        let now = self.look(dir);
        let content = |sources: &Self| -> Vec<(PathBuf, u64)> {
            sources.0.iter().map(|(path, seen)| (path.clone(), seen.content)).collect()
        };
        let changed = content(&now) != content(self);
        *self = now;
        changed
    }

    /// Takes files that appeared meanwhile as they are. A file that was there before and changed stays a save that is still to be seen.
    pub(super) fn settle(&mut self, dir: &Path) {
        let now = self.look(dir);
        for (path, seen) in now.0 {
            self.0.entry(path).or_insert(seen);
        }
    }

    fn look(&self, dir: &Path) -> Self {
        let mut found = BTreeMap::new();
        let mut folders = vec![dir.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                let Ok(kind) = entry.file_type() else { continue };
                if name.starts_with('.') || TOOLS.contains(&name.as_ref()) || found.len() >= FILES {
                    continue;
                }
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file()
                    && !name.ends_with(".wasm")
                    && let Some(seen) = self.seen(&entry.path())
                {
                    found.insert(entry.path(), seen);
                }
            }
        }
        Self(found)
    }

    /// A file as it is; it is read only when its time or size is another one.
    fn seen(&self, path: &Path) -> Option<Seen> {
        let about = std::fs::metadata(path).ok()?;
        let (modified, bytes) = (about.modified().ok(), about.len());
        if bytes > FILE_BYTES {
            return None;
        }
        if let Some(before) = self.0.get(path)
            && (before.modified, before.bytes) == (modified, bytes)
        {
            return Some(*before);
        }
        let mut hasher = DefaultHasher::new();
        std::fs::read(path).ok()?.hash(&mut hasher);
        Some(Seen { modified, bytes, content: hasher.finish() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_save_is_a_change_of_content_and_tools_save_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir_all(at("src")).unwrap();
        fs::create_dir_all(at("target")).unwrap();
        fs::write(at("src/lib.rs"), "one").unwrap();
        let mut sources = Sources::now(dir.path());
        assert!(!sources.changed(dir.path()));

        fs::write(at("src/lib.rs"), "two!").unwrap();
        assert!(sources.changed(dir.path()) && !sources.changed(dir.path()));
        fs::write(at("target/x.o"), "made").unwrap();
        fs::write(at("plugin.wasm"), "made").unwrap();
        assert!(!sources.changed(dir.path()), "what tools made");
        // The same again, as an editor that saves without a change does.
        fs::write(at("src/lib.rs"), "two!").unwrap();
        assert!(!sources.changed(dir.path()));
        fs::remove_file(at("src/lib.rs")).unwrap();
        assert!(sources.changed(dir.path()));
    }

    #[test]
    fn a_file_that_a_build_made_is_no_save_and_one_that_was_saved_meanwhile_is() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("main.go"), "one").unwrap();
        let mut sources = Sources::now(dir.path());
        fs::write(at("go.sum"), "made").unwrap();
        fs::write(at("main.go"), "two!").unwrap();
        sources.settle(dir.path());
        assert!(sources.changed(dir.path()), "the save during the build");
        assert!(!sources.changed(dir.path()), "the build's file");
    }
}
