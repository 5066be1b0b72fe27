//! The store of a configuration, while no server has it open: checked, and repaired.

use crate::clock::Clock;
use crate::host::{OpenHostError, RootKeyMac};
use postlude_config::{Draft, Environment};
use postlude_crypto::mac::RecordMac;
use postlude_store::{OpenError, RepairReport, SledOptions, StoreReport};
use std::path::Path;
use std::sync::Arc;

/// Reads everything in the store that a configuration names, and says what is damaged.
///
/// # Errors
/// When the configuration or its root keys cannot be read, there is no store, a server has it open, or the disk fails.
pub fn check_store(config: &Path, environment: &Environment) -> Result<StoreReport, OpenHostError> {
    with_store(config, environment, postlude_store::check_sled)
}

/// Takes what is damaged out of the store that a configuration names, and makes a new header where that is damaged.
///
/// # Errors
/// As [`check_store`].
pub fn repair_store(config: &Path, environment: &Environment) -> Result<RepairReport, OpenHostError> {
    with_store(config, environment, |options| postlude_store::repair_sled(options, Clock::system().now()))
}

fn with_store<T>(
    config: &Path,
    environment: &Environment,
    work: impl FnOnce(&SledOptions) -> Result<T, OpenError>,
) -> Result<T, OpenHostError> {
    let draft = Draft::read(config, environment)?;
    let Some(signing) = draft.signing() else {
        // The draft has the reason among its mistakes.
        return Err(OpenHostError::Config(draft.into_problems()));
    };
    let mac = Arc::new(RootKeyMac(RecordMac::new(Arc::clone(signing.roots()))));
    let server = &draft.config().server;
    Ok(work(&SledOptions::new(server.data_dir.clone(), server.high_water_file.clone(), mac))?)
}
