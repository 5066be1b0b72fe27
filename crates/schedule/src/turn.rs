//! A ticket in a queue, and a slice's turn. Both leave the queue when they are dropped, wherever they were.

use crate::fair::Lane;
use crate::queue::{Job, RunQueue, Wanted};
use crate::{Late, Share};
use std::future::poll_fn;
use std::panic::resume_unwind;
use std::time::{Duration, Instant};

/// Does a job in its turn. Returns what it came to, and how long it waited.
///
/// # Errors
/// [`Late::Waited`].
///
/// # Panics
/// When the job does.
pub(crate) async fn job<J: Job>(
    queue: &RunQueue<J>,
    share: &Share,
    lane: Lane,
    job: J,
    may_wait: Duration,
) -> Result<(J::Output, Duration), Late> {
    let mut ticket = Ticket::enter(queue, share, lane, Wanted::Job(job), may_wait).await;
    let polled = poll_fn(|context| queue.poll_job(ticket.key, context)).await;
    // The queue has removed it, and may have given its key to another one meanwhile.
    ticket.left = true;
    let (output, waited) = polled?;
    match output {
        Ok(output) => Ok((output, waited)),
        Err(panic) => resume_unwind(panic),
    }
}

/// A slice's turn: until it is dropped, no other guest computes on this core.
pub(crate) struct Turn<'q, J: Job> {
    ticket: Ticket<'q, J>,
    began: Instant,
    waited: Duration,
}

impl<'q, J: Job> Turn<'q, J> {
    /// Waits for the turn.
    ///
    /// # Errors
    /// [`Late::Waited`].
    pub(crate) async fn wait(
        queue: &'q RunQueue<J>,
        share: &Share,
        lane: Lane,
        may_wait: Duration,
    ) -> Result<Self, Late> {
        let mut ticket = Ticket::enter(queue, share, lane, Wanted::Slice, may_wait).await;
        let polled = poll_fn(|context| queue.poll_turn(ticket.key, context)).await;
        // Without a turn the queue has removed it.
        ticket.left = polled.is_err();
        Ok(Self { waited: polled?, ticket, began: Instant::now() })
    }

    /// How long it was waited for.
    pub(crate) const fn waited(&self) -> Duration {
        self.waited
    }
}

impl<J: Job> Drop for Turn<'_, J> {
    fn drop(&mut self) {
        self.ticket.queue.end_turn(self.ticket.key, self.began.elapsed());
        self.ticket.left = true;
    }
}

struct Ticket<'q, J: Job> {
    queue: &'q RunQueue<J>,
    key: usize,
    left: bool,
}

impl<'q, J: Job> Ticket<'q, J> {
    async fn enter(queue: &'q RunQueue<J>, share: &Share, lane: Lane, wanted: Wanted<J>, may_wait: Duration) -> Self {
        let (key, leads) = queue.enter(share, lane, wanted, may_wait);
        let ticket = Self { queue, key, left: false };
        if leads {
            // What is ready comes first, and what arrived meanwhile is looked for: their runs join this one's.
            tokio::task::yield_now().await;
        }
        ticket
    }
}

impl<J: Job> Drop for Ticket<'_, J> {
    fn drop(&mut self) {
        if !self.left {
            self.queue.leave(self.key);
        }
    }
}
