//! Opening the embedded store: the lock, its header, and what the high-water file says about it.

use super::changes::Changes;
use super::clean_stop;
use super::committer::Committer;
use super::database::Database;
use super::engine::{CHECKPOINT, checkpoint, engine};
use super::header::{Found, io_at, opened, read_header};
use super::high_water::{Finding, HighWater};
use super::job_queue::{Weights, job_queue};
use super::keys;
use super::opened::Open;
use super::orders_file::OrdersFile;
use super::records::Records;
use super::sync_state::SyncState;
use crate::api::claim::Claims;
use crate::api::{Observer, OpenError, RecordMac, StoreError};
use crate::content_files::ContentFiles;
use crate::disk_watch::DISK_PATIENCE;
use crate::format::codec::Codec;
use crate::format::description::Description;
use crate::format::header::Header;
use crate::format::place::Place;
use crate::login_log::LoginLog;
use postlude_model::limits;
use postlude_model::names::Timestamp;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// A file of this name in the data folder says that it was restored from a backup.
const RESTORED: &str = "restored";

/// How an embedded store is opened.
#[derive(Debug, Clone)]
pub struct SledOptions {
    /// The folder of everything that is stored; made if it is missing, for its owner alone.
    pub data_dir: PathBuf,
    /// The file that tells a restored copy from the newest data; outside of that folder.
    pub high_water_file: PathBuf,
    /// Authenticates records.
    pub mac: Arc<dyn RecordMac>,
    /// How long a session is kept after its last use.
    pub session_lifetime: Duration,
    /// Hears what the store does.
    pub observer: Arc<dyn Observer>,
    /// How long a call to the disk may take before the store is given up.
    pub disk_patience: Duration,
}

impl SledOptions {
    /// The usual options.
    #[must_use]
    pub fn new(data_dir: PathBuf, high_water_file: PathBuf, mac: Arc<dyn RecordMac>) -> Self {
        let session_lifetime = limits::SESSION_LIFETIME;
        Self { data_dir, high_water_file, mac, session_lifetime, observer: Arc::new(()), disk_patience: DISK_PATIENCE }
    }
}

/// What outlives a failure of the engine: the folder's lock, the log of light logins, the claims of calls that are under way.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(super) options: SledOptions,
    /// Held for as long as the folder is this process's.
    pub(super) lock: File,
    pub(super) light_logins: Arc<LoginLog>,
    pub(super) claims: Arc<Claims>,
    pub(super) weights: Arc<Weights>,
}

impl Ground {
    /// Leaves the closed store so that its next opening is short, and lets go of the folder. It waits no longer than [`CHECKPOINT`].
    pub(super) async fn checkpoint(self) {
        let (done, is_done) = oneshot::channel();
        let work = move || {
            checkpoint(&self.options.data_dir);
            drop(self);
            let _ = done.send(());
        };
        // A thread of its own: who waits for those of the runtime must not wait for this one.
        let thread = std::thread::Builder::new().name("postlude-checkpoint".to_owned()).spawn(work);
        if thread.is_err() || tokio::time::timeout(CHECKPOINT, is_done).await.is_err() {
            tracing::info!("the next start reads a part of what was written since this one");
        }
    }
}

/// The engine, opened.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) open: Arc<Open>,
    pub(super) committer: JoinHandle<()>,
    pub(super) epoch: u64,
    pub(super) boot: u64,
    pub(super) description: Description,
}

