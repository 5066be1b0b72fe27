//! What is counted per tenant, per action, per route and for the store. Everything a run needs is looked up once, when its
//! pipeline is made.

use super::value::{Counter, Gauge, Histogram, Unit};
use postlude_model::login::{Status, Trace, TraceDecision};
use postlude_model::run::{Ending, Report, Usage};
use postlude_store::{Durability, Observer};
use std::sync::Arc;
use std::time::Duration;

/// Fuel: the plugins of this repository take 10,000 to 100,000, a JavaScript engine a million, the default budget is 50
/// million, the largest 20 billion.
const FUEL: &[u64] = &[
    1_000,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    1_000_000,
    5_000_000,
    20_000_000,
    50_000_000,
    1_000_000_000,
    20_000_000_000,
];
/// Microseconds of a run: 10 for the smallest plugin, 2 seconds are the default wall clock, 30 the longest.
const RUN: &[u64] =
    &[10, 25, 50, 100, 250, 500, 1_000, 5_000, 25_000, 100_000, 500_000, 2_000_000, 5_000_000, 10_000_000, 30_000_000];
/// Microseconds that an IdP waits, and that the disk takes.
const WAIT: &[u64] = &[
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 5_000_000,
    10_000_000, 30_000_000,
];
/// Answers that one sync made durable; 256 is the committer's limit.
const GROUP: &[u64] = &[0, 1, 2, 4, 8, 16, 32, 64, 128, 256];

/// What a login's call may come to.
pub(super) const OUTCOMES: [&str; 5] = ["continue", "redirect", "deny", "interaction_required", "ended"];

/// What a run may come to beside a verdict: both are load.
pub(super) const LOAD: [&str; 2] = ["timed_out", "busy"];

/// A run of an action that only reports, whatever would have come of it: nothing did, and nobody is to be called.
pub(super) const REPORTED: &str = "reported";

/// The logins of one tenant.
#[derive(Debug)]
pub(crate) struct TenantMeter {
    pub(super) outcomes: [Counter; OUTCOMES.len()],
    pub(super) duration: Histogram,
}

impl Default for TenantMeter {
    fn default() -> Self {
        Self { outcomes: Default::default(), duration: Histogram::new(Unit::Microseconds, WAIT) }
    }
}

impl TenantMeter {
    /// Where a login stands, as an index of [`OUTCOMES`].
    pub(crate) const fn outcome(status: &Status) -> usize {
        match status {
            Status::Continued(_) => 0,
            Status::Suspended(_) => 1,
            Status::Denied { .. } => 2,
            Status::InteractionRequired { .. } => 3,
            Status::Ended(_) | Status::Running => 4,
        }
    }

    /// A call ran and committed: where the login stands now, and how long it took.
    pub(crate) fn answered(&self, outcome: usize, took: Duration) {
        if let Some(outcome) = self.outcomes.get(outcome) {
            outcome.one();
        }
        self.duration.took(took);
    }
}

/// The runs of one action.
#[derive(Debug)]
pub(crate) struct ActionMeter {
    pub(super) verdicts: [Counter; TraceDecision::ALL.len()],
    pub(super) load: [Counter; LOAD.len()],
    pub(super) reported: Counter,
    pub(super) fuel: Histogram,
    pub(super) duration: Histogram,
}

impl Default for ActionMeter {
    fn default() -> Self {
        Self {
            verdicts: Default::default(),
            load: Default::default(),
            reported: Counter::default(),
            fuel: Histogram::new(Unit::Plain, FUEL),
            duration: Histogram::new(Unit::Microseconds, RUN),
        }
    }
}

impl ActionMeter {
    /// A run ended, and what it came to in its login; a run that was cut short by load has none.
    pub(crate) fn ran(&self, ran: &Ran, trace: Option<&Trace>) {
        let counter = match (trace, ran.load) {
            (Some(trace), _) if trace.report_only => Some(&self.reported),
            (_, Some(load)) => self.load.get(load),
            (Some(trace), None) => self.verdicts.get(trace.decision as usize),
            (None, None) => None,
        };
        if let Some(counter) = counter {
            counter.one();
        }
        self.fuel.observe(ran.usage.fuel);
        self.duration.took(ran.usage.duration);
    }
}

