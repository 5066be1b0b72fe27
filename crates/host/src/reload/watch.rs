//! Takes changed files without being asked: looks at them when the kernel reports an event on the way to them, and now and then
//! anyway, as network file systems report nothing.

use super::fingerprint::{Fingerprint, Trails};
use super::outcome::ReloadTrigger;
use super::reloads::Reloads;
use super::watched::{OpenForWriting, SETTLE_TIME, Watched};
use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// How often files are looked at where the kernel tells of changes: for file systems that do not tell of everything.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// And where it does not. Some ten system calls a file: nothing to save on.
const LOOK_OFTEN: Duration = Duration::from_secs(2);
/// After so many times in which files did not come to rest, the log says so.
const RESTLESS: u32 = 120;

/// Watches until it is dropped. While it is switched off it only waits for the configuration that switches it on.
pub(crate) async fn watch(reloads: Arc<Reloads>) {
    let mut changes = reloads.watched.subscribe();
    let new = || Watcher { writing: reloads.writing.clone(), ..Watcher::default() };
    let mut watcher = new();
    loop {
        let watched = changes.borrow_and_update().clone();
        if !watched.on {
            watcher = new();
            watcher.writing.with(HashSet::clear);
            if changes.changed().await.is_err() {
                return;
            }
            continue;
        }
        // First the kernel, then a look: what happens between them is not missed.
        let trails = Trails::of(&watched.files);
        let patience = watcher.look_after(&trails);
        if Fingerprint::at(&trails) != watched.seen {
            if watcher.came_to_rest(&watched).await {
                // What became of it is in the log and the status.
                let _ = reloads.reload(ReloadTrigger::Watch).await;
            }
            continue;
        }
        tokio::select! {
            () = watcher.event() => {}
            changed = changes.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(patience) => {}
        }
    }
}

/// The kernel's events for one set of folders.
#[derive(Debug)]
struct Watcher {
    begin: fn(&Trails, &OpenForWriting) -> notify::Result<KernelWatch>,
    kernel: Option<(RecommendedWatcher, mpsc::Receiver<()>)>,
    of: Option<(Trails, Fingerprint)>,
    whole: bool,
    writing: OpenForWriting,
}

impl Default for Watcher {
    fn default() -> Self {
        Self { begin, kernel: None, of: None, whole: false, writing: OpenForWriting::default() }
    }
}

impl Watcher {
    /// Has the kernel report events on these from now on; returns how long to wait for one before the files are looked at.
    fn look_after(&mut self, trails: &Trails) -> Duration {
        // A folder that was replaced has another identity: the kernel still reports events of the one before.
        let folders = Fingerprint::at(&Trails { steps: trails.folders.clone(), folders: BTreeSet::new() });
        if self.of.as_ref().is_none_or(|of| of.0 != *trails || of.1 != folders) {
            let was_whole = self.whole || self.of.is_none();
            // A writer still writes where it is still the same folder: of another one's files no event comes any more.
            let is_same = |folder: &Path| self.of.as_ref().is_some_and(|(_, before)| before.agrees(&folders, folder));
            self.writing.with(|files| {
                files.retain(|file| trails.steps.contains(file) && file.parent().is_some_and(is_same));
            });
            let begun = (self.begin)(trails, &self.writing);
            self.whole = begun.as_ref().is_ok_and(|(.., whole)| *whole);
            if let (true, Err(why)) = (was_whole, &begun) {
                tracing::warn!(
                    cause = %why, every = ?LOOK_OFTEN,
                    "the kernel does not report changes of files; they are looked at instead (see fs.inotify in sysctl)"
                );
            }
            self.kernel = begun.ok().map(|(kernel, events, _)| (kernel, events));
            self.of = Some((trails.clone(), folders));
        }
        if self.whole { LOOK_EVERY } else { LOOK_OFTEN }
    }

    /// The next event; never where the kernel reports none.
    async fn event(&mut self) {
        let event = match &mut self.kernel {
            Some((_, events)) => events.recv().await,
            None => None,
        };
        if event.is_none() {
            std::future::pending().await
        }
    }

    /// Waits until no process writes to the files and they stay as they are; false when they are again as they were.
    async fn came_to_rest(&mut self, watched: &Watched) -> bool {
        let mut before = Fingerprint::of(&watched.files);
        for round in 1_u32.. {
            tokio::time::sleep(SETTLE_TIME).await;
            let now = Fingerprint::of(&watched.files);
            let writing = self.writing.any();
            if now == before && writing.is_none() {
                return now != watched.seen;
            }
            if round == RESTLESS {
                let file = writing.map(|file| file.display().to_string());
                tracing::warn!(
                    file,
                    "a file of the configuration does not come to rest; it is taken when it does, or with SIGHUP"
                );
            }
            before = now;
        }
        false
    }
}

/// The kernel's watch, its events, and whether it covers every folder.
type KernelWatch = (RecommendedWatcher, mpsc::Receiver<()>, bool);

/// Watches folders, not files: editors and deploys rename. False where one of them cannot be watched.
fn begin(trails: &Trails, writing: &OpenForWriting) -> notify::Result<KernelWatch> {
    let (sender, events) = mpsc::channel(1);
    let (steps, writing) = (trails.steps.clone(), writing.clone());
    let mut kernel = notify::recommended_watcher(move |event: notify::Result<Event>| {
        if event.map_or(true, |event| matters(&event, &steps, &writing)) {
            // One event is enough: its receiver looks at everything.
            let _ = sender.try_send(());
        }
    })?;
    let mut whole = true;
    for folder in &trails.folders {
        match kernel.watch(folder, RecursiveMode::NonRecursive) {
            Ok(()) => {}
            Err(why) if matches!(why.kind, notify::ErrorKind::MaxFilesWatch) => return Err(why),
            // A folder that is not there yet: an event on the one above it says when it comes.
            Err(why) if is_missing(&why) => {}
            Err(why) => {
                tracing::debug!(folder = %folder.display(), cause = %why, "cannot be watched");
                whole = false;
            }
        }
    }
    Ok((kernel, events, whole))
}

