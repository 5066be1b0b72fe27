//! The embedded store: opening, and reads; writes go to the committer.

use crate::api::{Commit, CommitOutcome, OpenError, RecordMac, Store, StoreError};
use crate::codec::Codec;
use crate::committer::{Committer, Job, Shared};
use crate::files::{self, Files};
use crate::high_water::{Finding, HighWater};
use crate::keys;
use crate::tables::{Meta, Started, Tables, failed};
use async_trait::async_trait;
use postlude_model::limits;
use postlude_model::login::LoginRecord;
use postlude_model::names::{Digest, LoginId, SessionId, TenantName, Timestamp};
use postlude_model::session::Session;
use sha2::{Digest as _, Sha256};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// Memory for the engine's cache. Its default is 1 GiB, which a small host does not have.
const CACHE_BYTES: u64 = 64 << 20;

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
}

impl SledOptions {
    /// The usual options.
    #[must_use]
    pub fn new(data_dir: PathBuf, high_water_file: PathBuf, mac: Arc<dyn RecordMac>) -> Self {
        Self { data_dir, high_water_file, mac, session_lifetime: limits::SESSION_LIFETIME }
    }
}

/// A store in a folder of this machine, for one process.
#[derive(Debug)]
pub struct SledStore {
    open: Mutex<Option<Open>>,
    shared: Arc<Shared>,
    epoch: u64,
    boot: u64,
}

/// What an open store holds; let go of at shutdown.
#[derive(Debug, Clone)]
struct Open {
    tables: Tables,
    jobs: SyncSender<Job>,
    plugins: Files,
    revisions: Files,
    _lock: Arc<File>,
}

impl SledStore {
    /// Opens or makes a store, verifies its records, and settles its epoch.
    ///
    /// # Errors
    /// When another process has the folder, something in it is damaged or newer, or the disk fails.
    pub fn open(options: SledOptions) -> Result<Self, OpenError> {
        let dir = options.data_dir.clone();
        let at = |path: &Path| io_at(path);
        files::private_folder(&dir).map_err(at(&dir))?;
        let lock = lock(&dir)?;
        let database = dir.join("db");
        let engine = |why: sled::Error| OpenError::Engine { dir: dir.clone(), why: why.to_string() };
        let config = sled::Config::new().path(&database).cache_capacity(CACHE_BYTES).mode(sled::Mode::LowSpace);
        let db = config.flush_every_ms(None).open().map_err(engine)?;
        let tree = db.open_tree("records").map_err(engine)?;
        let tables = Tables::new(tree, Codec::new(Arc::clone(&options.mac)), options.session_lifetime);
        let shared = Arc::new(Shared::default());
        let high_water = HighWater::new(options.high_water_file.clone(), options.mac);
        let meta = settle(&tables, &dir, &high_water)?;
        shared.last_commit.store(meta.at.0, Ordering::SeqCst);
        let (epoch, boot) = (meta.epoch, meta.boot);
        let file = database.join("db");
        let file = File::open(&file).map_err(at(&file))?;
        let mut committer = Committer { tables: tables.clone(), meta, file, high_water, shared: Arc::clone(&shared) };
        committer.begin().map_err(|why| OpenError::Engine { dir: dir.clone(), why: why.to_string() })?;
        let folder = |name: &str, ending| Files::open(dir.join(name), ending).map_err(at(&dir.join(name)));
        let (plugins, revisions) = (folder("plugins", "wasm")?, folder("revisions", "json")?);
        let (jobs, queue) = sync_channel(QUEUE);
        // The engine's handle lives as long as the thread: dropping it earlier would end its own threads under us.
        let work = move || { let _db = db; committer.run(&queue) };
        let thread = std::thread::Builder::new().name("postlude-commit".to_owned());
        thread.spawn(work).map_err(at(&dir))?;
        let open = Open { tables, jobs, plugins, revisions, _lock: Arc::new(lock) };
        Ok(Self { open: Mutex::new(Some(open)), shared, epoch, boot })
    }