/// What is counted of a report, once the report itself is gone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ran {
    load: Option<usize>,
    usage: Usage,
}

impl Ran {
    pub(crate) const fn of(report: &Report) -> Self {
        let load = match report.ending {
            Ending::TimedOut => Some(0),
            Ending::Busy => Some(1),
            Ending::Decided(_) | Ending::Failed(_) | Ending::Trapped(_) => None,
        };
        Self { load, usage: report.usage }
    }

    pub(crate) const fn waited(&self) -> Duration {
        self.usage.waited
    }
}

/// All runs of the process.
#[derive(Debug)]
pub(crate) struct RunsMeter {
    /// Runs that began and did not end: those in a place, and those that wait for one.
    pub(crate) in_flight: Gauge,
    pub(crate) wait: Histogram,
}

impl Default for RunsMeter {
    fn default() -> Self {
        Self { in_flight: Gauge::default(), wait: Histogram::new(Unit::Microseconds, WAIT) }
    }
}

/// What one pipeline counts to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meters {
    pub(crate) tenant: Arc<TenantMeter>,
    /// In the order of its actions.
    pub(crate) actions: Vec<Arc<ActionMeter>>,
    pub(crate) runs: Arc<RunsMeter>,
}

/// The statuses that routes answer with; anything else counts as `other`.
pub(super) const STATUSES: [u16; 19] =
    [200, 202, 204, 303, 400, 401, 403, 404, 405, 408, 409, 410, 412, 413, 415, 422, 429, 500, 503];

/// The answers of one route.
#[derive(Debug, Default)]
pub(crate) struct RouteMeter {
    pub(super) statuses: [Counter; STATUSES.len()],
    pub(super) other: Counter,
}

impl RouteMeter {
    pub(crate) fn answered(&self, status: u16) {
        let at = STATUSES.iter().position(|known| *known == status);
        at.and_then(|at| self.statuses.get(at)).unwrap_or(&self.other).one();
    }
}

/// The store's commits.
#[derive(Debug)]
pub(crate) struct StoreMeter {
    pub(super) synced: Histogram,
    pub(super) batched: Histogram,
    pub(super) errors: Counter,
    pub(super) sync: Histogram,
    pub(super) group: Histogram,
    pub(super) sync_errors: Counter,
    pub(super) unreadable: Counter,
}

impl Default for StoreMeter {
    fn default() -> Self {
        let times = || Histogram::new(Unit::Microseconds, WAIT);
        Self {
            synced: times(),
            batched: times(),
            errors: Counter::default(),
            sync: times(),
            group: Histogram::new(Unit::Plain, GROUP),
            sync_errors: Counter::default(),
            unreadable: Counter::default(),
        }
    }
}

impl Observer for StoreMeter {
    fn committed(&self, durability: Durability, took: Duration, failed: bool) {
        match durability {
            Durability::Synced => self.synced.took(took),
            Durability::Batched => self.batched.took(took),
        }
        if failed {
            self.errors.one();
        }
    }

    fn synced(&self, answers: usize, took: Duration, failed: bool) {
        self.sync.took(took);
        self.group.observe(u64::try_from(answers).unwrap_or(u64::MAX));
        if failed {
            self.sync_errors.one();
        }
    }

    fn unreadable(&self, _: &'static str) {
        self.unreadable.one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The counters are found by the verdict's place.
    #[test]
    fn every_verdict_has_its_own_counter() {
        for (at, verdict) in TraceDecision::ALL.into_iter().enumerate() {
            assert_eq!(verdict as usize, at, "{}", verdict.as_str());
        }
    }

    #[test]
    fn an_unknown_status_counts_as_other() {
        let route = RouteMeter::default();
        [200, 200, 503, 999].into_iter().for_each(|status| route.answered(status));
        assert_eq!((route.statuses[0].get(), route.other.get()), (2, 1));
    }
}