fn is_missing(why: &notify::Error) -> bool {
    match &why.kind {
        notify::ErrorKind::PathNotFound => true,
        notify::ErrorKind::Io(why) => {
            matches!(why.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
        }
        _ => false,
    }
}

/// Whether an event is about a step. Keeps account of the files that are open for writing.
fn matters(event: &Event, steps: &BTreeSet<PathBuf>, writing: &OpenForWriting) -> bool {
    if event.need_rescan() {
        // Events were lost: which files are still open for writing is not known.
        writing.with(HashSet::clear);
        return true;
    }
    let ours = event.paths.iter().filter(|path| steps.contains(*path));
    let closed = event.kind == EventKind::Access(AccessKind::Close(AccessMode::Write));
    if matches!(event.kind, EventKind::Access(_)) && !closed {
        return false;
    }
    let written = matches!(event.kind, EventKind::Modify(ModifyKind::Data(_)));
    let attributes = matches!(event.kind, EventKind::Modify(ModifyKind::Metadata(_)));
    writing.with(|writing| {
        let mut matters = false;
        for path in ours {
            matters = true;
            if written {
                writing.insert(path.clone());
            } else if !attributes {
                writing.remove(path);
            }
        }
        matters
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write as _;

    fn folder() -> (tempfile::TempDir, BTreeSet<PathBuf>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().canonicalize().unwrap().join("a");
        fs::write(&file, "one").unwrap();
        (folder, [file].into())
    }

    fn watched(files: &BTreeSet<PathBuf>) -> Watched {
        Watched { on: true, files: files.clone(), seen: Fingerprint::of(files) }
    }

    async fn has_event(watcher: &mut Watcher) -> bool {
        tokio::time::timeout(Duration::from_secs(2), watcher.event()).await.is_ok()
    }

    #[tokio::test]
    async fn the_kernel_reports_events_of_the_file_and_of_nothing_else() {
        let (folder, files) = folder();
        let mut watcher = Watcher::default();
        assert_eq!(watcher.look_after(&Trails::of(&files)), LOOK_EVERY);
        fs::write(folder.path().join("b"), "another").unwrap();
        fs::read(folder.path().join("a")).unwrap();
        let event = tokio::time::timeout(Duration::from_millis(300), watcher.event()).await;
        assert!(event.is_err(), "neither another file nor a look at ours is news");
        fs::write(folder.path().join("new"), "two").unwrap();
        fs::rename(folder.path().join("new"), folder.path().join("a")).unwrap();
        assert!(has_event(&mut watcher).await);
    }

    /// O06: as long as a writer has the file open it is not whole, however slow he is.
    #[tokio::test]
    async fn a_slow_writer_is_waited_for() {
        let (folder, files) = folder();
        let mut watcher = Watcher::default();
        watcher.look_after(&Trails::of(&files));
        let watched = watched(&files);
        let mut file = fs::File::create(folder.path().join("a")).unwrap();
        file.write_all(b"half").unwrap();
        assert!(has_event(&mut watcher).await);
        assert!(tokio::time::timeout(SETTLE_TIME * 6, watcher.came_to_rest(&watched)).await.is_err(), "it is open");
        file.write_all(b" and half").unwrap();
        drop(file);
        assert!(tokio::time::timeout(SETTLE_TIME * 6, watcher.came_to_rest(&watched)).await.unwrap());
    }

    /// Without watches files are looked at more often, and a change is found all the same.
    #[tokio::test]
    async fn where_the_kernel_has_no_watches_left_files_are_looked_at() {
        let (folder, files) = folder();
        let none = |_: &Trails, _: &OpenForWriting| Err(notify::Error::new(notify::ErrorKind::MaxFilesWatch));
        let mut watcher = Watcher { begin: none, ..Watcher::default() };
        let watched = watched(&files);
        let trails = Trails::of(&files);
        assert_eq!(watcher.look_after(&trails), LOOK_OFTEN);
        assert!(tokio::time::timeout(SETTLE_TIME, watcher.event()).await.is_err(), "no event, and no busy loop");
        fs::write(folder.path().join("a"), "two").unwrap();
        assert_eq!(watcher.look_after(&trails), LOOK_OFTEN);
        assert_ne!(Fingerprint::at(&trails), watched.seen);
        assert!(watcher.came_to_rest(&watched).await);
    }

    /// The folder goes and comes again under its name: it is another one, and it is watched.
    #[tokio::test]
    async fn a_folder_that_was_replaced_is_watched_again() {
        let (folder, _) = folder();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir(root.join("in")).unwrap();
        fs::write(root.join("in/a"), "one").unwrap();
        let files: BTreeSet<PathBuf> = [root.join("in/a")].into();
        let mut watcher = Watcher::default();
        watcher.look_after(&Trails::of(&files));
        fs::rename(root.join("in"), root.join("out")).unwrap();
        assert!(has_event(&mut watcher).await);
        watcher.look_after(&Trails::of(&files));
        fs::create_dir(root.join("in")).unwrap();
        assert!(has_event(&mut watcher).await);
        watcher.look_after(&Trails::of(&files));
        fs::write(root.join("in/a"), "two").unwrap();
        assert!(has_event(&mut watcher).await);
    }
}
