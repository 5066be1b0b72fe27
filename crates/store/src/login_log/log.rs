//! The login log as the store uses it.

use super::folder::{self, KIND, Opened};
use super::frame::{self, Entry, Place};
use super::hash::{hash, user_hash};
use super::recovery::{Found, Scanner};
use super::segment::{self, Segments};
use super::waiting::Waiting;
use super::writer::Writer;
use crate::api::{Availability, Observer, OpenError, StoreError};
use crate::format::codec::Codec;
use crate::format::kind::RecordKind;
use crate::space::Space;
use postlude_model::login::LoginRecord;
use postlude_model::names::Timestamp;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::thread::JoinHandle;
use std::time::Duration;

pub(crate) use super::waiting::Appended;

/// Bytes of a login at most: what the database takes too, where it may be written again.
const LOGIN_BYTES: usize = 1_000_000;

/// Frames of a segment that are looked at for one that a root key made.
const SAMPLE: usize = 64;

/// The keys of a login, as the database has them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LoginKeys<'k> {
    /// Its record.
    pub(crate) record: &'k [u8],
    /// What the keys of its tenant's records begin with.
    pub(crate) tenant: &'k [u8],
    /// What the keys of its user's list begin with.
    pub(crate) user: &'k [u8],
}

/// Light logins, in a folder of their own.
#[derive(Debug)]
pub(crate) struct LoginLog {
    waiting: Arc<Waiting>,
    segments: Arc<RwLock<Segments>>,
    codec: Codec,
    /// The host's clock at the last sweep: what expired before is not shown any more, whether its segment is there or not.
    swept_until: AtomicU64,
    /// The host's clock when the last login was written before this opening.
    changed_at: Timestamp,
    /// What the tenants' records take, light logins among them.
    space: Arc<Space>,
    /// Segments that an earlier root key made, and which one: 1 is the first before the one in use.
    made_by: HashMap<u64, usize>,
    thread: Mutex<Option<JoinHandle<Result<(), StoreError>>>>,
}

/// A login in a segment.
#[derive(Debug, Clone)]
pub(crate) struct StoredLogin {
    /// The number of the segment.
    pub(crate) segment: u64,
    pub(crate) file: Arc<File>,
    pub(crate) place: Place,
}

