//! Takes changed files without being asked to: looks at them when the kernel says that something happened on the way to them,
//! and now and then anyway, as network file systems say nothing.

use super::trail::{Fingerprint, Trails};
use super::{SETTLE_TIME, Subject, Trigger};
use crate::runtime::Runtime;
use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// How often files are looked at where the kernel tells of changes: for file systems that do not tell of everything.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// And where it does not. Some ten system calls a file: nothing to save on.
const LOOK_OFTEN: Duration = Duration::from_secs(2);
/// After so many times in which files did not come to rest, the log says so.
const RESTLESS: u32 = 120;

/// Watches until it is dropped. While it is switched off it only waits for the configuration that switches it on.
pub(crate) async fn watch(runtime: Arc<Runtime>) {
    let mut subjects = runtime.reloads.subject.subscribe();
    let new = || Watcher { writing: Arc::clone(&runtime.reloads.writing), ..Watcher::default() };
    let mut watcher = new();
    loop {
        let subject = subjects.borrow_and_update().clone();
        if !subject.on {
            watcher = new();
            watcher.writing.lock().unwrap_or_else(PoisonError::into_inner).clear();
            if subjects.changed().await.is_err() {
                return;
            }
            continue;
        }
        // First the kernel, then a look: what happens between them is not missed.
        let trails = Trails::of(&subject.files);
        let patience = watcher.look_after(&trails);
        if Fingerprint::at(&trails) != subject.seen {
            if watcher.settled(&subject).await {
                // What became of it is in the log and the status.
                let _ = runtime.reload(Trigger::Watch).await;
            }
            continue;
        }
        tokio::select! {
            () = watcher.told() => {}
            changed = subjects.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(patience) => {}
        }
    }
}

/// The kernel's word, for one set of folders.
#[derive(Debug)]
struct Watcher {
    begin: fn(&Trails, &Writing) -> notify::Result<Begun>,
    kernel: Option<(RecommendedWatcher, mpsc::Receiver<()>)>,
    of: Option<(Trails, Fingerprint)>,
    whole: bool,
    writing: Writing,
}

/// Files that were written to and not closed since: they are not whole yet, however long their writer takes.
pub(super) type Writing = Arc<Mutex<HashSet<PathBuf>>>;

impl Default for Watcher {
    fn default() -> Self {
        Self { begin, kernel: None, of: None, whole: false, writing: Writing::default() }
    }
}

impl Watcher {
    /// Has the kernel tell of these from now on; returns how long to wait for its word.
    fn look_after(&mut self, trails: &Trails) -> Duration {
        // A folder that was replaced has another identity: the kernel still tells of the one before.
        let folders = Fingerprint::at(&Trails { steps: trails.folders.clone(), folders: BTreeSet::new() });
        if self.of.as_ref().is_none_or(|of| of.0 != *trails || of.1 != folders) {
            let was_whole = self.whole || self.of.is_none();
            // Who was writing still is, where it is still the same folder: of another one's files no word comes any more.
            let is_same = |folder: &Path| self.of.as_ref().is_some_and(|(_, before)| before.agrees(&folders, folder));
            let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
            writing.retain(|file| trails.steps.contains(file) && file.parent().is_some_and(is_same));
            drop(writing);
            let begun = (self.begin)(trails, &self.writing);
            self.whole = begun.as_ref().is_ok_and(|(.., whole)| *whole);
            if let (true, Err(why)) = (was_whole, &begun) {
                tracing::warn!(
                    cause = %why, every = ?LOOK_OFTEN,
                    "the kernel does not tell of changed files; they are looked at instead (see fs.inotify in sysctl)"
                );
            }
            self.kernel = begun.ok().map(|(kernel, told, _)| (kernel, told));
            self.of = Some((trails.clone(), folders));
        }
        if self.whole { LOOK_EVERY } else { LOOK_OFTEN }
    }

    async fn told(&mut self) {
        let word = match &mut self.kernel {
            Some((_, told)) => told.recv().await,
            None => None,
        };
        if word.is_none() {
            std::future::pending().await
        }
    }

