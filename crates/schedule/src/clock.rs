//! A run's own time: by the wall clock, without what it waited for its turns.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// A wall clock that no clock can reach means none; a day is as good.
const DAY: Duration = Duration::from_secs(86_400);

/// The clock of one run. It stands while the run waits for a turn.
#[derive(Debug)]
pub struct RunClock {
    started: Instant,
    ends: Instant,
    waited_nanos: AtomicU64,
}

impl RunClock {
    /// Starts now, and ends after this long.
    #[must_use]
    pub fn start(wall_clock: Duration) -> Self {
        let started = Instant::now();
        let ends = started.checked_add(wall_clock).unwrap_or_else(|| started + DAY);
        Self { started, ends, waited_nanos: AtomicU64::new(0) }
    }

    /// When it began.
    #[must_use]
    pub const fn started(&self) -> Instant {
        self.started
    }

    /// When it ends, as far as the run has waited by now.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.ends.checked_add(self.waited()).unwrap_or(self.ends)
    }

    /// How long the run waited for its turns and its place.
    #[must_use]
    pub fn waited(&self) -> Duration {
        Duration::from_nanos(self.waited_nanos.load(Ordering::Relaxed))
    }

    /// How long the run took, without what it waited.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.started.elapsed().saturating_sub(self.waited())
    }

    /// Lets the clock stand for a wait that is over.
    pub(crate) fn add_wait(&self, wait: Duration) {
        let nanos = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
        self.waited_nanos.fetch_add(nanos, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_stands_while_the_run_waits() {
        let clock = RunClock::start(Duration::from_secs(2));
        let began = clock.deadline();
        clock.add_wait(Duration::from_secs(3));
        assert_eq!(clock.deadline(), began + Duration::from_secs(3));
        assert_eq!((clock.waited(), clock.took()), (Duration::from_secs(3), Duration::ZERO));
        assert!(RunClock::start(Duration::MAX).deadline() > Instant::now() + Duration::from_secs(80_000));
    }
}
