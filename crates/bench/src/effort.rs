//! How long and how often to measure, and how large the large installation is.

use std::time::Duration;

/// How long and how often to measure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Rounds; the subjects of a section take turns within each.
    pub(crate) rounds: usize,
    /// How long one round of one subject takes.
    pub(crate) round: Duration,
    /// How long one phase of the rows of fairness takes; its p99 wants many answers.
    pub(crate) phase: Duration,
    /// Runs of one round of one subject in a loop.
    pub(crate) runs: usize,
    /// Factor records of one round.
    pub(crate) records: usize,
    /// Decisions of one round of a peer.
    pub(crate) decisions: usize,
    /// The large installation.
    pub(crate) size: Size,
    /// Records of the embedded store when the start is measured.
    pub(crate) opening: usize,
}

/// What is stored in the large installation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) plugins: usize,
    pub(crate) logins: usize,
    pub(crate) sessions: usize,
    pub(crate) suspended: usize,
}

impl Effort {
    /// The measurement that counts.
    pub(crate) const FULL: Self = Self {
        rounds: 5,
        round: Duration::from_millis(1500),
        phase: Duration::from_secs(6),
        runs: 5000,
        records: 1280,
        decisions: 300,
        size: Size { plugins: 10_000, logins: 5_000_000, sessions: 1_000_000, suspended: 100_000 },
        opening: 5_000_000,
    };
    /// A short run that shows whether everything works.
    pub(crate) const QUICK: Self = Self {
        rounds: 3,
        round: Duration::from_millis(400),
        phase: Duration::from_secs(2),
        runs: 500,
        records: 128,
        decisions: 50,
        size: Size { plugins: 1000, logins: 500_000, sessions: 100_000, suspended: 10_000 },
        opening: 500_000,
    };
}
