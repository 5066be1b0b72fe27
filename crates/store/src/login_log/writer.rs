//! The thread that writes the login log: what waits, within 10 ms; synced, within a second.

use super::folder::{self, Opened};
use super::frame::{Entry, Place};
use super::segment::{Active, Class, Paths, Segments};
use super::waiting::{Batch, Task, Waiting};
use crate::api::{Observer, StoreError};
use crate::content_files;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// How long what is written may wait for the disk.
const SYNC_EVERY: Duration = Duration::from_millis(900);

/// When a write is tried again for which there was no room.
const RETRY: Duration = Duration::from_millis(500);

/// Logins of a segment at most: their index in memory takes 48 MB, and a start after a crash reads them in a quarter of a second.
const SEGMENT_LOGINS: usize = 256 * 1024;

/// Logins of all segments that are written to.
const ACTIVE_LOGINS: usize = 2 * SEGMENT_LOGINS;

/// Bytes of a segment at most, but for the last batch.
const SEGMENT_BYTES: u64 = 256 << 20;

/// The thread's own things.
pub(crate) struct Writer {
    folder: PathBuf,
    waiting: Arc<Waiting>,
    segments: Arc<RwLock<Segments>>,
    next_number: u64,
    /// What the disk does not have, by its segment.
    dirty: BTreeMap<u64, Dirty>,
    dirty_since: Option<Instant>,
    /// When segments may be sealed again, after that failed.
    seal_after: Option<Instant>,
    observer: Arc<dyn Observer>,
}

impl Writer {
    pub(crate) fn new(
        folder: PathBuf,
        waiting: Arc<Waiting>,
        opened: Opened,
        observer: Arc<dyn Observer>,
    ) -> (Self, Arc<RwLock<Segments>>) {
        let segments = Arc::new(RwLock::new(opened.segments));
        let writer = Self {
            folder,
            waiting,
            segments: Arc::clone(&segments),
            next_number: opened.next_number,
            dirty: BTreeMap::new(),
            dirty_since: None,
            seal_after: None,
            observer,
        };
        (writer, segments)
    }

    /// Works until nothing comes in any more. A disk that fails is tried again for as long.
    ///
    /// # Errors
    /// When the last logins could not be written.
    pub(crate) fn run(mut self) -> Result<(), StoreError> {
        let _closed = CloseAtEnd(Arc::clone(&self.waiting));
        loop {
            match self.waiting.next(self.patience()) {
                Task::Write(batch, sweep) => {
                    let waiting = Arc::clone(&self.waiting);
                    waiting.disk.call(|| self.write(&batch))?;
                    self.waiting.written(batch);
                    if let Some(now) = sweep {
                        self.sweep(now);
                    }
                }
                Task::Sweep(now) => self.sweep(now),
                Task::Idle => {}
                Task::End => return self.sync().map_err(|why| failed(&why)),
            }
            if self.dirty_since.is_some_and(|since| since.elapsed() >= SYNC_EVERY) {
                // It is told, and tried again.
                let _ = self.sync();
            }
        }
    }

    fn patience(&self) -> Duration {
        let forever = Duration::from_secs(3600);
        self.dirty_since.map_or(forever, |since| SYNC_EVERY.saturating_sub(since.elapsed()))
    }

