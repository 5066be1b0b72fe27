//! What a store tells about itself, for metrics.

use super::commit::Durability;
use super::errors::StoreError;
use std::fmt;
use std::time::Duration;

/// Hears what the store does. It is called on the paths of commits: it must neither block nor fail.
pub trait Observer: Send + Sync + fmt::Debug {
    /// A commit was answered. `took` is the time that its caller waited.
    fn committed(&self, durability: Durability, took: Duration, failed: bool) {
        let _ = (durability, took, failed);
    }

    /// What was written was made durable in one step for which so many answers had waited.
    fn synced(&self, answers: usize, took: Duration, failed: bool) {
        let _ = (answers, took, failed);
    }

    /// A stored record of this kind cannot be read. The call that needs it fails, or goes on without it where the call's
    /// documentation says so.
    fn unreadable(&self, kind: &'static str) {
        let _ = kind;
    }
}

/// Nobody looks.
impl Observer for () {}

/// Reports a record that cannot be read, to the log and the observer; returns any other error. `then` says what the store
/// does about it.
pub(crate) fn report(observer: &dyn Observer, why: StoreError, then: &'static str) -> Result<(), StoreError> {
    let Some(kind) = why.unreadable() else { return Err(why) };
    tracing::error!(kind, cause = %why, then, "a stored record cannot be read");
    observer.unreadable(kind);
    Ok(())
}
