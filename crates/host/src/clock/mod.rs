//! The host's clock: it goes by the machine's clock that includes suspend, follows the wall clock slowly, and never runs backwards.

mod alarm;
mod course;

pub use alarm::ClockAlarm;

use course::{Course, Doubt};
use postlude_model::names::Timestamp;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where a host gets its time from. Cheap to clone; all clones are one clock.
#[derive(Clone)]
pub struct Clock(Arc<Shared>);

struct Shared {
    /// The wall clock.
    wall: Box<dyn Fn() -> Timestamp + Send + Sync>,
    /// Time since some moment, by a clock that nobody sets and that goes on while the machine is suspended.
    mono: Box<dyn Fn() -> Duration + Send + Sync>,
    /// The host's time less the monotonic one, in milliseconds.
    offset: AtomicI64,
    /// The wall clock says something else, or is about to be followed: [`Course`] is asked at each reading.
    in_doubt: AtomicBool,
    /// The latest time that was told.
    told: AtomicU64,
    course: Mutex<Course>,
}

impl Clock {
    /// The system's clocks.
    #[must_use]
    pub fn system() -> Self {
        Self::from_sources(wall, mono())
    }

    /// Clocks of one's own, for tests: the wall clock, which may step, and one that nobody sets.
    pub fn from_sources(
        wall: impl Fn() -> Timestamp + Send + Sync + 'static,
        mono: impl Fn() -> Duration + Send + Sync + 'static,
    ) -> Self {
        let course = Course::new(wall(), mono());
        Self(Arc::new(Shared {
            wall: Box::new(wall),
            mono: Box::new(mono),
            offset: AtomicI64::new(course.offset()),
            in_doubt: AtomicBool::new(false),
            told: AtomicU64::new(0),
            course: Mutex::new(course),
        }))
    }

    /// One clock of one's own that never steps, for tests that must not wait.
    pub fn from_fn(read: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let read = Arc::new(read);
        let wall = Arc::clone(&read);
        Self::from_sources(move || wall(), move || Duration::from_millis(read().0))
    }

    /// The system's clocks, ahead by a duration that the caller may change: time goes on as for a machine that was suspended.
    #[must_use]
    pub fn ahead(by_millis: Arc<AtomicU64>) -> Self {
        let ahead = move || Duration::from_millis(by_millis.load(Ordering::SeqCst));
        let (wall_ahead, mono) = (ahead.clone(), mono());
        Self::from_sources(move || wall().plus(wall_ahead()), move || mono().saturating_add(ahead()))
    }

    /// Compares the system's clock with the newest commit of a store, as a host does that begins.
    pub(crate) fn begin(&self, last_commit: Timestamp) {
        let (wall, mono) = ((self.0.wall)(), (self.0.mono)());
        let mut course = self.course();
        course.begin(wall, mono, last_commit);
        self.follow(&course);
    }

    /// The time, never earlier than an answer before.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let (wall, mono) = ((self.0.wall)(), (self.0.mono)());
        let expected = course::at(mono, self.0.offset.load(Ordering::Acquire));
        let agrees = wall.0.abs_diff(expected.0) <= course::ROUNDING && !self.0.in_doubt.load(Ordering::Acquire);
        let time = if agrees { expected } else { self.observe(wall, mono) };
        Timestamp(self.0.told.fetch_max(time.0, Ordering::AcqRel).max(time.0))
    }

    fn observe(&self, wall: Timestamp, mono: Duration) -> Timestamp {
        let mut course = self.course();
        if let Some(doubt) = course.observe(wall, mono) {
            tell(&doubt);
        }
        self.follow(&course);
        course::at(mono, course.offset())
    }

    fn follow(&self, course: &Course) {
        self.0.offset.store(course.offset(), Ordering::Release);
        self.0.in_doubt.store(course.is_in_doubt(), Ordering::Release);
    }

    /// Whether the system's clock has agreed with itself for an hour, or with the store from the start: only then may something be
    /// deleted because it is old.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let _ = self.now();
        self.course().is_settled((self.0.mono)())
    }

    /// What a person should know of the system's clock now.
    #[must_use]
    pub fn alarm(&self) -> Option<ClockAlarm> {
        let _ = self.now();
        self.course().alarm((self.0.mono)())
    }

    /// How often the system's clock stepped by more than a minute.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.course().steps()
    }

    fn course(&self) -> MutexGuard<'_, Course> {
        self.0.course.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tell(doubt: &Doubt) {
    match doubt {
        Doubt::Stepped(text) => tracing::error!(
            "{text}; time goes on as before, and nothing is deleted for being old until the clock has agreed with itself for an hour"
        ),
        Doubt::Over(text) => tracing::warn!("{text}"),
    }
}

