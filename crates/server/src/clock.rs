//! The host's clock: read once a request, and never behind the store's last commit.

use postlude_model::names::Timestamp;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where the server gets its time from.
#[derive(Clone)]
pub struct Clock {
    read: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    floor: Arc<AtomicU64>,
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::from_fn(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Timestamp::default().plus(since)
        })
    }

    /// A clock of one's own, for tests that must not wait.
    pub fn from_fn(read: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self { read: Arc::new(read), floor: Arc::default() }
    }

    /// The system's clock, ahead by a duration that the caller may change.
    #[must_use]
    pub fn ahead(by_millis: Arc<AtomicU64>) -> Self {
        let system = Self::system();
        Self::from_fn(move || system.now().plus(Duration::from_millis(by_millis.load(Ordering::SeqCst))))
    }

    /// Never again earlier than this.
    pub fn raise(&self, floor: Timestamp) {
        self.floor.fetch_max(floor.0, Ordering::SeqCst);
    }

    /// The time, never earlier than an answer before.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = (self.read)();
        Timestamp(self.floor.fetch_max(now.0, Ordering::SeqCst).max(now.0))
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").field("floor", &self.floor).finish_non_exhaustive()
    }
}

/// A time for people and JSON (RFC 3339, section 5.6), in UTC with milliseconds.
#[must_use]
pub fn rfc3339(time: Timestamp) -> String {
    let millis = i64::try_from(time.0).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).map(|t| format!("{t:.3}")).unwrap_or_default()
}
