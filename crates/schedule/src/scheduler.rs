//! The scheduler: a queue for each core, and the places.

use crate::admitted::Admitted;
use crate::core::{Thread, here};
use crate::limits::EARLIER;
use crate::places::Places;
use crate::queue::{Job, RunQueue, Tasks};
use crate::share::Shares;
use crate::{Late, Limits, Share, ShareUse};
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Gives turns and places to the runs of all tenants.
pub struct Scheduler<J: Job> {
    /// Those of the cores.
    cores: Vec<RunQueue<J>>,
    /// Those of the threads that compute in the background: as many as there are cores.
    background: Vec<RunQueue<J>>,
    /// Those of threads that serve no core: tools, tests, a server's own work. No thread of a core ever waits for one of these.
    others: Vec<RunQueue<J>>,
    places: Places,
    shares: Shares,
    limits: Limits,
    /// Runs that were let in so far.
    let_in: AtomicU32,
}

impl<J: Job> Scheduler<J> {
    /// A scheduler for so many cores, and for threads that serve no core with so many queues between them; at least one of each. Two
    /// such threads that share a queue wait for each other: for a runtime that does something else meanwhile, too.
    #[must_use]
    pub fn new(cores: usize, others: usize, limits: Limits) -> Self {
        let queues = |count: usize, tasks| (0..count.max(1)).map(|_| RunQueue::new(tasks)).collect();
        let background = queues(cores, Tasks::OfOneRuntime);
        let (cores, others) = (queues(cores, Tasks::OfOneRuntime), queues(others, Tasks::OfAny));
        let places = Places::new(limits.places, limits.plugin_places);
        Self { cores, background, others, places, shares: Shares::default(), limits, let_in: AtomicU32::new(0) }
    }

    /// The cores.
    #[must_use]
    pub fn cores(&self) -> usize {
        self.cores.len()
    }

    /// Guests that compute at the same time at most, and so instances beside those in places.
    #[must_use]
    pub fn queues(&self) -> usize {
        self.cores.len().saturating_add(self.background.len()).saturating_add(self.others.len())
    }

    /// The share of a tenant, with this weight from now on.
    #[must_use]
    pub fn share(&self, name: &str, weight: u32) -> Share {
        self.shares.of(name, weight)
    }

    /// What each tenant uses, by name.
    #[must_use]
    pub fn uses(&self) -> Vec<ShareUse> {
        self.shares.measure()
    }

    /// Places: how many there are, and how many are free.
    #[must_use]
    pub fn places(&self) -> (usize, usize) {
        self.places.count()
    }

    /// Lets a run of a tenant in.
    ///
    /// # Errors
    /// [`Late::Full`] where the tenant has as many as it may have.
    pub fn admit<'s>(&'s self, share: &'s Share) -> Result<Admitted<'s, J>, Late> {
        if !share.begin(self.limits.max_runs) {
            return Err(Late::Full);
        }
        Ok(Admitted::new(self.queue(), &self.places, share, self.patience()))
    }

    /// The same for a run that was let in and goes on where it is on another thread: whoever let it in still holds what
    /// [`Self::admit`] gave.
    pub fn go_on<'s>(&'s self, share: &'s Share) -> Admitted<'s, J> {
        Admitted::going_on(self.queue(), &self.places, share, self.patience())
    }

    /// How long the next run waits at most: up to [`EARLIER`] less than it may, spread evenly (by the golden ratio), so that those who came
    /// together do not all give up, and come again, at one moment.
    fn patience(&self) -> Duration {
        let part = self.let_in.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9);
        self.limits.max_wait.mul_f64(1.0 - EARLIER * f64::from(part) / f64::from(u32::MAX))
    }

    /// The queue of this thread.
    fn queue(&self) -> &RunQueue<J> {
        let (queues, number) = match here() {
            Thread::Core(number) => (&self.cores, number),
            Thread::Background(number) => (&self.background, number),
            Thread::Other(number) => (&self.others, number),
        };
        let at = number.checked_rem(queues.len()).unwrap_or_default();
        #[expect(clippy::indexing_slicing, reason = "the remainder is below the length, which is at least one")]
        &queues[at]
    }
}

impl<J: Job> fmt::Debug for Scheduler<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduler").field("places", &self.places()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Job for Nothing {
        type Output = ();
        fn run(self) {}
    }

    #[test]
    fn runs_give_up_one_after_the_other() {
        let max_wait = Duration::from_secs(2);
        let limits = Limits { places: 1, plugin_places: 1, max_wait, max_runs: 1 };
        let scheduler = Scheduler::<Nothing>::new(1, 1, limits);
        let mut waits: Vec<_> = (0..300).map(|_| scheduler.patience()).collect();
        waits.sort();
        assert!(waits[0] >= max_wait.mul_f64(1.0 - EARLIER) && waits[299] <= max_wait, "{waits:?}");
        let longest = waits.array_windows().map(|[one, next]| *next - *one).max().unwrap();
        assert!(longest < Duration::from_millis(5), "of 300 in half a second, {longest:?} are between two");
    }
}
