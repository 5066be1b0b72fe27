//! Opening the embedded store: the lock, the walk over all records, and what the high-water file says about them.

use super::cache_size::cache_bytes;
use super::committer::Committer;
use super::database::Database;
use super::high_water::{Finding, HighWater};
use super::keeper::Keeper;
use super::keys;
use super::opening::Opening;
use super::records::Records;
use super::store::{Open, SledStore};
use super::sync_state::SyncState;
use crate::api::claim::Claims;
use crate::api::{Observer, OpenError, RecordMac, StoreError};
use crate::content_files::{self, ContentFiles};
use crate::format::codec::Codec;
use crate::format::header::Header;
use crate::login_log::LoginLog;
use postlude_model::limits;
use postlude_model::names::Timestamp;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Jobs that wait for the committer; more is load, and callers wait for a place.
const QUEUE: usize = 4096;

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
}

impl SledOptions {
    /// The usual options.
    #[must_use]
    pub fn new(data_dir: PathBuf, high_water_file: PathBuf, mac: Arc<dyn RecordMac>) -> Self {
        let session_lifetime = limits::SESSION_LIFETIME;
        Self { data_dir, high_water_file, mac, session_lifetime, observer: Arc::new(()) }
    }
}

/// What outlives a failure of the engine: the folder's lock, the log of light logins, the claims of calls that are under way.
#[derive(Debug)]
pub(super) struct Ground {
    options: SledOptions,
    /// Held for as long as the folder is this process's.
    _lock: File,
    light_logins: Arc<LoginLog>,
    claims: Arc<Claims>,
}

/// The engine, opened.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) open: Arc<Open>,
    pub(super) committer: JoinHandle<()>,
    pub(super) epoch: u64,
    pub(super) boot: u64,
}

/// Opens or makes a store, verifies its records, and decides on its epoch.
///
/// # Errors
/// When another process has the folder, something in it is damaged or newer, or the disk fails.
pub fn open(options: SledOptions) -> Result<SledStore, OpenError> {
    let dir = options.data_dir.as_path();
    content_files::private_folder(dir).map_err(io_at(dir))?;
    let lock = lock(dir)?;
    let (codec, observer) = (Codec::new(Arc::clone(&options.mac)), Arc::clone(&options.observer));
    let light_logins = Arc::new(LoginLog::open(dir.join("logins"), codec, Arc::clone(&observer))?);
    let ground = Ground { options, _lock: lock, light_logins: Arc::clone(&light_logins), claims: Arc::default() };
    let Started { open, committer, epoch, boot } = start(&ground)?;
    let opening = Arc::new(Opening::new(open, light_logins));
    let dir = ground.options.data_dir.clone();
    let keeper = Keeper { opening: Arc::clone(&opening), ground, epoch, committer };
    let thread = std::thread::Builder::new().name("postlude-store".to_owned()).spawn(move || keeper.run());
    let keeper = Mutex::new(Some(thread.map_err(io_at(&dir))?));
    Ok(SledStore { opening, keeper, observer, epoch, boot })
}

