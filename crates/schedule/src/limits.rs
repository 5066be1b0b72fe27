//! The numbers of a scheduler, each with its reason.

use std::time::Duration;

/// How long jobs are done one after the other before the core's other tasks go first. It is the longest that a connection waits for
/// what it has nothing to do with; a cohort of sixteen usual runs is over in a third of it.
pub(crate) const COHORT: Duration = Duration::from_micros(500);

/// How many turns in a row a tenant's other runs get before one that stands behind gets one: it is slowed down, not starved.
pub(crate) const TURNS_BEFORE_BEHIND: u32 = 8;

/// The largest weight of a tenant.
pub(crate) const MOST_WEIGHT: u32 = 100;

/// By which part of its time a run may give up earlier than another one. A quarter of two seconds: three hundred clients that are refused then
/// come back over half a second, and not in one burst that others wait behind.
pub(crate) const EARLIER: f64 = 0.25;

/// What an operator may choose about a scheduler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Places for runs that are long or wait.
    pub places: usize,
    /// Places that runs of one plugin may have.
    pub plugin_places: usize,
    /// How long a run may wait, for its place and for all its turns together; some give up up to a quarter earlier.
    pub max_wait: Duration,
    /// How many runs of a tenant may be under way or wait.
    pub max_runs: usize,
}