/// Opens the engine.
pub(super) fn start(ground: &Ground) -> Result<Started, OpenError> {
    let Ground { options, lock, light_logins, claims, weights } = ground;
    let dir = options.data_dir.as_path();
    let (db, file) = engine(dir)?;
    let failed = |why: &dyn ToString| OpenError::Engine { dir: dir.to_owned(), why: why.to_string() };
    let tree = db.open_tree("records").map_err(|why| failed(&why))?;
    let (codec, observer) = (Codec::new(Arc::clone(&options.mac)), Arc::clone(&options.observer));
    let records = Records::new(tree, codec).counted_in(Arc::clone(light_logins.space()));
    let database = Database::new(records, options.session_lifetime, Arc::clone(&observer), Arc::clone(light_logins));
    let path = &options.high_water_file;
    let mut high_water = HighWater::open(path.clone(), Arc::clone(&options.mac)).map_err(io_at(path))?;
    let mut orders_file = OrdersFile::read(path, Arc::clone(&options.mac))?;
    let restored = dir.join(RESTORED);
    let here = place(lock).map_err(io_at(dir))?;
    let copied = is_copy(&database, dir, &here)?;
    let this = next_opening(&database, dir, &mut high_water, copied || restored.exists())?;
    let ThisOpening { header, description, after_crash } = this;
    let mut changes = Changes::default();
    database.put(&mut changes, keys::place(), &here).map_err(|why| opened(dir, why))?;
    database.put(&mut changes, keys::description(), &description).map_err(|why| opened(dir, why))?;
    orders_file.unite(&database, &mut changes, dir)?;
    database.records.note_bypasses().map_err(|why| opened(dir, why))?;
    let (epoch, boot) = (header.epoch, header.boot);
    let sync_state = Arc::new(SyncState::default());
    let at = header.at.max(light_logins.changed_at());
    sync_state.began_after(at, header.latest);
    database.orders.begin(orders_file.versions());
    let writers = Database { records: database.records.clone().for_writer(), ..database.clone() };
    let mut committer = Committer {
        database: writers,
        header,
        file,
        high_water,
        orders_file,
        sync_state: Arc::clone(&sync_state),
        observer,
        dirty_since: None,
    };
    committer.begin(changes).map_err(|why| failed(&why))?;
    committer.high_water.write(committer.header.commit).map_err(io_at(path))?;
    committer.orders_file.write().map_err(|why| opened(dir, why))?;
    clean_stop::forget(dir).map_err(io_at(dir))?;
    // Only now that the new epoch is durable: else a crash in between would keep the old one.
    match std::fs::remove_file(&restored) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(io_at(&restored)(why)),
        _ => {}
    }
    let folder = |name: &str, ending| ContentFiles::open(dir.join(name), ending).map_err(io_at(&dir.join(name)));
    let (plugins, revisions) = (folder("plugins", "wasm")?, folder("revisions", "json")?);
    let (jobs, queue) = job_queue(Arc::clone(weights));
    // The engine lives as long as the thread.
    let work = move || {
        let _held = db;
        committer.run(&queue);
    };
    let committer = std::thread::Builder::new().name("postlude-commit".to_owned()).spawn(work).map_err(io_at(dir))?;
    let open = Open {
        database,
        jobs,
        claims: Arc::clone(claims),
        plugins,
        revisions,
        sync_state,
        after_crash: after_crash.then_some(boot),
    };
    Ok(Started { open: Arc::new(open), committer, epoch, boot, description })
}

/// The engine panicked, which has said why.
pub(super) fn panicked(ground: &Ground) -> OpenError {
    OpenError::Engine { dir: ground.options.data_dir.clone(), why: "the engine panicked".to_owned() }
}

/// What this opening writes of the store, and what it says of the one before.
struct ThisOpening {
    header: Header,
    description: Description,
    /// Whether what was answered in the last moments before may be forgotten.
    after_crash: bool,
}

