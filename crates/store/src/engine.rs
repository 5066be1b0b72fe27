//! The one place where an engine is chosen.

use crate::api::{Observer, OpenError, RecordMac, Store};
use crate::memory::MemoryStore;
use crate::sled::{self, SledOptions};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The engines that this program has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EngineKind {
    /// The embedded default: sled, in the data folder.
    #[default]
    Sled,
    /// Nothing is kept once the process ends; for tests.
    Memory,
}

/// How a store is opened, whatever its engine.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// The engine.
    pub engine: EngineKind,
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

/// Opens a store.
///
/// # Errors
/// When another process has it, something in it is damaged or newer, or it cannot be reached.
pub fn open(options: StoreOptions) -> Result<Arc<dyn Store>, OpenError> {
    let StoreOptions { engine, data_dir, high_water_file, mac, session_lifetime, observer, disk_patience } = options;
    Ok(match engine {
        EngineKind::Sled => Arc::new(sled::open(SledOptions {
            data_dir,
            high_water_file,
            mac,
            session_lifetime,
            observer,
            disk_patience,
        })?),
        EngineKind::Memory => Arc::new(MemoryStore::new(session_lifetime, observer)),
    })
}