thread_local! {
    /// Where a record is encoded before it goes to those that wait.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl LoginLog {
    /// Opens or makes the log of a folder.
    ///
    /// # Errors
    /// When a newer version of this program wrote it, or the disk fails.
    pub(crate) fn open(folder: PathBuf, codec: Codec, observer: Arc<dyn Observer>) -> Result<Self, OpenError> {
        let mut opened = folder::open(&folder, &*observer)?;
        let made_by =
            made_by(&mut opened, &folder, &codec).map_err(|why| OpenError::Io { path: folder.clone(), why })?;
        let changed_at = Timestamp(opened.changed_at);
        let (sealed, active) = (opened.segments.sealed.len(), opened.segments.active.len());
        tracing::info!(logins = opened.logins, sealed, active, "the log of light logins is open");
        let waiting = Arc::<Waiting>::default();
        let (writer, segments) = Writer::new(folder.clone(), Arc::clone(&waiting), opened, observer);
        let work = move || writer.run();
        let thread = std::thread::Builder::new().name("postlude-logins".to_owned()).spawn(work);
        let thread = Mutex::new(Some(thread.map_err(|why| OpenError::Io { path: folder, why })?));
        let space = Arc::default();
        Ok(Self { waiting, segments, codec, swept_until: AtomicU64::new(0), changed_at, made_by, space, thread })
    }

    /// What the tenants' records take, light logins among them.
    pub(crate) const fn space(&self) -> &Arc<Space> {
        &self.space
    }

    /// The host's clock when the last login was written before this opening.
    pub(crate) const fn changed_at(&self) -> Timestamp {
        self.changed_at
    }

    /// How many logins there are that earlier root keys made, and when the last of them expires, by the number of the key. They are
    /// not written again: they expire.
    pub(crate) fn made_by(&self) -> BTreeMap<usize, (u64, Timestamp)> {
        let mut found = BTreeMap::new();
        for sealed in &self.segments().sealed {
            if let Some(made_by) = self.made_by.get(&sealed.number) {
                let (logins, until) = found.entry(*made_by).or_insert((0_u64, Timestamp(0)));
                *logins = logins.saturating_add(sealed.index.summary.logins);
                *until = Timestamp(sealed.index.summary.expires_at).max(*until);
            }
        }
        found
    }

    /// Appends a login that is not there yet. Readers find it from now on.
    ///
    /// # Errors
    /// When it cannot be encoded, or nothing can be written.
    pub(crate) fn append(&self, keys: LoginKeys<'_>, login: &LoginRecord) -> Result<Appended, StoreError> {
        let entry = Entry {
            id_hash: hash(keys.record),
            user_hash: user_hash(keys.tenant, keys.user),
            created_at: login.created_at.0,
            expires_at: login.expires_at.0,
            changed_at: login.changed_at.0,
            place: Place::default(),
        };
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.clear();
            let record = self.codec.append(keys.record, login, std::mem::take(scratch))?;
            if record.len() > LOGIN_BYTES {
                let why = format!("it has {} bytes, more than {LOGIN_BYTES}", record.len());
                return Err(StoreError::Encoding(KIND, why));
            }
            let appended = self.waiting.append(&entry, &record);
            if appended == Ok(Appended::Done) {
                self.space.light(keys.tenant, login.expires_at, record.len());
            }
            *scratch = record;
            appended
        })
    }

    /// A login by its key.
    ///
    /// # Errors
    /// When it is damaged, or the disk fails.
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<LoginRecord>, StoreError> {
        Ok(self.find(key)?.map(|(_, login)| login))
    }

    /// A login by its key, and where it is; nowhere as long as it waits.
    pub(crate) fn find(&self, key: &[u8]) -> Result<Option<(Option<StoredLogin>, LoginRecord)>, StoreError> {
        let id_hash = hash(key);
        if let Some(record) = self.waiting.find(id_hash, |record| frame::key_of(record) == Some(key)) {
            return Ok(self.shown(self.decode(key, &record)?).map(|login| (None, login)));
        }
        let mut damaged = None;
        for stored in self.places(id_hash)? {
            match self.read(&stored) {
                Ok(Some((of, login))) if of == key => return Ok(Some((Some(stored), login))),
                Ok(_) => {}
                Err(why) => damaged = Some(why),
            }
        }
        damaged.map_or(Ok(None), Err)
    }

    /// The login at a place, with its key; none where it has expired.
    ///
    /// # Errors
    /// When it is damaged, or the disk fails.
    pub(crate) fn read(&self, stored: &StoredLogin) -> Result<Option<(Vec<u8>, LoginRecord)>, StoreError> {
        let frame = segment::read_frame(&stored.file, stored.place).map_err(failed)?;
        let frame = frame.ok_or(StoreError::Corrupt(KIND))?;
        let record = frame.get(frame::HEAD_BYTES..).unwrap_or_default();
        let key = frame::key_of(record).ok_or(StoreError::Corrupt(KIND))?;
        let login = match self.decode(key, record) {
            // The frame is whole: a root key that was removed made it, or it was forged. Either way it is no login.
            Err(StoreError::Corrupt(_)) => return Ok(None),
            decoded => self.shown(decoded?),
        };
        Ok(login.map(|login| (key.to_vec(), login)))
    }

    /// Shows no login any more that expired until a time, and has the segments deleted of which all have. How many logins those
    /// hold.
    pub(crate) fn sweep(&self, now: Timestamp) -> u64 {
        self.swept_until.store(now.0, Ordering::Relaxed);
        let gone = {
            let segments = self.segments();
            let sealed = segments.sealed.iter().map(|sealed| sealed.index.summary);
            let all = sealed.chain(segments.active.values().map(|active| active.summary));
            all.filter(|summary| summary.expires_at <= now.0).map(|summary| summary.logins).sum()
        };
        self.waiting.sweep(now.0);
        gone
    }

    /// Whether logins are written at the moment.
    pub(crate) fn availability(&self, patience: Duration) -> Availability {
        self.waiting.availability(patience)
    }

    /// Takes nothing more, and returns once everything is on the disk.
    ///
    /// # Errors
    /// When the last logins could not be written.
    pub(crate) fn close(&self) -> Result<(), StoreError> {
        self.waiting.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let ended = thread.map_or(Ok(Ok(())), JoinHandle::join);
        ended.unwrap_or_else(|_| Err(StoreError::Failed("the thread that writes logins panicked".to_owned())))
    }

    pub(crate) fn segments(&self) -> RwLockReadGuard<'_, Segments> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where logins of a hash are, the newest segment first.
    fn places(&self, id_hash: u64) -> Result<Vec<StoredLogin>, StoreError> {
        let (mut places, mut sealed) = (Vec::new(), Vec::new());
        {
            let segments = self.segments();
            for active in segments.active.values() {
                let of_id = active.entries.of_id(id_hash);
                places.extend(of_id.map(|entry| stored(active.number, &active.file, entry.place())));
            }
            let maybe = segments.sealed.iter().rev().filter(|sealed| sealed.index.may_contain(id_hash));
            sealed.extend(maybe.cloned());
        }
        for segment in sealed {
            let of_id = segment.index.of_id(id_hash).map_err(|why| segment.failed(&why))?;
            places.extend(of_id.into_iter().map(|place| stored(segment.number, &segment.file, place)));
        }
        Ok(places)
    }

    fn decode(&self, key: &[u8], record: &[u8]) -> Result<LoginRecord, StoreError> {
        let bytes = record.get(8_usize.saturating_add(key.len())..).ok_or(StoreError::Corrupt(KIND))?;
        self.codec.decode(key, bytes)
    }

    fn shown(&self, login: LoginRecord) -> Option<LoginRecord> {
        (login.expires_at.0 > self.swept_until.load(Ordering::Relaxed)).then_some(login)
    }
}