/// Opens the engine.
pub(super) fn start(ground: &Ground) -> Result<Started, OpenError> {
    let Ground { options, light_logins, claims, .. } = ground;
    let dir = options.data_dir.as_path();
    let (db, file) = engine(dir)?;
    let failed = |why: &dyn ToString| OpenError::Engine { dir: dir.to_owned(), why: why.to_string() };
    let tree = db.open_tree("records").map_err(|why| failed(&why))?;
    let (codec, observer) = (Codec::new(Arc::clone(&options.mac)), Arc::clone(&options.observer));
    let records = Records::new(tree, codec);
    let database = Database::new(records, options.session_lifetime, Arc::clone(&observer), Arc::clone(light_logins));
    let path = &options.high_water_file;
    let mut high_water = HighWater::open(path.clone(), Arc::clone(&options.mac)).map_err(io_at(path))?;
    let restored = dir.join(RESTORED);
    let header = next_header(&database, dir, &mut high_water, restored.exists())?;
    let (epoch, boot) = (header.epoch, header.boot);
    let sync_state = Arc::new(SyncState::default());
    sync_state.committed_at(header.at.max(light_logins.changed_at()));
    let mut committer = Committer {
        database: database.clone(),
        header,
        file,
        high_water,
        sync_state: Arc::clone(&sync_state),
        observer,
        dirty_since: None,
    };
    committer.begin().map_err(|why| failed(&why))?;
    committer.high_water.write(committer.header.commit).map_err(io_at(path))?;
    // Only now that the new epoch is durable: else a crash in between would keep the old one.
    match std::fs::remove_file(&restored) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(io_at(&restored)(why)),
        _ => {}
    }
    let folder = |name: &str, ending| ContentFiles::open(dir.join(name), ending).map_err(io_at(&dir.join(name)));
    let (plugins, revisions) = (folder("plugins", "wasm")?, folder("revisions", "json")?);
    let (jobs, queue) = sync_channel(QUEUE);
    // The engine lives as long as the thread.
    let work = move || {
        let _held = db;
        committer.run(&queue);
    };
    let committer = std::thread::Builder::new().name("postlude-commit".to_owned()).spawn(work).map_err(io_at(dir))?;
    let open = Open { database, jobs, claims: Arc::clone(claims), plugins, revisions, sync_state };
    Ok(Started { open: Arc::new(open), committer, epoch, boot })
}

/// The engine, and our own handle of its file.
fn engine(dir: &Path) -> Result<(sled::Db, File), OpenError> {
    let database = dir.join("db");
    let config = sled::Config::new().path(&database).cache_capacity(cache_bytes()).mode(sled::Mode::LowSpace);
    let opened = config.flush_every_ms(None).open();
    let db = opened.map_err(|why| OpenError::Engine { dir: dir.to_owned(), why: why.to_string() })?;
    let file = database.join("db");
    let handle = File::open(&file).map_err(io_at(&file))?;
    for folder in [&database, dir] {
        content_files::sync_folder(folder).map_err(io_at(folder))?;
    }
    Ok((db, handle))
}

/// Verifies what is there, decides whether it is the newest, and returns the header of this opening.
fn next_header(database: &Database, dir: &Path, high_water: &mut HighWater, marked: bool) -> Result<Header, OpenError> {
    let opened = |why: StoreError| match why {
        StoreError::Newer(_) => OpenError::Newer(dir.to_owned()),
        StoreError::Corrupt(first) | StoreError::Unreadable(first, _) => {
            OpenError::Corrupt { dir: dir.to_owned(), records: 1, first }
        }
        other => OpenError::Engine { dir: dir.to_owned(), why: other.to_string() },
    };
    let found = database.records.verify().map_err(opened)?;
    if let Some(first) = found.first {
        return Err(OpenError::Corrupt { dir: dir.to_owned(), records: found.damaged, first });
    }
    if found.newer {
        return Err(OpenError::Newer(dir.to_owned()));
    }
    let stored: Option<Header> = database.get(&keys::header()).map_err(opened)?;
    let commit = stored.as_ref().map_or(0, |header| header.commit);
    let finding = high_water.compare(commit).map_err(io_at(high_water.path()))?;
    // An emptied data folder beside a high-water file is an older copy too.
    let older = match finding {
        Finding::Newest => false,
        Finding::Older(_) => true,
        Finding::Unknown => stored.is_some(),
    };
    let mut header =
        stored.unwrap_or(Header { epoch: wall_clock_millis().max(1), boot: 0, commit: 0, at: Timestamp(0) });
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
    tracing::info!(records = found.records, epoch = header.epoch, boot = header.boot, "the store is open");
    Ok(header)
}

/// An epoch must not come again, even when the epochs before it were lost with the data.
fn wall_clock_millis() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// An error of a file or folder.
fn io_at(path: &Path) -> impl Fn(io::Error) -> OpenError + use<> {
    let path = path.to_owned();
    move |why| OpenError::Io { path: path.clone(), why }
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
fn lock(dir: &Path) -> Result<File, OpenError> {
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
