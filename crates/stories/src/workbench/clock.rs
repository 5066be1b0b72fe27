//! A clock that stands still until it is moved.

use postlude_host::Clock;
use postlude_model::names::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// When time begins on a workbench: the first of January 2026, in milliseconds since 1970.
pub const BEGINNING: Timestamp = Timestamp(1_767_225_600_000);

/// A clock that stands still until it is moved. Clones are the same clock.
#[derive(Debug, Clone)]
pub struct VirtualClock(Arc<AtomicU64>);

impl VirtualClock {
    /// A clock that shows this time.
    #[must_use]
    pub fn at(time: Timestamp) -> Self {
        Self(Arc::new(AtomicU64::new(time.0)))
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    /// Lets time pass, at once.
    pub fn wait(&self, duration: Duration) {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let now = self.now().0;
        self.0.store(now.saturating_add(millis), Ordering::SeqCst);
    }

    /// The clock for a host.
    pub(super) fn for_host(&self) -> Clock {
        let clock = self.clone();
        Clock::from_fn(move || clock.now())
    }
}