/// The wall clock of the system.
fn wall() -> Timestamp {
    Timestamp::default().plus(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// The clock of the system that nobody sets and that goes on while the machine is suspended.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn mono() -> impl Fn() -> Duration + Clone + Send + Sync {
    let began = std::time::Instant::now();
    move || {
        let boot = nix::time::clock_gettime(nix::time::ClockId::CLOCK_BOOTTIME);
        boot.map_or_else(|_| began.elapsed(), Duration::from)
    }
}

/// The clock of the system that nobody sets.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn mono() -> impl Fn() -> Duration + Clone + Send + Sync {
    let began = std::time::Instant::now();
    move || began.elapsed()
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").field("told", &self.0.told).finish_non_exhaustive()
    }
}

/// A time for people and JSON (RFC 3339, section 5.6), in UTC with milliseconds.
#[must_use]
pub fn rfc3339(time: Timestamp) -> String {
    Rfc3339(time).to_string()
}

/// A time that is written as [`rfc3339`] has it; nothing for one after the year 9999.
#[derive(Debug, Clone, Copy)]
pub struct Rfc3339(pub Timestamp);

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = i64::try_from(self.0.0).unwrap_or(i64::MAX);
        jiff::Timestamp::from_millisecond(millis).map_or(Ok(()), |time| write!(f, "{time:.3}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A wall clock and a monotonic one, in milliseconds.
    fn clocks(wall: u64, mono: u64) -> (Arc<AtomicU64>, Arc<AtomicU64>, Clock) {
        let (wall, mono) = (Arc::new(AtomicU64::new(wall)), Arc::new(AtomicU64::new(mono)));
        let (read_wall, read_mono) = (Arc::clone(&wall), Arc::clone(&mono));
        let clock = Clock::from_sources(
            move || Timestamp(read_wall.load(Ordering::SeqCst)),
            move || Duration::from_millis(read_mono.load(Ordering::SeqCst)),
        );
        (wall, mono, clock)
    }

    /// R09: a wall clock that falls by 50 ms and comes back made time fall.
    #[test]
    fn time_never_falls() {
        let (wall, mono, clock) = clocks(1000, 0);
        let mut last = clock.now();
        for (wall_now, mono_now) in [(1050, 50), (1000, 51), (1001, 151), (1051, 152), (1051, 153), (900, 400)] {
            wall.store(wall_now, Ordering::SeqCst);
            mono.store(mono_now, Ordering::SeqCst);
            let now = clock.now();
            assert!(now >= last, "{now:?} after {last:?}");
            last = now;
        }
        assert!(last > Timestamp(1300), "it goes on by the monotonic clock: {last:?}");
    }

    /// R09: a day ahead and back.
    #[test]
    fn a_step_is_not_followed_and_is_told() {
        let (wall, mono, clock) = clocks(1_000_000, 0);
        clock.begin(Timestamp(999_000));
        assert!(clock.is_settled() && clock.alarm().is_none());
        wall.store(87_400_000, Ordering::SeqCst);
        assert_eq!(clock.now(), Timestamp(1_000_000));
        assert!(!clock.is_settled());
        assert_eq!(clock.steps(), 1);
        let alarm = clock.alarm().unwrap();
        assert!(
            alarm.text.starts_with("the system's clock stepped ahead by 24 hours") && !alarm.ends_process,
            "{alarm:?}"
        );
        mono.store(500, Ordering::SeqCst);
        wall.store(1_000_500, Ordering::SeqCst);
        assert_eq!((clock.now(), clock.alarm(), clock.steps()), (Timestamp(1_000_500), None, 2));
    }

    #[test]
    fn times_are_rfc_3339_in_utc() {
        assert_eq!(rfc3339(Timestamp(1_795_516_200_123)), "2026-11-24T10:30:00.123Z");
    }
}
