//! Checking and repairing a store that no server has open.

use super::changes::Changes;
use super::database::Database;
use super::engine::engine;
use super::header::io_at;
use super::header::{Found, read_header};
use super::high_water::HighWater;
use super::keys::{self, KeyKind};
use super::open::{SledOptions, lock};
use super::orders_file::OrdersFile;
use super::records::{Records, failed};
use crate::api::{DamagedRecord, KeyUse, OpenError, RepairReport, StoreError, StoreReport};
use crate::content_files::ContentFiles;
use crate::format::codec::Codec;
use crate::format::header::Header;
use crate::login_log::LoginLog;
use postlude_model::names::{Digest, Timestamp};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Damaged records that a report names; more are counted.
const NAMED: usize = 1000;

/// Records that one batch removes.
const BATCH: usize = 500;

/// A store that no server has open.
struct Offline {
    dir: PathBuf,
    database: Database,
    high_water: HighWater,
    file: File,
    /// Let go of last, in this order.
    _held: (sled::Db, File),
}

/// Everything that is damaged, by the key of its record.
#[derive(Default)]
struct Walk {
    report: StoreReport,
    damaged: Vec<Vec<u8>>,
}

/// Reads every record of a store and every file beside it, and says what is damaged. Nothing is changed.
///
/// # Errors
/// When there is no store, a server has it open, a newer program wrote it, or the disk fails.
pub fn check(options: &SledOptions) -> Result<StoreReport, OpenError> {
    let store = Offline::open(options)?;
    let Walk { mut report, .. } = store.walk().map_err(|why| store.failed(why))?;
    report.header_is_damaged = matches!(store.header()?, Found::Damaged);
    report.root_key_is_lost = matches!(store.header()?, Found::Foreign(_));
    let mut orders = OrdersFile::read(&options.high_water_file, Arc::clone(&options.mac))?;
    report.orders_are_lost = match orders.unite(&store.database, &mut Changes::default(), &store.dir) {
        Ok(()) => None,
        Err(OpenError::Orders { tenant, .. }) => Some(tenant),
        Err(other) => return Err(other),
    };
    for (folder, ending) in [("plugins", "wasm"), ("revisions", "json")] {
        let damaged = damaged_files(&store.dir.join(folder), ending)
            .map_err(|why| OpenError::Io { path: store.dir.join(folder), why })?;
        report.damaged_files.extend(damaged);
    }
    Ok(report)
}

/// Removes what is damaged, after it was written into a file of the data folder, and makes a new header where that is damaged:
/// with it everyone is prompted again. A damaged login stays until the time is over in which its state might be used again.
///
/// # Errors
/// As [`check`].
pub fn repair(options: &SledOptions, now: Timestamp) -> Result<RepairReport, OpenError> {
    let store = Offline::open(options)?;
    let found = store.header()?;
    let Walk { damaged, .. } = store.walk().map_err(|why| store.failed(why))?;
    let mut report = RepairReport::default();
    store.remove(damaged, now, &mut report).map_err(|why| store.failed(why))?;
    if matches!(found, Found::Damaged) {
        store.new_header(now).map_err(|why| store.failed(why))?;
        report.new_header = true;
    }
    store
        .database
        .records
        .flush()
        .and_then(|()| store.file.sync_data().map_err(failed))
        .map_err(|why| store.failed(why))?;
    Ok(report)
}

impl Offline {
    fn open(options: &SledOptions) -> Result<Self, OpenError> {
        let dir = options.data_dir.clone();
        let database = dir.join("db");
        if let Err(why) = std::fs::metadata(&database) {
            return Err(OpenError::Io { path: database, why });
        }
        let held = lock(&dir)?;
        let (db, file) = engine(&dir)?;
        let failed = |why: &dyn ToString| OpenError::Engine { dir: dir.clone(), why: why.to_string() };
        let codec = Codec::new(Arc::clone(&options.mac));
        let tree = db.open_tree("records").map_err(|why| failed(&why))?;
        let observer = Arc::clone(&options.observer);
        let light_logins = LoginLog::open(dir.join("logins"), codec.clone(), Arc::clone(&observer))?;
        let database =
            Database::new(Records::new(tree, codec), options.session_lifetime, observer, Arc::new(light_logins));
        let path = &options.high_water_file;
        let high_water = HighWater::open(path.clone(), Arc::clone(&options.mac)).map_err(io_at(path))?;
        Ok(Self { dir, database, high_water, file, _held: (db, held) })
    }

    fn failed(&self, why: StoreError) -> OpenError {
        match why {
            StoreError::Newer(_) => OpenError::Newer(self.dir.clone()),
            why => OpenError::Engine { dir: self.dir.clone(), why: why.to_string() },
        }
    }

    fn header(&self) -> Result<Found, OpenError> {
        read_header(&self.database, &self.dir, &self.high_water)
    }

