//! A host that failed several times in a row rests: no login waits two seconds for it, and it can recover.

use crate::limits::{FAILURES, REST};
use std::time::Instant;

/// The record of one host. Time is an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Breaker {
    failures: u32,
    rests_until: Option<Instant>,
}

impl Breaker {
    /// Whether a request may go out now. After the rest one may, and the next one a rest later, until one succeeded.
    pub fn admit(&mut self, now: Instant) -> bool {
        match self.rests_until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                self.rests_until = now.checked_add(REST);
                true
            }
        }
    }

    /// What became of a request.
    pub fn record_result(&mut self, succeeded: bool, now: Instant) {
        if succeeded {
            *self = Self::default();
            return;
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES {
            self.rests_until = now.checked_add(REST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_host_rests_after_failures_in_a_row_and_is_tried_once() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..FAILURES {
            assert!(breaker.admit(now));
            breaker.record_result(false, now);
        }
        assert!(!breaker.admit(now));
        assert!(!breaker.admit(now + REST - Duration::from_millis(1)));
        let later = now + REST;
        assert!(breaker.admit(later), "one tries again");
        assert!(!breaker.admit(later), "and one only");
        breaker.record_result(true, later);
        assert!(breaker.admit(later) && breaker == Breaker::default());
    }

    #[test]
    fn a_success_between_failures_counts() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..3 * FAILURES {
            breaker.record_result(false, now);
            breaker.record_result(false, now);
            breaker.record_result(true, now);
        }
        assert!(breaker.admit(now));
    }
}