    fn opened(&self) -> Result<Open, StoreError> {
        if let Some(why) = self.shared.stopped.get() {
            return Err(why.clone());
        }
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.clone().ok_or_else(|| StoreError::Stopped(String::new()))
    }

    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Job) -> Result<T, StoreError> {
        let jobs = self.opened()?.jobs;
        let (answer, answered) = oneshot::channel();
        let mut job = job(answer);
        // Waiting for a place must not hold a thread of the runtime.
        while let Err(refused) = jobs.try_send(job) {
            let std::sync::mpsc::TrySendError::Full(back) = refused else { return Err(self.why_stopped()) };
            job = back;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(jobs);
        answered.await.unwrap_or_else(|_| Err(self.why_stopped()))
    }

    fn why_stopped(&self) -> StoreError {
        self.shared.stopped.get().cloned().unwrap_or_else(|| StoreError::Stopped(String::new()))
    }
}

impl Committer {
    /// Makes the header of this opening durable before anything else happens.
    fn begin(&mut self) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        self.tables.put(&mut batch, keys::meta(), &self.meta)?;
        self.tables.tree.apply_batch(batch).map_err(failed)?;
        self.tables.tree.flush().map_err(failed)?;
        self.file.sync_data().map_err(failed)?;
        self.high_water.write(self.meta.commit).map_err(failed)
    }
}

/// Verifies what is there, and decides whether it is the newest.
fn settle(tables: &Tables, dir: &Path, high_water: &HighWater) -> Result<Meta, OpenError> {
    let opened = |why: StoreError| match why {
        StoreError::Newer(_) => OpenError::Newer(dir.to_owned()),
        StoreError::Corrupt(first) => OpenError::Corrupt { dir: dir.to_owned(), records: 1, first },
        other => OpenError::Engine { dir: dir.to_owned(), why: other.to_string() },
    };
    if let (damaged, Some(first)) = tables.walk().map_err(opened)? {
        return Err(OpenError::Corrupt { dir: dir.to_owned(), records: damaged, first });
    }
    let stored: Option<Meta> = tables.get(&keys::meta()).map_err(opened)?;
    let restored = dir.join(RESTORED);
    let marked = restored.exists();
    let commit = stored.as_ref().map_or(0, |meta| meta.commit);
    let finding = high_water.compare(commit).map_err(io_at(high_water.path()))?;
    let mut meta = stored.clone().unwrap_or(Meta { epoch: 1, boot: 0, commit: 0, at: Timestamp(0) });
    let older = marked || finding == Finding::Older || (finding == Finding::Unknown && stored.is_some());
    // An emptied data folder beside a high-water file is an older copy too: its epoch was lost, so a number never used
    // before takes its place.
    if older || (finding == Finding::Older && stored.is_none()) {
        meta.epoch = meta.epoch.saturating_add(1).max(wall_clock_seconds());
        let high_water = high_water.path().display();
        tracing::warn!(epoch = meta.epoch, %high_water, ?finding, marked, "the data may be older than what was acknowledged: suspended logins end, and factors are prompted again");
    }
    meta.boot = meta.boot.saturating_add(1);
    meta.commit = meta.commit.saturating_add(1);
    if marked {
        std::fs::remove_file(&restored).map_err(io_at(&restored))?;
    }
    Ok(meta)
}

/// An epoch must not come again, even when the epochs before it were lost with the data.
fn wall_clock_seconds() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn io_at(path: &Path) -> impl Fn(io::Error) -> OpenError + use<> {
    let path = path.to_owned();
    move |why| OpenError::Io { path: path.clone(), why }
}

