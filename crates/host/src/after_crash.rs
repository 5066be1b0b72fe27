//! The time after a start that followed no clean stop, in which a login that nobody knows may be one that the crash forgot.

use crate::clock::Clock;
use crate::error::HostError;
use postlude_model::limits;
use postlude_model::names::Timestamp;
use postlude_store::Store;
use std::sync::{Mutex, PoisonError};

/// Since when which opening of the store is known to have followed a crash.
#[derive(Debug, Default)]
pub(crate) struct AfterCrash(Mutex<Option<(u64, Timestamp)>>);

impl AfterCrash {
    /// Looks whether the store was opened after a crash; the time begins with the first look that finds it. A host looks when it
    /// is opened and twice a second: a store may also be opened again while its host runs.
    pub(crate) fn look(&self, store: &dyn Store, clock: &Clock) -> Option<Timestamp> {
        let opening = store.opened_after_crash()?;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match *known {
            Some((same, since)) if same == opening => Some(since),
            _ => {
                let now = clock.now();
                *known = Some((opening, now));
                Some(now)
            }
        }
    }

    /// Why no login is found: there is none, or a crash may have forgotten it.
    pub(crate) fn unknown_login(&self, store: &dyn Store, clock: &Clock) -> HostError {
        let Some(since) = self.look(store, clock) else { return HostError::LoginUnknown };
        match limits::AFTER_CRASH.saturating_sub(clock.now().since(since)) {
            left if left.is_zero() => HostError::LoginUnknown,
            left => HostError::LoginUncertain(left),
        }
    }
}