impl Drop for LoginLog {
    fn drop(&mut self) {
        if let Err(cause) = self.close() {
            tracing::error!(%cause, "the last light logins may not be on the disk");
        }
    }
}

/// Which segments an earlier root key made. Each is of one key: those that are written to begin anew under another one.
fn made_by(opened: &mut Opened, folder: &Path, codec: &Codec) -> io::Result<HashMap<u64, usize>> {
    let mut found = HashMap::new();
    if codec.key_names().len() < 2 {
        return Ok(found);
    }
    let active = std::mem::take(&mut opened.segments.active);
    for (class, active) in active {
        if made_by_one(&active.file, codec)? == Some(0) {
            opened.segments.active.insert(class, active);
        } else {
            opened.segments.sealed.push(Arc::new(folder::seal(folder, &active)?));
        }
    }
    opened.segments.sealed.sort_by_key(|sealed| sealed.number);
    for sealed in &opened.segments.sealed {
        if let Some(made_by) = made_by_one(&sealed.file, codec)?.filter(|made_by| *made_by > 0) {
            found.insert(sealed.number, made_by);
        }
    }
    Ok(found)
}

/// Which root key made a segment, by its first frame that one made.
fn made_by_one(file: &File, codec: &Codec) -> io::Result<Option<usize>> {
    let mut scanner = Scanner::new(file, segment::HEAD_BYTES, file.metadata()?.len());
    for _ in 0..SAMPLE {
        let Some(found) = scanner.next()? else { break };
        let Found::Login(entry) = found else { continue };
        let Some(frame) = segment::read_frame(file, entry.place)? else { continue };
        let record = frame.get(frame::HEAD_BYTES..).unwrap_or_default();
        let Some(key) = frame::key_of(record) else { continue };
        let bytes = record.get(8_usize.saturating_add(key.len())..).unwrap_or_default();
        if let Ok(made_by) = codec.made_by(Some(RecordKind::Login), key, bytes) {
            return Ok(Some(made_by));
        }
    }
    Ok(None)
}

pub(crate) fn stored(segment: u64, file: &Arc<File>, place: Place) -> StoredLogin {
    StoredLogin { segment, file: Arc::clone(file), place }
}

fn failed(why: std::io::Error) -> StoreError {
    StoreError::Failed(why.to_string())
}