    /// Looks at every record.
    fn walk(&self) -> Result<Walk, StoreError> {
        let (mut walk, mut by_key) = (Walk::default(), BTreeMap::<usize, u64>::new());
        let records = &self.database.records;
        for kind in 0..u8::MAX {
            let known = KeyKind::ALL.into_iter().find(|known| known.byte() == kind);
            if known == Some(KeyKind::SetAside) {
                walk.report.set_aside = records.keys(&[kind])?.len().try_into().unwrap_or(u64::MAX);
            }
            if known.is_some_and(|known| known.record().is_none()) {
                continue;
            }
            for entry in records.entries(vec![kind]..keys::end_of(&[kind])) {
                let (key, _) = entry?;
                walk.report.records = walk.report.records.saturating_add(1);
                match records.made_by(&key) {
                    Ok(made_by) => *by_key.entry(made_by.unwrap_or_default()).or_default() += 1,
                    Err(StoreError::Failed(why)) => return Err(StoreError::Failed(why)),
                    Err(why) => {
                        if walk.report.damaged.len() < NAMED {
                            let (what, name) = (KeyKind::name_of(&key), keys::readable(&key));
                            walk.report.damaged.push(DamagedRecord { kind: what, name, why: why.to_string() });
                        }
                        walk.report.damaged_records = walk.report.damaged_records.saturating_add(1);
                        if !matches!(why, StoreError::Newer(_)) {
                            walk.damaged.push(key.to_vec());
                        }
                    }
                }
            }
        }
        let use_of =
            |(at, kid)| KeyUse { kid, records: by_key.get(&at).copied().unwrap_or_default(), ..KeyUse::default() };
        walk.report.keys = records.codec().key_names().into_iter().enumerate().map(use_of).collect();
        Ok(walk)
    }

    /// Writes damaged records into a file, and then removes them.
    fn remove(&self, damaged: Vec<Vec<u8>>, now: Timestamp, report: &mut RepairReport) -> Result<(), StoreError> {
        let due = self.due(&damaged, now)?;
        let is_login = |key: &Vec<u8>| KeyKind::of(key) == Some(KeyKind::Login);
        let (gone, stay): (Vec<_>, Vec<_>) = damaged
            .into_iter()
            .filter(|key| KeyKind::of(key) != Some(KeyKind::Header))
            .partition(|key| !is_login(key) || due.contains(key));
        report.logins_that_stay = stay.len().try_into().unwrap_or(u64::MAX);
        let aside = self.database.records.keys(&keys::all_of(KeyKind::SetAside))?;
        if gone.is_empty() && aside.is_empty() {
            return Ok(());
        }
        let path = self.dir.join(format!("removed-{}.records", now.0));
        let at = |why| failed(format!("`{}`: {why}", path.display()));
        let mut options = OpenOptions::new();
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.write(true).create_new(true).open(&path).map_err(at)?;
        for key in &gone {
            report.orders_of.extend(
                keys::tenant_of(key).filter(|_| KeyKind::of(key) == Some(KeyKind::Orders)).map(|it| it.to_string()),
            );
            for (key, value) in self.database.records.parts(key)? {
                writeln!(file, "{}={}", hex(&key), hex(&value)).map_err(at)?;
            }
        }
        for key in &aside {
            for (key, value) in self.database.records.entries(key.to_vec()..[key, &[0][..]].concat()).flatten() {
                writeln!(file, "{}={}", hex(&key), hex(&value)).map_err(at)?;
            }
        }
        file.sync_all().map_err(at)?;
        for batch in gone.chunks(BATCH) {
            let mut changes = Changes::default();
            batch.iter().for_each(|key| changes.remove(key.clone()));
            self.database.records.apply(changes)?;
        }
        for batch in aside.chunks(BATCH) {
            let mut changes = Changes::default();
            batch.iter().for_each(|key| changes.remove_index(key.to_vec()));
            self.database.records.apply(changes)?;
        }
        report.removed = gone.len().saturating_add(aside.len()).try_into().unwrap_or(u64::MAX);
        report.kept_in = Some(path);
        Ok(())
    }

    /// Which of some records have expired by the index.
    fn due(&self, of: &[Vec<u8>], now: Timestamp) -> Result<BTreeSet<Vec<u8>>, StoreError> {
        let of: BTreeSet<&[u8]> = of.iter().map(Vec::as_slice).collect();
        let mut due = BTreeSet::new();
        for entry in self.database.records.entries(keys::expiries_until(now)) {
            let (entry, _) = entry?;
            due.extend(keys::expiring_key(&entry).filter(|key| of.contains(key)).map(<[u8]>::to_vec));
        }
        Ok(due)
    }

    /// A header of a new epoch, behind the newest commit that is known.
    fn new_header(&self, now: Timestamp) -> Result<(), StoreError> {
        let commit = self.high_water.stored().map_err(failed)?.unwrap_or_default();
        let mut changes = Changes::default();
        let header = Header { epoch: now.0.max(1), boot: 0, commit, at: Timestamp(0), latest: now };
        self.database.put(&mut changes, keys::header(), &header)?;
        self.database.records.apply(changes)
    }
}

/// The files of a folder whose content is not what they are named by.
fn damaged_files(folder: &Path, ending: &'static str) -> std::io::Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let files = ContentFiles::open(folder.to_owned(), ending)?;
    let mut damaged = Vec::new();
    for hash in files.list()? {
        let name = Digest::from_bytes(hash).hex();
        let found: Option<[u8; 32]> = files.read(&name)?.map(|bytes| Sha256::digest(bytes).into());
        if found.is_some_and(|found| found != hash) {
            damaged.push(folder.join(format!("{name}.{ending}")));
        }
    }
    Ok(damaged)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
