//! The clock of guests that use WASI: it stands still while they compute, and jumps when they wait for a timer.

use std::time::Duration;

/// What the monotonic clock shows at the beginning of a run, in nanoseconds. Not zero: some language runtimes take zero for a
/// clock that does not work.
const START: u64 = 1_000_000_000;

/// A clock in virtual time.
#[derive(Debug)]
pub struct VirtualClock {
    waited: u64,
    most: Duration,
}

/// The run waited longer, in virtual time, than it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the plugin waits for a timer for longer than a run may take ({} ms)", .most.as_millis())]
pub struct WaitedTooLong {
    /// The time that all waits together may take.
    most: Duration,
}

impl VirtualClock {
    /// A clock at the beginning of a run that may take so long.
    pub const fn new(most: Duration) -> Self {
        Self { waited: 0, most }
    }

    /// Nanoseconds on the monotonic clock.
    pub const fn now(&self) -> u64 {
        START.saturating_add(self.waited)
    }

    /// Nanoseconds that the run waited so far.
    pub const fn waited(&self) -> u64 {
        self.waited
    }

    /// Jumps to an instant of the monotonic clock; does nothing where that is past.
    pub fn wait_until(&mut self, instant: u64) -> Result<(), WaitedTooLong> {
        let waited = instant.saturating_sub(START).max(self.waited);
        if u128::from(waited) > self.most.as_nanos() {
            return Err(WaitedTooLong { most: self.most });
        }
        self.waited = waited;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_jumps_forward_alone_and_never_past_the_end_of_the_run() {
        let mut clock = VirtualClock::new(Duration::from_millis(2));
        assert_eq!((clock.now(), clock.waited()), (START, 0));
        assert_eq!(clock.wait_until(START + 2_000_000), Ok(()));
        assert_eq!(clock.wait_until(0), Ok(()));
        assert_eq!(clock.waited(), 2_000_000);
        let refused = clock.wait_until(u64::MAX).unwrap_err().to_string();
        assert_eq!(refused, "the plugin waits for a timer for longer than a run may take (2 ms)");
        assert_eq!(clock.now(), START + 2_000_000);
    }
}
