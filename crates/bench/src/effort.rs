//! How long and how often to measure.

use std::time::Duration;

/// How long and how often to measure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Rounds; the subjects of a part take turns within each.
    pub(crate) rounds: usize,
    /// How long one round of one subject under load takes.
    pub(crate) round: Duration,
    /// Runs of one round of one subject in a loop.
    pub(crate) runs: usize,
    /// Factor records of one round.
    pub(crate) records: usize,
    /// Decisions of one round of a peer.
    pub(crate) decisions: usize,
    /// Plugins and sessions of the large installation.
    pub(crate) installed: (usize, usize),
}

impl Effort {
    /// The measurement that counts.
    pub(crate) const FULL: Self = Self {
        rounds: 7,
        round: Duration::from_millis(1500),
        runs: 5000,
        records: 1280,
        decisions: 300,
        installed: (10_000, 100_000),
    };
    /// A short run that shows whether everything works.
    pub(crate) const QUICK: Self = Self {
        rounds: 3,
        round: Duration::from_millis(300),
        runs: 500,
        records: 128,
        decisions: 50,
        installed: (200, 2000),
    };
}
