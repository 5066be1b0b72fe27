//! Medians and percentiles of what was measured.

use std::time::Duration;

/// What one round of one subject gave.
#[derive(Debug, Clone, Default)]
pub(crate) struct Round {
    /// Microseconds of each, sorted.
    latencies: Vec<f64>,
    /// How many a second, over all callers.
    pub(crate) rate: f64,
    /// Microseconds of processor time that the subject used for each; where it was asked for.
    pub(crate) processor: f64,
}

impl Round {
    /// From how long each took, and how long all of them took together.
    pub(crate) fn new(latencies: impl IntoIterator<Item = Duration>, took: Duration) -> Self {
        let mut latencies: Vec<f64> = latencies.into_iter().map(|took| took.as_secs_f64() * 1e6).collect();
        latencies.sort_by(f64::total_cmp);
        #[expect(clippy::cast_precision_loss, reason = "counts of a round are far below 2^52")]
        let rate = latencies.len() as f64 / took.as_secs_f64();
        Self { latencies, rate, processor: f64::NAN }
    }

    /// A rate alone.
    pub(crate) const fn of_rate(rate: f64) -> Self {
        Self { latencies: Vec::new(), rate, processor: f64::NAN }
    }

    /// Notes the subject's processor time of this round.
    pub(crate) fn used(&mut self, processor: Duration) {
        #[expect(clippy::cast_precision_loss, reason = "counts of a round are far below 2^52")]
        let count = self.latencies.len() as f64;
        self.processor = processor.as_secs_f64() * 1e6 / count;
    }

    pub(crate) fn p50(&self) -> f64 {
        self.percentile(50)
    }

    pub(crate) fn p99(&self) -> f64 {
        self.percentile(99)
    }

    fn percentile(&self, percent: usize) -> f64 {
        let at = (self.latencies.len() * percent / 100).min(self.latencies.len().saturating_sub(1));
        self.latencies.get(at).copied().unwrap_or(f64::NAN)
    }
}

/// The rounds of one subject.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rounds(pub(crate) Vec<Round>);

impl Rounds {
    pub(crate) fn p50(&self) -> f64 {
        median(self.0.iter().map(Round::p50))
    }

    pub(crate) fn p99(&self) -> f64 {
        median(self.0.iter().map(Round::p99))
    }

    pub(crate) fn processor(&self) -> f64 {
        median(self.0.iter().map(|round| round.processor))
    }

    /// How one subject stands to another, round by round: both of a round had the same neighbours.
    pub(crate) fn ratio(&self, to: &Self, of: impl Fn(&Round) -> f64) -> f64 {
        median(self.0.iter().zip(&to.0).map(|(one, other)| of(one) / of(other)))
    }

    pub(crate) fn rate(&self) -> f64 {
        median(self.0.iter().map(|round| round.rate))
    }
}

/// The median; of an even number, the upper one of the two in the middle.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_values() {
        let round = Round::new((1..=100).rev().map(Duration::from_micros), Duration::from_secs(1));
        assert!((round.p50() - 51.0).abs() < 1e-9 && (round.p99() - 100.0).abs() < 1e-9);
        assert!((round.rate - 100.0).abs() < 1e-9);
        assert!((median([3.0, 1.0, 2.0].into_iter()) - 2.0).abs() < 1e-9);
        assert!(median(std::iter::empty()).is_nan());
    }
}
