//! A run that was let in: it does its job, or takes a place and its turns.

use crate::clock::RunClock;
use crate::fair::Lane;
use crate::places::{Place, Places};
use crate::queue::{Job, RunQueue};
use crate::turn::{self, Turn};
use crate::{Late, Share};
use futures_util::task::AtomicWaker;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};
use tokio::time::timeout_at;

/// A run that was let in, until it is dropped.
pub struct Admitted<'s, J: Job> {
    queue: &'s RunQueue<J>,
    places: &'s Places,
    share: &'s Share,
    max_wait: Duration,
    /// Whether it is counted until it is dropped.
    counted: bool,
}

impl<'s, J: Job> Admitted<'s, J> {
    pub(crate) const fn new(queue: &'s RunQueue<J>, places: &'s Places, share: &'s Share, max_wait: Duration) -> Self {
        Self { queue, places, share, max_wait, counted: true }
    }

    pub(crate) const fn going_on(
        queue: &'s RunQueue<J>,
        places: &'s Places,
        share: &'s Share,
        max_wait: Duration,
    ) -> Self {
        Self { queue, places, share, max_wait, counted: false }
    }

    /// Does a job in its turn, with those that are due on the same core. Returns what it came to.
    ///
    /// # Errors
    /// [`Late::Waited`].
    ///
    /// # Panics
    /// When the job does; those beside it are done.
    pub async fn job(&self, lane: Lane, clock: &RunClock, job: J) -> Result<J::Output, Late> {
        let (output, waited) = turn::job(self.queue, self.share, lane, job, self.left(clock)).await?;
        clock.add_wait(waited);
        Ok(output)
    }

    /// Waits for a place, for a run of this plugin.
    ///
    /// # Errors
    /// [`Late::Waited`].
    pub async fn place(&self, plugin: u64, clock: &RunClock) -> Result<Place, Late> {
        let began = Instant::now();
        let taken = tokio::time::timeout(self.left(clock), self.places.take(self.share, plugin)).await;
        clock.add_wait(began.elapsed());
        taken.map_err(|_| Late::Waited)
    }

    /// Polls a future until it is ready, each time in a turn, within the run's own time.
    ///
    /// # Errors
    /// [`Late::Waited`] and [`Late::TimedOut`].
    pub async fn slices<F: Future>(&self, lane: Lane, clock: &RunClock, future: F) -> Result<F::Output, Late> {
        let mut future = pin!(future);
        let signal = Arc::new(Signal::default());
        let waker = Waker::from(Arc::clone(&signal));
        loop {
            let turn = Turn::wait(self.queue, self.share, lane, self.left(clock)).await?;
            clock.add_wait(turn.waited());
            signal.reset();
            let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
            drop(turn);
            if let Poll::Ready(output) = polled {
                return Ok(output);
            }
            // Woken in its own slice, it only yielded: it waits for its next turn from now on.
            let woken = signal.is_set() || timeout_at(clock.deadline(), signal.set()).await.is_ok();
            if !woken || clock.deadline() <= tokio::time::Instant::now() {
                return Err(Late::TimedOut);
            }
        }
    }

    /// How long the run may still wait.
    fn left(&self, clock: &RunClock) -> Duration {
        self.max_wait.saturating_sub(clock.waited())
    }
}

impl<J: Job> Drop for Admitted<'_, J> {
    fn drop(&mut self) {
        if self.counted {
            self.share.end();
        }
    }
}

/// Says that a future can go on.
#[derive(Debug, Default)]
struct Signal {
    set: AtomicBool,
    task: AtomicWaker,
}

impl Signal {
    fn reset(&self) {
        self.set.store(false, Ordering::Release);
    }

    fn is_set(&self) -> bool {
        self.set.load(Ordering::Acquire)
    }

    /// Waits until it is set.
    async fn set(&self) {
        poll_fn(|context| {
            self.task.register(context.waker());
            if self.is_set() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.set.store(true, Ordering::Release);
        self.task.wake();
    }
}
