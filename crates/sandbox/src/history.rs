//! How the runs of a plugin went lately: the scheduler's turns depend on it, and nothing that a guest can see.

use crate::engine::YIELD_FUEL;
use postlude_model::run::{Ending, Limit, Report};
use postlude_schedule::RunClock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long a plugin is known by a run that was long, or that spent its budget. Long enough that a plugin under attack does not
/// waste a slice for each request; short enough that one bad login costs nobody else anything.
const LATELY: Duration = Duration::from_secs(10);

/// How long a slice should take, and a job at most, in microseconds. Fuel is no time: a unit takes from a twentieth of a nanosecond
/// in dense code to four in the smallest loop. What the last run made of its time says how much fuel a slice gets.
const SLICE_MICROS: u64 = 100;
const JOB_MICROS: u64 = 400;

/// Fuel of a job whose plugin nothing is known of: fourteen times what the reference plugin takes, and 800 microseconds of the
/// smallest loop.
const FIRST_JOB: u64 = 200_000;

/// Fuel of a slice or a job at most, whatever the last run made of its time: the next may be of another kind.
const MOST_FUEL: u64 = 4_000_000;

/// What a run must have taken for its rate to be known: less is mostly instantiation.
const KNOWN: Duration = Duration::from_micros(20);

/// The runs of one plugin.
#[derive(Debug)]
pub struct History {
    number: u64,
    /// Fuel per microsecond of the last run that took long enough; zero where there was none.
    rate: AtomicU64,
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
        Self { number, rate: AtomicU64::new(0), any: AtomicBool::new(false), noted: Mutex::default() }
    }
}

impl History {
    /// A number that no other plugin of this process has.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Fuel of a slice of the next run.
    pub fn slice_fuel(&self) -> u64 {
        self.fuel_of(SLICE_MICROS, YIELD_FUEL)
    }

    /// Fuel of the next run as a job.
    pub fn job_fuel(&self) -> u64 {
        self.fuel_of(JOB_MICROS, FIRST_JOB)
    }

    fn fuel_of(&self, micros: u64, unknown: u64) -> u64 {
        match self.rate.load(Ordering::Relaxed) {
            0 => unknown,
            rate => rate.saturating_mul(micros).clamp(YIELD_FUEL, MOST_FUEL),
        }
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
        let (fuel, took) = (report.usage.fuel, report.usage.duration);
        if took >= KNOWN {
            let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
            self.rate.store((fuel / micros).max(1), Ordering::Relaxed);
        }
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
    use postlude_model::run::{Log, Usage};

    #[test]
    fn fuel_follows_what_the_last_run_made_of_its_time() {
        let (history, clock) = (History::default(), RunClock::start(Duration::from_secs(1)));
        assert_eq!((history.slice_fuel(), history.job_fuel()), (YIELD_FUEL, FIRST_JOB));
        let run = |fuel, micros| {
            let usage = Usage { fuel, duration: Duration::from_micros(micros), ..Usage::default() };
            let report = Report { ending: Ending::Busy, commands: vec![], log: Log::default(), http: vec![], usage };
            history.noted(report, &clock);
            (history.slice_fuel(), history.job_fuel())
        };
        assert_eq!(run(5_000_000, 1000), (500_000, 2_000_000));
        assert_eq!(run(50_000_000, 200_000), (YIELD_FUEL, 100_000), "the smallest loop");
        assert_eq!(run(50_000_000, 2000), (2_500_000, MOST_FUEL), "dense code");
        assert_eq!(run(1_000_000, 19), (2_500_000, MOST_FUEL), "too short to say anything");
    }

    #[test]
    fn a_plugin_is_known_by_its_last_bad_run() {
        let (history, clock) = (History::default(), RunClock::start(Duration::from_secs(1)));
        assert!(!history.was_long_lately(&clock) && !history.spent_lately(&clock));
        history.note_long(&clock);
        assert!(history.was_long_lately(&clock) && !history.spent_lately(&clock));
        assert_ne!(history.number(), History::default().number());
    }
}
