//! The host's clock: it is read once a request, and never behind the store's last commit.

use postlude_model::names::Timestamp;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where a host gets its time from.
#[derive(Clone)]
pub struct Clock {
    read: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// The latest time that was told, and when.
    last: Arc<Mutex<(Timestamp, Instant)>>,
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
        Self { read: Arc::new(read), last: Arc::new(Mutex::new((Timestamp::default(), Instant::now()))) }
    }

    /// The system's clock, ahead by a duration that the caller may change.
    #[must_use]
    pub fn ahead(by_millis: Arc<AtomicU64>) -> Self {
        let system = Self::system();
        Self::from_fn(move || system.now().plus(Duration::from_millis(by_millis.load(Ordering::SeqCst))))
    }

    /// Never again earlier than this.
    pub fn raise(&self, floor: Timestamp) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if floor > last.0 {
            *last = (floor, Instant::now());
        }
    }

    /// The time, never earlier than an answer before. Behind a jump of the system's clock it goes on by the monotonic one:
    /// a clock that stood still would keep states and factors fresh.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let wall = (self.read)();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if wall >= last.0 {
            *last = (wall, Instant::now());
            return wall;
        }
        last.0.plus(last.1.elapsed())
    }

    /// How far the system's clock is behind what was told already.
    #[must_use]
    pub fn behind(&self) -> Duration {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).0;
        last.since((self.read)())
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").field("last", &self.last).finish_non_exhaustive()
    }
}

/// A time for people and JSON (RFC 3339, section 5.6), in UTC with milliseconds.
#[must_use]
pub fn rfc3339(time: Timestamp) -> String {
    let millis = i64::try_from(time.0).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).map(|t| format!("{t:.3}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R09: the clock jumps a day ahead and back.
    #[test]
    fn time_goes_on_behind_a_jump_and_never_backwards() {
        let wall = Arc::new(AtomicU64::new(1_000_000));
        let read = Arc::clone(&wall);
        let clock = Clock::from_fn(move || Timestamp(read.load(Ordering::SeqCst)));
        assert_eq!(clock.now(), Timestamp(1_000_000));
        wall.store(87_400_000, Ordering::SeqCst);
        let ahead = clock.now();
        wall.store(1_000_100, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(5));
        assert!(clock.now() > ahead, "it stands still");
        assert!(clock.behind() > Duration::from_secs(86_000));
        wall.store(200_000_000, Ordering::SeqCst);
        assert_eq!(clock.now(), Timestamp(200_000_000), "the system's clock is taken again once it is later");
    }

    #[test]
    fn times_are_rfc_3339_in_utc() {
        assert_eq!(rfc3339(Timestamp(1_795_516_200_123)), "2026-11-24T10:30:00.123Z");
    }
}
