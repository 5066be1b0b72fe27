//! The way to a file: every folder, link and file that its name leads over, and how all of them are now.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

/// Links that one name may lead over, as many as Linux follows.
const LINKS: usize = 40;

/// What the names of some files lead over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Trails {
    /// Every folder in which a step is taken. No link is left in their names.
    pub(crate) folders: BTreeSet<PathBuf>,
    /// Every folder, link and file on the way.
    pub(crate) steps: BTreeSet<PathBuf>,
}

impl Trails {
    pub(crate) fn of(files: &BTreeSet<PathBuf>) -> Self {
        let mut trails = Self::default();
        files.iter().for_each(|file| trails.walk(file));
        trails
    }

    fn walk(&mut self, file: &Path) {
        let (mut at, mut links) = (PathBuf::from("/"), 0);
        let mut rest: VecDeque<OsString> = parts(file).collect();
        while let Some(part) = rest.pop_front() {
            if part == "/" {
                at = PathBuf::from("/");
            } else if part == ".." {
                at.pop();
            } else {
                let next = at.join(part);
                self.folders.insert(at.clone());
                self.steps.insert(next.clone());
                match fs::read_link(&next) {
                    Ok(target) if links < LINKS => {
                        links += 1;
                        parts(&target).rev().for_each(|part| rest.push_front(part));
                    }
                    _ => at = next,
                }
            }
        }
    }
}

fn parts(path: &Path) -> impl DoubleEndedIterator<Item = OsString> {
    path.components().filter(|part| *part != Component::CurDir).map(|part| part.as_os_str().to_owned())
}

/// How a step is now.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Mark {
    Missing,
    Link(PathBuf),
    /// By identity alone: what else is in it does not matter.
    Folder([u64; 2]),
    /// By identity, size and times.
    File([u64; 3], [i64; 4]),
}

/// How some files and the ways to them were at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fingerprint(BTreeMap<PathBuf, Mark>);

impl Fingerprint {
    pub(crate) fn of(files: &BTreeSet<PathBuf>) -> Self {
        Self::at(&Trails::of(files))
    }

    pub(crate) fn at(trails: &Trails) -> Self {
        Self(trails.steps.iter().map(|step| (step.clone(), mark(step))).collect())
    }

    /// Whether a step is the same in both.
    pub(crate) fn agrees(&self, other: &Self, step: &Path) -> bool {
        self.0.get(step).is_some_and(|mark| other.0.get(step) == Some(mark))
    }
}

fn mark(path: &Path) -> Mark {
    let Ok(found) = fs::symlink_metadata(path) else { return Mark::Missing };
    if found.is_symlink() {
        return Mark::Link(fs::read_link(path).unwrap_or_default());
    }
    if found.is_dir() {
        return Mark::Folder([found.dev(), found.ino()]);
    }
    let times = [found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec()];
    Mark::File([found.dev(), found.ino(), found.len()], times)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        (folder, path)
    }

    /// As Kubernetes mounts a volume, and as deploys switch releases.
    #[test]
    fn a_trail_leads_over_every_link_and_folder() {
        let (_folder, root) = folder();
        fs::create_dir_all(root.join("mount/..2026/deep")).unwrap();
        fs::write(root.join("mount/..2026/deep/a"), "").unwrap();
        symlink("..2026", root.join("mount/..data")).unwrap();
        symlink("..data/deep/a", root.join("mount/a")).unwrap();
        symlink(root.join("mount"), root.join("current")).unwrap();
        let trails = Trails::of(&[root.join("x/./../current/a")].into());
        let below = |paths: &BTreeSet<PathBuf>| -> Vec<String> {
            let paths = paths.iter().filter_map(|path| path.strip_prefix(&root).ok());
            paths.map(|path| path.display().to_string()).collect()
        };
        assert_eq!(below(&trails.folders), ["", "mount", "mount/..2026", "mount/..2026/deep"]);
        let steps = [
            "",
            "current",
            "mount",
            "mount/..2026",
            "mount/..2026/deep",
            "mount/..2026/deep/a",
            "mount/..data",
            "mount/a",
            "x",
        ];
        assert_eq!(below(&trails.steps), steps);
        assert!(trails.folders.contains(Path::new("/")));
    }

    #[test]
    fn a_fingerprint_changes_with_the_file_and_the_way_to_it_alone() {
        let (_folder, root) = folder();
        fs::create_dir(root.join("one")).unwrap();
        fs::create_dir(root.join("two")).unwrap();
        fs::write(root.join("one/a"), "same").unwrap();
        fs::hard_link(root.join("one/a"), root.join("two/a")).unwrap();
        symlink("one", root.join("link")).unwrap();
        let now = || Fingerprint::of(&[root.join("link/a")].into());
        let mut before = now();
        let mut changed = |change: &dyn Fn()| {
            change();
            let (was, is) = (std::mem::replace(&mut before, now()), now());
            was != is
        };
        assert!(!changed(&|| fs::write(root.join("one/b"), "another").unwrap()));
        assert!(changed(&|| fs::write(root.join("one/a"), "more").unwrap()));
        let swap = || {
            symlink("two", root.join("new")).unwrap();
            fs::rename(root.join("new"), root.join("link")).unwrap();
        };
        assert!(changed(&swap), "the same file by another way");
        assert!(changed(&|| fs::remove_file(root.join("two/a")).unwrap()));
        assert!(!changed(&|| {}));
        symlink("round", root.join("round")).unwrap();
        Fingerprint::of(&[root.join("round")].into());
    }
}
