//! Percentiles of a turn, and medians over turns.

use std::time::Duration;

/// What one turn of one plugin gave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Turn {
    /// The median of a run, in microseconds.
    pub(super) p50: f64,
    /// What 99 of 100 runs do not pass, in microseconds.
    pub(super) p99: f64,
    /// Runs a second.
    pub(super) rate: f64,
}

impl Turn {
    /// From how long each run took, and all of them together; none without a run.
    pub(super) fn new(mut runs: Vec<Duration>, together: Duration) -> Option<Self> {
        runs.sort_unstable();
        let percentile = |percent: usize| runs.get((runs.len() * percent / 100).min(runs.len().saturating_sub(1)));
        let micros = |duration: &Duration| duration.as_secs_f64() * 1e6;
        let (p50, p99) = (percentile(50).map(micros)?, percentile(99).map(micros)?);
        let count = u32::try_from(runs.len()).unwrap_or(u32::MAX);
        Some(Self { p50, p99, rate: f64::from(count) / together.as_secs_f64().max(1e-9) })
    }
}

/// The median of a number of the turns; of an even count, the upper one of the two in the middle.
pub(super) fn median(turns: &[Turn], of: impl Fn(&Turn) -> f64) -> f64 {
    let mut values: Vec<_> = turns.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// How the median run of one plugin stands to another's, turn by turn: both of a round had the same neighbours.
pub(super) fn ratio(one: &[Turn], other: &[Turn]) -> f64 {
    let pairs = one.iter().zip(other).map(|(one, other)| Turn { p50: one.p50 / other.p50, ..*one });
    median(&pairs.collect::<Vec<_>>(), |turn| turn.p50)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_medians_and_ratios_are_of_the_right_values() {
        let runs = (1..=100).rev().map(Duration::from_micros).collect();
        let turn = Turn::new(runs, Duration::from_secs(2)).unwrap();
        assert_eq!([turn.p50.round(), turn.p99.round(), turn.rate.round()], [51.0, 100.0, 50.0]);
        assert_eq!(Turn::new(Vec::new(), Duration::ZERO), None);
        let turns = [4.0, 1.0, 8.0].map(|p50| Turn { p50, ..turn });
        assert!((median(&turns, |turn| turn.p50) - 4.0).abs() < 1e-9);
        let others = [2.0, 1.0, 2.0].map(|p50| Turn { p50, ..turn });
        assert!((ratio(&turns, &others) - 2.0).abs() < 1e-9, "of 2, 1 and 4");
    }
}
