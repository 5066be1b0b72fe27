//! The scheduler: a queue for each core, and the places.

use crate::admitted::Admitted;
use crate::core::{Thread, here};
use crate::places::Places;
use crate::queue::{Job, RunQueue, Tasks};
use crate::share::Shares;
use crate::{Late, Limits, Share, ShareUse};
use std::fmt;

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
        Self { cores, background, others, places, shares: Shares::default(), limits }
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
        Ok(Admitted::new(self.queue(), &self.places, share, self.limits.max_wait))
    }

    /// The same for a run that was let in and goes on where it is on another thread: whoever let it in still holds what
    /// [`Self::admit`] gave.
    pub fn go_on<'s>(&'s self, share: &'s Share) -> Admitted<'s, J> {
        Admitted::going_on(self.queue(), &self.places, share, self.limits.max_wait)
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