    /// Writes a batch, each class into its segment. A disk that fails is waited for, with the batch in memory.
    fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let mut classes: BTreeMap<Class, Vec<Entry>> = BTreeMap::new();
        for entry in &batch.entries {
            classes.entry(Class::of(entry)).or_default().push(*entry);
        }
        let alone = classes.len() == 1;
        for (class, mut entries) in classes {
            let apart = if alone { None } else { Some(frames_of(batch, &mut entries)) };
            let bytes = apart.as_deref().unwrap_or(&batch.bytes);
            let mut told = false;
            while let Err(why) = self.write_class(class, bytes, &entries) {
                if !told {
                    tracing::error!(cause = %why, "logins cannot be written now; they wait in memory, and new ones are refused once there is no room");
                    told = true;
                }
                self.waiting.failing(format!("logins cannot be written: {why}"));
                // A disk that answers does not hang.
                let paused = self.waiting.disk.pause(|| self.waiting.pause(RETRY));
                if !paused {
                    return self.write_class(class, bytes, &entries).map_err(|why| failed(&why));
                }
            }
        }
        Ok(())
    }

    fn write_class(&mut self, class: Class, bytes: &[u8], entries: &[Entry]) -> io::Result<()> {
        if let Some(first) = entries.first() {
            self.seal_when_due(class, first.changed_at);
        }
        let (number, file, start) = self.active(class)?;
        // Where the file is known to end: what a failed write left there is written over.
        file.write_all_at(bytes, start)?;
        let end = start.saturating_add(bytes.len() as u64);
        let dirty = self.dirty.entry(number).or_insert(Dirty { file, from: start, end, failed: false });
        dirty.end = end;
        self.dirty_since.get_or_insert_with(Instant::now);
        let mut segments = self.segments.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(active) = segments.active.get_mut(&class) {
            for entry in entries {
                let place = Place { offset: entry.place.offset.saturating_add(start), ..entry.place };
                active.push(&Entry { place, ..*entry });
            }
        }
        Ok(())
    }

    /// The segment of a class, a new one where there is none.
    fn active(&mut self, class: Class) -> io::Result<(u64, Arc<File>, u64)> {
        let there = |segments: &Segments| {
            segments.active.get(&class).map(|active| (active.number, Arc::clone(&active.file), active.summary.length))
        };
        if let Some(active) = there(&self.segments.read().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(active);
        }
        let number = self.next_number;
        // The number is not used again, also where this fails half way.
        self.next_number = number.saturating_add(1);
        let file = Arc::new(Paths::new(&self.folder, number).create(number, class)?);
        content_files::sync_folder(&self.folder)?;
        let active = Active::new(number, Arc::clone(&file));
        let start = active.summary.length;
        self.segments.write().unwrap_or_else(PoisonError::into_inner).active.insert(class, active);
        Ok((number, file, start))
    }

    /// Seals the segment of a class that is full or old, and the largest where all together are too many.
    fn seal_when_due(&mut self, class: Class, now: u64) {
        let due: Vec<Class> = {
            let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
            let full = |class: &Class, active: &Active| {
                let old = active.began.is_some_and(|(_, began)| now.saturating_sub(began) >= class.span());
                old || active.entries.len() >= SEGMENT_LOGINS || active.summary.length >= SEGMENT_BYTES
            };
            let all: usize = segments.active.values().map(|active| active.entries.len()).sum();
            let largest = segments.active.iter().max_by_key(|(_, active)| active.entries.len());
            let largest = largest.filter(|_| all >= ACTIVE_LOGINS).map(|(class, _)| *class);
            let due = segments.active.get(&class).filter(|active| full(&class, active)).map(|_| class);
            due.into_iter().chain(largest.filter(|largest| due != Some(*largest))).collect()
        };
        due.into_iter().for_each(|class| self.seal(class));
    }

    /// Seals the segment of a class. Where that fails it is written to for a while longer.
    fn seal(&mut self, class: Class) {
        if self.seal_after.is_some_and(|after| Instant::now() < after) {
            return;
        }
        let sealed = {
            let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
            let Some(active) = segments.active.get(&class) else { return };
            folder::seal(&self.folder, active)
        };
        match sealed {
            Ok(sealed) => {
                self.dirty.remove(&sealed.number);
                let mut segments = self.segments.write().unwrap_or_else(PoisonError::into_inner);
                segments.active.remove(&class);
                segments.sealed.push(Arc::new(sealed));
                segments.sealed.sort_by_key(|sealed| sealed.number);
            }
            Err(why) => {
                tracing::error!(cause = %why, "the index of a segment of logins cannot be written; it stays in memory");
                self.seal_after = Instant::now().checked_add(RETRY.saturating_mul(20));
            }
        }
    }

    /// Makes durable what was written. What fails is tried again after a while.
    fn sync(&mut self) -> io::Result<()> {
        if self.dirty_since.take().is_none() {
            return Ok(());
        }
        let (began, waiting) = (Instant::now(), Arc::clone(&self.waiting));
        let mut synced = Ok(());
        for (number, dirty) in std::mem::take(&mut self.dirty) {
            if let Err(why) = waiting.disk.call(|| dirty.sync()) {
                self.dirty.insert(number, Dirty { failed: true, ..dirty });
                self.dirty_since.get_or_insert_with(Instant::now);
                synced = Err(why);
            }
        }
        self.observer.synced(0, began.elapsed(), synced.is_err());
        let why = synced.as_ref().err().map(|why| format!("logins cannot be synced: {why}"));
        if let Some(why) = &why {
            tracing::error!("{why}; it is tried again");
        }
        self.waiting.synced(why);
        synced
    }

    /// Deletes the segments of which every login has expired, seals those that are old, and makes damaged indexes anew.
    fn sweep(&mut self, now: u64) {
        let gone: Vec<u64> = {
            let mut segments = self.segments.write().unwrap_or_else(PoisonError::into_inner);
            let mut gone = Vec::new();
            segments.sealed.retain(|sealed| stays(sealed.index.summary.expires_at, sealed.number, now, &mut gone));
            segments.active.retain(|_, active| stays(active.summary.expires_at, active.number, now, &mut gone));
            gone
        };
        for number in gone {
            self.dirty.remove(&number);
            if let Err(why) = folder::delete(&Paths::new(&self.folder, number)) {
                tracing::error!(cause = %why, segment = number, "a segment of expired logins cannot be deleted");
            }
        }
        let (classes, damaged): (Vec<_>, Vec<_>) = {
            let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
            let damaged = segments.sealed.iter().filter(|sealed| sealed.is_damaged());
            (segments.active.keys().copied().collect(), damaged.cloned().collect())
        };
        classes.into_iter().for_each(|class| self.seal_when_due(class, now));
        for sealed in damaged {
            match folder::seal_again(&self.folder, &sealed, &*self.observer) {
                Ok(again) => {
                    let mut segments = self.segments.write().unwrap_or_else(PoisonError::into_inner);
                    if let Some(place) = segments.sealed.iter_mut().find(|sealed| sealed.number == again.number) {
                        *place = Arc::new(again);
                    }
                }
                Err(why) => tracing::error!(cause = %why, "a damaged index of logins cannot be made anew"),
            }
        }
    }
}

