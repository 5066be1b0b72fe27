//! What the minimal server writes: records and lines of the log, gathered for each core and written by one thread.

use anyhow::{Context, Result};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How long the thread gathers between two writes.
const GATHER: Duration = Duration::from_millis(10);
/// How old a record may be that is not synced: with one gathering and the sync itself it stays below a second.
const SYNC_AFTER: Duration = Duration::from_millis(800);

/// What the requests of one core have written, and who waits for its sync.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) records: Vec<u8>,
    pub(crate) lines: Vec<u8>,
    waiting: Vec<oneshot::Sender<()>>,
}

impl Gathered {
    /// Resolves once everything that was gathered until now is synced.
    pub(crate) fn synced(&mut self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        self.waiting.push(sender);
        receiver
    }
}

/// The journal of all cores.
#[derive(Debug, Clone)]
pub(crate) struct Journal {
    cores: Arc<Vec<Mutex<Gathered>>>,
    /// Whether anyone waits for a sync.
    due: Arc<(Mutex<bool>, Condvar)>,
}

impl Journal {
    /// Opens the files in this folder, and starts the thread that writes them.
    pub(crate) fn start(folder: &Path, cores: usize, sync_each: bool) -> Result<Self> {
        let journal = Self { cores: Arc::new((0..cores).map(|_| Mutex::default()).collect()), due: Arc::default() };
        let (records, lines) = (open(&folder.join("records"))?, open(&folder.join("log"))?);
        let of_thread = journal.clone();
        std::thread::Builder::new().name("minimal-journal".to_owned()).spawn(move || {
            let mut writer = Writer { journal: of_thread, records, lines, synced: Instant::now() };
            loop {
                if sync_each {
                    writer.journal.wait()
                } else {
                    std::thread::sleep(GATHER)
                }
                if let Err(why) = writer.write(sync_each) {
                    crate::report::print_line(&format!("the journal cannot be written: {why}"));
                    std::process::exit(1);
                }
            }
        })?;
        Ok(journal)
    }

    /// What a core has gathered; none where there is no such core.
    pub(crate) fn core(&self, core: usize) -> Option<MutexGuard<'_, Gathered>> {
        Some(self.cores.get(core)?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Wakes the thread that writes.
    pub(crate) fn wake(&self) {
        *self.due.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.due.1.notify_one();
    }

    fn wait(&self) {
        let due = self.due.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = self.due.1.wait_timeout_while(due, GATHER, |due| !*due);
        *due.unwrap_or_else(PoisonError::into_inner).0 = false;
    }
}

fn open(path: &Path) -> Result<File> {
    let opened = OpenOptions::new().create(true).append(true).open(path);
    opened.with_context(|| format!("cannot open `{}`", path.display()))
}

struct Writer {
    journal: Journal,
    records: File,
    lines: File,
    synced: Instant,
}

impl Writer {
    fn write(&mut self, sync_each: bool) -> std::io::Result<()> {
        let mut waiting = Vec::new();
        for core in self.journal.cores.iter() {
            let gathered = std::mem::take(&mut *core.lock().unwrap_or_else(PoisonError::into_inner));
            if !gathered.records.is_empty() {
                self.records.write_all(&gathered.records)?;
            }
            if !gathered.lines.is_empty() {
                self.lines.write_all(&gathered.lines)?;
            }
            waiting.extend(gathered.waiting);
        }
        if !waiting.is_empty() || (!sync_each && self.synced.elapsed() >= SYNC_AFTER) {
            self.records.sync_data()?;
            self.synced = Instant::now();
        }
        for sender in waiting {
            // A request that went away needs no answer.
            let _ = sender.send(());
        }
        Ok(())
    }
}
