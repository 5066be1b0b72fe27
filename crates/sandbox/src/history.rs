//! How the runs of a plugin went lately: the scheduler's turns depend on it, and nothing that a guest can see.

use postlude_model::run::{Ending, Limit, Report};
use postlude_schedule::RunClock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long a plugin is known by a run that was long, or that spent its budget. Long enough that a plugin under attack does not
/// waste a slice for each request; short enough that one bad login costs nobody else anything.
const LATELY: Duration = Duration::from_secs(10);

/// The runs of one plugin.
#[derive(Debug)]
pub struct History {
    number: u64,
    /// Whether anything was ever noted. That nothing was is usual, and costs no lock.
    any: AtomicBool,
    noted: Mutex<Noted>,
}

#[derive(Debug, Default)]
struct Noted {
    long: Option<Instant>,
    spent: Option<Instant>,
}

static NEXT: AtomicU64 = AtomicU64::new(0);

impl Default for History {
    fn default() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { number, any: AtomicBool::new(false), noted: Mutex::default() }
    }
}

impl History {
    /// A number that no other plugin of this process has.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Whether a run needed a stack of its own lately.
    pub fn was_long_lately(&self, clock: &RunClock) -> bool {
        self.lately(clock, |noted| noted.long)
    }

    /// Whether a run spent its budget lately.
    pub fn spent_lately(&self, clock: &RunClock) -> bool {
        self.lately(clock, |noted| noted.spent)
    }

    /// Notes that a run needs a stack of its own.
    pub fn note_long(&self, clock: &RunClock) {
        self.note(clock, |noted| &mut noted.long);
    }

    /// Notes what a report says of the plugin.
    pub fn noted(&self, report: Report, clock: &RunClock) -> Report {
        let fuel = matches!(&report.ending, Ending::Trapped(trap) if trap.limit == Some(Limit::Fuel));
        if fuel || report.ending == Ending::TimedOut {
            self.note(clock, |noted| &mut noted.spent);
        }
        report
    }

    fn lately(&self, clock: &RunClock, of: impl Fn(&Noted) -> Option<Instant>) -> bool {
        if !self.any.load(Ordering::Relaxed) {
            return false;
        }
        let noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        of(&noted).is_some_and(|when| clock.started().saturating_duration_since(when) < LATELY)
    }

    fn note(&self, clock: &RunClock, what: impl Fn(&mut Noted) -> &mut Option<Instant>) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        *what(&mut noted) = Some(clock.started());
        self.any.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_is_known_by_its_last_bad_run() {
        let (history, clock) = (History::default(), RunClock::start(Duration::from_secs(1)));
        assert!(!history.was_long_lately(&clock) && !history.spent_lately(&clock));
        history.note_long(&clock);
        assert!(history.was_long_lately(&clock) && !history.spent_lately(&clock));
        assert_ne!(history.number(), History::default().number());
    }
}
