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
    /// Microseconds of processor time that the load itself used for each; where it was asked for.
    pub(crate) load_processor: f64,
    /// How many answers were not the expected one.
    pub(crate) refused: usize,
}

impl Round {
    /// From how long each took, and how long all of them took together.
    pub(crate) fn new(latencies: impl IntoIterator<Item = Duration>, took: Duration) -> Self {
        let mut latencies: Vec<f64> = latencies.into_iter().map(|took| took.as_secs_f64() * 1e6).collect();
        latencies.sort_by(f64::total_cmp);
        let rate = count(latencies.len()) / took.as_secs_f64();
        Self { latencies, rate, processor: f64::NAN, load_processor: f64::NAN, refused: 0 }
    }

    /// A rate alone.
    pub(crate) const fn of_rate(rate: f64) -> Self {
        Self { latencies: Vec::new(), rate, processor: f64::NAN, load_processor: f64::NAN, refused: 0 }
    }

    /// Notes how many answers were not the expected one.
    pub(crate) fn with_refused(self, refused: usize) -> Self {
        Self { refused, ..self }
    }

    /// Notes the processor time of this round: the subject's, and the load's.
    pub(crate) fn used(&mut self, subject: Duration, load: Duration) {
        let each = |used: Duration| used.as_secs_f64() * 1e6 / count(self.latencies.len());
        (self.processor, self.load_processor) = (each(subject), each(load));
    }

    /// The time in microseconds within which this part of a thousand was answered.
    pub(crate) fn percentile(&self, per_mille: usize) -> f64 {
        let at = (self.latencies.len() * per_mille / 1000).min(self.latencies.len().saturating_sub(1));
        self.latencies.get(at).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn p50(&self) -> f64 {
        self.percentile(500)
    }

    pub(crate) fn p99(&self) -> f64 {
        self.percentile(990)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a round are far below 2^52")]
pub(crate) const fn count(count: usize) -> f64 {
    count as f64
}

/// The rounds of one subject.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rounds(pub(crate) Vec<Round>);

impl Rounds {
    /// The median of the rounds.
    pub(crate) fn median(&self, of: impl Fn(&Round) -> f64) -> f64 {
        median(self.0.iter().map(of))
    }

    pub(crate) fn rate(&self) -> f64 {
        self.median(|round| round.rate)
    }

    /// How one subject stands to another, round by round: both of a round had the same neighbours on the machine.
    pub(crate) fn ratio(&self, to: &Self, of: impl Fn(&Round) -> f64) -> f64 {
        median(self.0.iter().zip(&to.0).map(|(one, other)| of(one) / of(other)))
    }

    /// How many answers of all rounds were not the expected one.
    pub(crate) fn refused(&self) -> usize {
        self.0.iter().map(|round| round.refused).sum()
    }

    /// What two subjects together would reach that share a processor without loss, round by round.
    pub(crate) fn together(&self, other: &Self) -> Self {
        let both = self.0.iter().zip(&other.0);
        Self(both.map(|(one, other)| Round::of_rate(1.0 / (1.0 / one.rate + 1.0 / other.rate))).collect())
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

    fn near(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-9
    }

    #[test]
    fn percentiles_are_of_the_sorted_values() {
        let round = Round::new((1..=1000).rev().map(Duration::from_micros), Duration::from_secs(1));
        assert!(near(round.p50(), 501.0) && near(round.p99(), 991.0) && near(round.percentile(999), 1000.0));
        assert!(near(round.rate, 1000.0));
        assert!(near(median([3.0, 1.0, 2.0].into_iter()), 2.0));
        assert!(median(std::iter::empty()).is_nan());
    }

    #[test]
    fn a_prediction_is_made_and_compared_within_each_round() {
        let rounds = |rates: [f64; 3]| Rounds(rates.map(Round::of_rate).into());
        let together = rounds([4.0, 2.0, 8.0]).together(&rounds([4.0, 2.0, 8.0]));
        assert!(near(together.rate(), 2.0));
        // The ratios are 0.5, 1 and 0.25, whatever the medians of either are.
        assert!(near(rounds([1.0, 1.0, 1.0]).ratio(&together, |round| round.rate), 0.5));
    }

    #[test]
    fn processor_time_is_of_each_answer() {
        let mut round = Round::new([Duration::from_micros(1); 4], Duration::from_secs(1));
        round.used(Duration::from_micros(100), Duration::from_micros(20));
        assert!(near(round.processor, 25.0) && near(round.load_processor, 5.0));
    }
}