/// Takes the folder for this process, and writes who has it.
fn lock(dir: &Path) -> Result<File, OpenError> {
    let path = dir.join("lock");
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(io_at(&path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            return Err(OpenError::InUse { dir: dir.to_owned(), pid: holder.trim().parse().ok() });
        }
        Err(TryLockError::Error(why)) => return Err(io_at(&path)(why)),
    }
    file.set_len(0).and_then(|()| file.rewind()).and_then(|()| write!(file, "{}", std::process::id())).map_err(io_at(&path))?;
    Ok(file)
}

#[async_trait]
impl Store for SledStore {
    async fn login(&self, tenant: &TenantName, id: &LoginId) -> Result<Option<LoginRecord>, StoreError> {
        self.opened()?.tables.get(&keys::login(tenant, id))
    }

    async fn login_by_key(&self, tenant: &TenantName, key: &str) -> Result<Option<LoginId>, StoreError> {
        let started: Option<Started> = self.opened()?.tables.get(&keys::idempotency(tenant, key))?;
        Ok(started.map(|started| started.login))
    }

    async fn session(&self, tenant: &TenantName, id: &SessionId) -> Result<Option<Session>, StoreError> {
        self.opened()?.tables.session(tenant, id)
    }

    async fn commit(&self, commit: Commit) -> Result<CommitOutcome, StoreError> {
        self.ask(|answer| Job::Commit(Box::new(commit), answer)).await
    }

    async fn revision(&self, tenant: &TenantName, number: u64) -> Result<Option<String>, StoreError> {
        let open = self.opened()?;
        let Some(hash) = open.tables.get::<[u8; 32]>(&keys::revision(tenant, number))? else { return Ok(None) };
        let bytes = checked(&open.revisions, &hash, "revision").await?;
        bytes.map(|bytes| String::from_utf8(bytes).map_err(|_| StoreError::Corrupt("revision"))).transpose()
    }

    async fn put_revision(&self, tenant: &TenantName, content: &str) -> Result<u64, StoreError> {
        let hash: [u8; 32] = Sha256::digest(content.as_bytes()).into();
        write(self.opened()?.revisions, Digest::from_bytes(hash), content.as_bytes().to_vec()).await?;
        self.ask(|answer| Job::Revision(tenant.clone(), hash, answer)).await
    }

    async fn plugin(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        checked(&self.opened()?.plugins, digest.as_bytes(), "plugin file").await
    }

    async fn put_plugin(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::from_bytes(Sha256::digest(bytes).into());
        write(self.opened()?.plugins, digest, bytes.to_vec()).await?;
        Ok(digest)
    }

    async fn sweep(&self, now: Timestamp, batch: usize) -> Result<usize, StoreError> {
        self.ask(|answer| Job::Sweep(now, batch, answer)).await
    }

    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn boot(&self) -> u64 {
        self.boot
    }

    fn last_commit_time(&self) -> Timestamp {
        Timestamp(self.shared.last_commit.load(Ordering::SeqCst))
    }

    async fn shutdown(&self) -> Result<(), StoreError> {
        let stopped = self.ask(Job::Stop).await;
        self.open.lock().unwrap_or_else(PoisonError::into_inner).take();
        stopped
    }
}

/// A file whose content has the hash that it is named by.
async fn checked(files: &Files, hash: &[u8; 32], what: &'static str) -> Result<Option<Vec<u8>>, StoreError> {
    let (files, hash) = (files.clone(), *hash);
    let read = move || -> io::Result<Option<Vec<u8>>> { files.read(&Digest::from_bytes(hash).hex()) };
    let Some(bytes) = blocking(read).await? else { return Ok(None) };
    let found: [u8; 32] = Sha256::digest(&bytes).into();
    if found == hash { Ok(Some(bytes)) } else { Err(StoreError::Corrupt(what)) }
}

async fn write(files: Files, digest: Digest, bytes: Vec<u8>) -> Result<(), StoreError> {
    blocking(move || files.write(&digest.hex(), &bytes)).await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(failed)?.map_err(failed)
}