/// A part of a segment that the disk does not have.
struct Dirty {
    file: Arc<File>,
    from: u64,
    end: u64,
    /// A sync failed before.
    failed: bool,
}

impl Dirty {
    /// Makes it durable. After a failure the system may take what it could not write for written: it is written again first.
    fn sync(&self) -> io::Result<()> {
        if self.failed {
            let mut bytes = vec![0; usize::try_from(self.end.saturating_sub(self.from)).unwrap_or(usize::MAX)];
            self.file.read_exact_at(&mut bytes, self.from)?;
            self.file.write_all_at(&bytes, self.from)?;
        }
        self.file.sync_data()
    }
}

/// Nothing is taken any more once the thread has ended, also by a panic.
struct CloseAtEnd(Arc<Waiting>);

impl Drop for CloseAtEnd {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Whether a segment stays; its number is noted where it does not.
fn stays(expires_at: u64, number: u64, now: u64, gone: &mut Vec<u64>) -> bool {
    if expires_at <= now {
        gone.push(number);
    }
    expires_at > now
}

/// The frames of some entries of a batch, together; their places become those in it.
fn frames_of(batch: &Batch, entries: &mut [Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        let start = usize::try_from(entry.place.offset).unwrap_or(usize::MAX);
        let frame = batch.bytes.get(start..).and_then(|rest| rest.get(..entry.place.frame_bytes()));
        entry.place.offset = bytes.len() as u64;
        bytes.extend_from_slice(frame.unwrap_or_default());
    }
    bytes
}

fn failed(why: &io::Error) -> StoreError {
    StoreError::Failed(format!("logins cannot be written: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Availability;
    use crate::disk_watch::DISK_PATIENCE;
    use crate::login_log::waiting::Appended;
    use std::fs::OpenOptions;

    fn entry(id_hash: u64) -> Entry {
        Entry { id_hash, changed_at: 1, expires_at: 1_000_000, ..Entry::default() }
    }

    /// A writer whose one segment is a given file.
    fn writer(folder: &std::path::Path, file: File) -> (Writer, Arc<RwLock<Segments>>, Arc<Waiting>) {
        let (waiting, mut opened) = (Arc::<Waiting>::default(), Opened::default());
        opened.segments.active.insert(Class::of(&entry(0)), Active::new(0, Arc::new(file)));
        opened.next_number = 1;
        let (writer, segments) = Writer::new(folder.to_owned(), Arc::clone(&waiting), opened, Arc::new(()));
        (writer, segments, waiting)
    }

    fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
        let began = Instant::now();
        while !is_so() {
            assert!(began.elapsed() < Duration::from_secs(10), "{what}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// R04: logins wait in memory for a disk that is full, new ones are refused once there is no room, and all of them are written
    /// when there is space again.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let full = OpenOptions::new().read(true).write(true).open("/dev/full").unwrap();
        let (writer, segments, waiting) = writer(folder.path(), full);
        let thread = std::thread::spawn(|| writer.run());
        let record = vec![7; 1 << 20];
        let mut appended = 0;
        let mut refused = None;
        eventually("new logins are refused", || {
            match waiting.append(&entry(appended), &record) {
                Ok(Appended::Done) => appended += 1,
                Ok(Appended::Full) => {}
                Err(why) => refused = Some(why),
            }
            refused.is_some()
        });
        assert!(matches!(refused, Some(StoreError::Failed(why)) if why.contains("logins cannot be written")));
        assert!((0..appended).all(|number| waiting.find(number, |_| true).is_some()), "they are found meanwhile");
        let class = Class::of(&entry(0));
        let file = Paths::new(folder.path(), 0).create(0, class).unwrap();
        segments.write().unwrap().active.get_mut(&class).unwrap().file = Arc::new(file);
        eventually("there is room again", || waiting.append(&entry(appended), &record) == Ok(Appended::Done));
        waiting.close();
        thread.join().unwrap().unwrap();
        let opened = folder::open(folder.path(), &()).unwrap();
        assert_eq!(opened.logins, appended + 1);
    }

    /// Any other failure is waited for as well: what was answered meanwhile is written once the disk takes it.
    #[test]
    fn a_disk_that_fails_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("read-only");
        std::fs::write(&path, "").unwrap();
        let (writer, segments, waiting) = writer(folder.path(), File::open(path).unwrap());
        waiting.append(&entry(1), b"record").unwrap();
        let thread = std::thread::spawn(|| writer.run());
        eventually("it is told", || matches!(waiting.availability(DISK_PATIENCE), Availability::Failing(_)));
        waiting.append(&entry(2), b"record").unwrap();
        let class = Class::of(&entry(0));
        let file = Paths::new(folder.path(), 0).create(0, class).unwrap();
        segments.write().unwrap().active.get_mut(&class).unwrap().file = Arc::new(file);
        eventually("it is well again", || waiting.availability(DISK_PATIENCE) == Availability::Available);
        waiting.close();
        thread.join().unwrap().unwrap();
        assert_eq!(folder::open(folder.path(), &()).unwrap().logins, 2);
    }

    /// Nothing can be written until the end: closing says so.
    #[test]
    fn what_could_not_be_written_at_the_end_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("read-only");
        std::fs::write(&path, "").unwrap();
        let (writer, _, waiting) = writer(folder.path(), File::open(path).unwrap());
        waiting.append(&entry(1), b"record").unwrap();
        waiting.close();
        assert!(matches!(writer.run(), Err(StoreError::Failed(_))));
    }

    /// Logins of several lifetimes that were appended together go into segments of their own.
    #[test]
    fn a_batch_of_several_classes_is_divided() {
        let folder = tempfile::tempdir().unwrap();
        let (waiting, opened) = (Arc::<Waiting>::default(), Opened::default());
        let (writer, _) = Writer::new(folder.path().to_owned(), Arc::clone(&waiting), opened, Arc::new(()));
        for number in 0..10 {
            let expires_at = if number % 2 == 0 { 1_000_000 } else { 9_000_000 };
            waiting.append(&Entry { expires_at, ..entry(number) }, &number.to_be_bytes()).unwrap();
        }
        waiting.close();
        writer.run().unwrap();
        let opened = folder::open(folder.path(), &()).unwrap();
        assert_eq!((opened.logins, opened.segments.active.len()), (10, 2));
        for active in opened.segments.active.values() {
            for entry in active.entries.iter() {
                let frame = super::super::segment::read_frame(&active.file, entry.place()).unwrap().unwrap();
                assert!(frame.ends_with(&entry.id_hash.to_be_bytes()));
            }
        }
    }
}
