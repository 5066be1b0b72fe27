//! The timers that a guest holds handles of.

use postlude_model::limits;

/// Timers, each an instant of the monotonic clock, by the number behind a handle.
#[derive(Debug, Default)]
pub struct Timers {
    instants: Vec<u64>,
    free: Vec<u32>,
}

/// Too many timers at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyTimers;

impl Timers {
    /// Adds a timer. Its number is new or that of a removed one.
    pub fn add(&mut self, instant: u64) -> Result<u32, TooManyTimers> {
        if let Some(number) = self.free.pop() {
            if let Some(slot) = usize::try_from(number).ok().and_then(|at| self.instants.get_mut(at)) {
                *slot = instant;
            }
            return Ok(number);
        }
        if self.instants.len() >= limits::CLOSED_WASI_HANDLES {
            return Err(TooManyTimers);
        }
        let number = u32::try_from(self.instants.len()).map_err(|_| TooManyTimers)?;
        self.instants.push(instant);
        Ok(number)
    }

    /// The instant of a timer. The engine hands out no number whose timer was removed.
    pub fn instant(&self, number: u32) -> u64 {
        usize::try_from(number).ok().and_then(|at| self.instants.get(at)).copied().unwrap_or_default()
    }

    /// Removes a timer.
    pub fn remove(&mut self, number: u32) {
        self.free.push(number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_used_again_and_limited() {
        let mut timers = Timers::default();
        assert_eq!([timers.add(5), timers.add(7)], [Ok(0), Ok(1)]);
        timers.remove(0);
        assert_eq!((timers.add(9), timers.instant(0), timers.instant(1)), (Ok(0), 9, 7));
        for _ in 2..limits::CLOSED_WASI_HANDLES {
            timers.add(0).unwrap();
        }
        assert_eq!(timers.add(0), Err(TooManyTimers));
        timers.remove(1);
        assert_eq!(timers.add(0), Ok(1));
    }
}