/// Decides whether what is there is the newest, and what this opening writes of it. No record but the store's own and the orders is
/// read: how long that takes does not depend on how many there are, unlike the engine's own opening.
fn next_opening(
    database: &Database,
    dir: &Path,
    high_water: &mut HighWater,
    marked: bool,
) -> Result<ThisOpening, OpenError> {
    let opened = |why: StoreError| opened(dir, why);
    let stored = match read_header(database, dir, high_water)? {
        Found::Whole(header) => Some(header),
        Found::None => None,
        Found::Damaged => return Err(OpenError::Header(dir.to_owned())),
        Found::Foreign(made_under) => {
            tracing::error!(
                made_under,
                "none of the root keys made what is stored: it counts as absent, so suspended logins end and everyone is prompted again; if the key is not lost, stop now and add it to `previous_root_keys`"
            );
            None
        }
    };
    let described = description(database, dir)?;
    let commit = stored.as_ref().map_or(0, |header| header.commit);
    let finding = high_water.compare(commit).map_err(io_at(high_water.path()))?;
    // An emptied data folder beside a high-water file is an older copy too, and so is one whose root key was lost.
    let older = match finding {
        Finding::Newest => false,
        Finding::Older(_) => true,
        Finding::Unknown => stored.is_some() || database.records.contains(&keys::header()).map_err(opened)?,
    };
    let is_new = stored.is_none() && !older;
    let clean = is_new || clean_stop::was_clean(dir, commit).map_err(io_at(dir))?;
    let after_crash = !clean || older || marked;
    let mut header = stored.unwrap_or(Header {
        epoch: wall_clock_millis().max(1),
        boot: 0,
        commit: 0,
        at: Timestamp(0),
        latest: Timestamp(0),
    });
    if older || marked {
        header.epoch = header.epoch.saturating_add(1).max(wall_clock_millis());
        let (epoch, high_water) = (header.epoch, high_water.path().display());
        tracing::warn!(epoch, %high_water, ?finding, marked, "the data may be older than what was acknowledged: suspended logins end, and factors are prompted again");
    }
    // Past the number that was lost: the folder that had it is then the older one, should it come back.
    if let Finding::Older(acknowledged) = finding {
        header.commit = header.commit.max(acknowledged);
    }
    header.boot = header.boot.saturating_add(1);
    header.commit = header.commit.saturating_add(1);
    let now = header.at.max(Timestamp(wall_clock_millis()));
    let kid = database.records.codec().key_names().into_iter().next().unwrap_or_default();
    let description = described.unwrap_or_default().with(&keys::versions(), &kid, now);
    tracing::info!(epoch = header.epoch, boot = header.boot, root_key = kid, after_crash, "the store is open");
    Ok(ThisOpening { header, description, after_crash })
}

/// What tells this folder from a copy of it.
fn place(lock: &File) -> io::Result<Place> {
    let found = lock.metadata()?;
    let born = found.created().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let born = born.and_then(|since| u64::try_from(since.as_nanos()).ok());
    Ok(Place { inode: std::os::unix::fs::MetadataExt::ino(&found), born })
}

/// Whether the folder is a copy of the one that was written to: it may be older than what was acknowledged, even where the
/// high-water file was copied along.
fn is_copy(database: &Database, dir: &Path, here: &Place) -> Result<bool, OpenError> {
    let there: Option<Place> = match database.get(&keys::place()) {
        Err(StoreError::Corrupt(_) | StoreError::Unreadable(..)) => None,
        read => read.map_err(|why| opened(dir, why))?,
    };
    let copied = there.is_some_and(|there| there.is_elsewhere(here));
    if copied {
        tracing::warn!(dir = %dir.display(), "the data folder is a copy, such as a restored backup");
    }
    Ok(copied)
}

/// The stored description, where one of the root keys made it.
fn description(database: &Database, dir: &Path) -> Result<Option<Description>, OpenError> {
    let described: Option<Description> = match database.get(&keys::description()) {
        Err(StoreError::Corrupt(_) | StoreError::Unreadable(..)) => None,
        read => read.map_err(|why| opened(dir, why))?,
    };
    let versions = keys::versions();
    let newer = |(kind, version): &(u8, u8)| versions.iter().any(|(known, newest)| known == kind && version > newest);
    match described {
        Some(described) if described.versions.iter().any(newer) => Err(OpenError::Newer(dir.to_owned())),
        described => Ok(described),
    }
}

/// An epoch must not come again, even when the epochs before it were lost with the data.
fn wall_clock_millis() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// How long to wait for a process that is just going away: a supervisor starts the next one at once.
const PATIENCE: Duration = Duration::from_secs(1);

fn lock_with_patience(file: &File) -> Result<(), TryLockError> {
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if began.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(20))
            }
            taken => return taken,
        }
    }
}

/// Takes the folder for this process, and writes who has it.
pub(crate) fn lock(dir: &Path) -> Result<File, OpenError> {
    let path = dir.join("lock");
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(io_at(&path))?;
    match lock_with_patience(&file) {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            return Err(OpenError::InUse { dir: dir.to_owned(), pid: holder.trim().parse().ok() });
        }
        Err(TryLockError::Error(why)) => return Err(io_at(&path)(why)),
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| write!(file, "{}", std::process::id()))
        .map_err(io_at(&path))?;
    Ok(file)
}