    /// Waits until nobody writes to the files and they stay as they are; false when they are again as they were.
    async fn settled(&mut self, subject: &Subject) -> bool {
        let mut before = Fingerprint::of(&subject.files);
        for round in 1_u32.. {
            tokio::time::sleep(SETTLE_TIME).await;
            let now = Fingerprint::of(&subject.files);
            let writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner).iter().next().cloned();
            if now == before && writing.is_none() {
                return now != subject.seen;
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

type Begun = (RecommendedWatcher, mpsc::Receiver<()>, bool);

/// Watches folders, not files: editors and deploys rename. False where one of them cannot be watched.
fn begin(trails: &Trails, writing: &Writing) -> notify::Result<Begun> {
    let (tell, told) = mpsc::channel(1);
    let (steps, writing) = (trails.steps.clone(), Arc::clone(writing));
    let mut kernel = notify::recommended_watcher(move |event: notify::Result<Event>| {
        if event.map_or(true, |event| matters(&event, &steps, &writing)) {
            // One word is enough: whoever hears it looks at everything.
            let _ = tell.try_send(());
        }
    })?;
    let mut whole = true;
    for folder in &trails.folders {
        match kernel.watch(folder, RecursiveMode::NonRecursive) {
            Ok(()) => {}
            Err(why) if matches!(why.kind, notify::ErrorKind::MaxFilesWatch) => return Err(why),
            // A folder that is not there yet: the one above it tells when it comes.
            Err(why) if is_missing(&why) => {}
            Err(why) => {
                tracing::debug!(folder = %folder.display(), cause = %why, "cannot be watched");
                whole = false;
            }
        }
    }
    Ok((kernel, told, whole))
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

/// Whether something happened to a step. Keeps account of who is writing.
fn matters(event: &Event, steps: &BTreeSet<PathBuf>, writing: &Writing) -> bool {
    if event.need_rescan() {
        // Words were lost: nobody knows who is still writing.
        writing.lock().unwrap_or_else(PoisonError::into_inner).clear();
        return true;
    }
    let ours = event.paths.iter().filter(|path| steps.contains(*path));
    let closed = event.kind == EventKind::Access(AccessKind::Close(AccessMode::Write));
    if matches!(event.kind, EventKind::Access(_)) && !closed {
        return false;
    }
    let written = matches!(event.kind, EventKind::Modify(ModifyKind::Data(_)));
    let attributes = matches!(event.kind, EventKind::Modify(ModifyKind::Metadata(_)));
    let mut writing = writing.lock().unwrap_or_else(PoisonError::into_inner);
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

    fn subject(files: &BTreeSet<PathBuf>) -> Subject {
        Subject { on: true, files: files.clone(), seen: Fingerprint::of(files) }
    }

    async fn is_told(watcher: &mut Watcher) -> bool {
        tokio::time::timeout(Duration::from_secs(2), watcher.told()).await.is_ok()
    }

    #[tokio::test]
    async fn the_kernel_tells_of_the_file_and_of_nothing_else() {
        let (folder, files) = folder();
        let mut watcher = Watcher::default();
        assert_eq!(watcher.look_after(&Trails::of(&files)), LOOK_EVERY);
        fs::write(folder.path().join("b"), "another").unwrap();
        fs::read(folder.path().join("a")).unwrap();
        let told = tokio::time::timeout(Duration::from_millis(300), watcher.told()).await;
        assert!(told.is_err(), "neither another file nor a look at ours is news");
        fs::write(folder.path().join("new"), "two").unwrap();
        fs::rename(folder.path().join("new"), folder.path().join("a")).unwrap();
        assert!(is_told(&mut watcher).await);
    }

    /// O06: as long as a writer has the file open it is not whole, however slow he is.
    #[tokio::test]
    async fn a_slow_writer_is_waited_for() {
        let (folder, files) = folder();
        let mut watcher = Watcher::default();
        watcher.look_after(&Trails::of(&files));
        let subject = subject(&files);
        let mut file = fs::File::create(folder.path().join("a")).unwrap();
        file.write_all(b"half").unwrap();
        assert!(is_told(&mut watcher).await);
        assert!(tokio::time::timeout(SETTLE_TIME * 6, watcher.settled(&subject)).await.is_err(), "it is open");
        file.write_all(b" and half").unwrap();
        drop(file);
        assert!(tokio::time::timeout(SETTLE_TIME * 6, watcher.settled(&subject)).await.unwrap());
    }

    /// Without watches files are looked at more often, and a change is found all the same.
    #[tokio::test]
    async fn where_the_kernel_has_no_watches_left_files_are_looked_at() {
        let (folder, files) = folder();
        let none = |_: &Trails, _: &Writing| Err(notify::Error::new(notify::ErrorKind::MaxFilesWatch));
        let mut watcher = Watcher { begin: none, ..Watcher::default() };
        let subject = subject(&files);
        let trails = Trails::of(&files);
        assert_eq!(watcher.look_after(&trails), LOOK_OFTEN);
        assert!(tokio::time::timeout(SETTLE_TIME, watcher.told()).await.is_err(), "no word, and no busy loop");
        fs::write(folder.path().join("a"), "two").unwrap();
        assert_eq!(watcher.look_after(&trails), LOOK_OFTEN);
        assert_ne!(Fingerprint::at(&trails), subject.seen);
        assert!(watcher.settled(&subject).await);
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
        assert!(is_told(&mut watcher).await);
        watcher.look_after(&Trails::of(&files));
        fs::create_dir(root.join("in")).unwrap();
        assert!(is_told(&mut watcher).await);
        watcher.look_after(&Trails::of(&files));
        fs::write(root.join("in/a"), "two").unwrap();
        assert!(is_told(&mut watcher).await);
    }
}
