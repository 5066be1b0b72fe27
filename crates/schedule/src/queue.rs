//! The queue of a core: who waits for a turn, and who leads.
//!
//! One of the waiting *leads*. It does the jobs of all of them, in the queue's order, one after the other; where the next turn is a
//! slice of somebody's future, which only its own task can poll, it makes that one the leader. So one guest computes at a time, no
//! thread or task is the queue's own, and a queue works under whatever runtime its runs are polled.

use crate::fair::{FairQueue, Lane};
use crate::limits::COHORT;
use crate::{Late, Share};
use slab::Slab;
use std::future::Future as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

/// A short run: done in one go, by whoever leads.
pub trait Job: Send {
    /// What it comes to.
    type Output: Send;
    /// Does it.
    fn run(self) -> Self::Output;
}

/// The queue of one core.
pub(crate) struct RunQueue<J: Job>(Mutex<State<J>>);

/// Whose tasks a queue has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tasks {
    /// Those of one runtime that runs as long as the queue is used: a core's.
    OfOneRuntime,
    /// Those of any.
    OfAny,
}

struct State<J: Job> {
    tasks: Tasks,
    waiting: FairQueue<usize>,
    tickets: Slab<Ticket<J>>,
    leader: Option<usize>,
}

struct Ticket<J: Job> {
    share: Share,
    since: Instant,
    give_up: Instant,
    waker: Option<Waker>,
    step: Step<J>,
}

/// How far a ticket is.
enum Step<J: Job> {
    /// A job that waits for its turn.
    Job(J),
    /// A slice of a future that waits for its turn.
    Slice,
    /// The leader does the job.
    Running,
    /// The slice has its turn: its ticket leads.
    Granted,
    /// The job is done.
    Done(thread::Result<J::Output>, Duration),
    /// It waited too long.
    Late,
    /// Nobody waits for it any more. The entry goes once the queue, or the leader, comes to it.
    Gone,
}

/// What a job came to, or its panic, and how long it waited.
pub(crate) type JobDone<T> = (thread::Result<T>, Duration);

/// What waits for a turn.
pub(crate) enum Wanted<J> {
    /// A job.
    Job(J),
    /// A slice.
    Slice,
}

impl<J: Job> RunQueue<J> {
    /// An empty queue.
    pub(crate) fn new(tasks: Tasks) -> Self {
        Self(Mutex::new(State { tasks, waiting: FairQueue::default(), tickets: Slab::new(), leader: None }))
    }

    fn state(&self) -> MutexGuard<'_, State<J>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters the queue. Returns the ticket, and whether it leads: then the tasks that are ready come first, and may join it.
    pub(crate) fn enter(&self, share: &Share, lane: Lane, wanted: Wanted<J>, may_wait: Duration) -> (usize, bool) {
        let since = Instant::now();
        let step = match wanted {
            Wanted::Job(job) => Step::Job(job),
            Wanted::Slice => Step::Slice,
        };
        let mut state = self.state();
        let give_up = since + may_wait;
        let key = state.tickets.insert(Ticket { share: share.clone(), since, give_up, waker: None, step });
        state.waiting.push(share.id(), lane, key);
        let leads = state.leader.is_none();
        if leads {
            state.leader = Some(key);
        }
        (key, leads)
    }

    /// Whether the job is done; leads the queue where it is this ticket's turn to.
    pub(crate) fn poll_job(&self, key: usize, context: &Context<'_>) -> Poll<Result<JobDone<J::Output>, Late>> {
        let mut state = self.lead_if_due(key);
        match state.tickets.get_mut(key).map(|ticket| std::mem::replace(&mut ticket.step, Step::Gone)) {
            Some(Step::Done(output, waited)) => {
                state.remove(key);
                return Poll::Ready(Ok((output, waited)));
            }
            None | Some(Step::Late) => {
                state.remove(key);
                return Poll::Ready(Err(Late::Waited));
            }
            Some(other) => state.wait(key, other, context),
        }
        Poll::Pending
    }

    /// Whether the slice has its turn; leads the queue where it is this ticket's turn to.
    pub(crate) fn poll_turn(&self, key: usize, context: &Context<'_>) -> Poll<Result<Duration, Late>> {
        let mut state = self.lead_if_due(key);
        match state.tickets.get_mut(key).map(|ticket| std::mem::replace(&mut ticket.step, Step::Gone)) {
            Some(Step::Granted) => {
                let waited = state.tickets.get_mut(key).map(|ticket| {
                    ticket.step = Step::Granted;
                    ticket.since.elapsed()
                });
                return Poll::Ready(Ok(waited.unwrap_or_default()));
            }
            None | Some(Step::Late) => {
                state.remove(key);
                return Poll::Ready(Err(Late::Waited));
            }
            Some(other) => state.wait(key, other, context),
        }
        Poll::Pending
    }

    /// Ends the turn of a slice that took this long: the next one leads.
    pub(crate) fn end_turn(&self, key: usize, took: Duration) {
        let mut state = self.state();
        if let Some(ticket) = state.tickets.get(key) {
            let (share, used) = (ticket.share.id(), ticket.share.used(took));
            state.waiting.charge(share, used);
        }
        state.remove(key);
    }

    /// Leaves the queue, whatever the ticket waits for.
    pub(crate) fn leave(&self, key: usize) {
        let mut state = self.state();
        let Some(ticket) = state.tickets.get_mut(key) else { return };
        match ticket.step {
            Step::Job(_) | Step::Slice | Step::Running => {
                ticket.step = Step::Gone;
                ticket.waker = None;
                state.pass_on(key);
            }
            Step::Granted | Step::Done(..) | Step::Late | Step::Gone => state.remove(key),
        }
    }

    /// Leads where this ticket is the leader and waits for its turn; what leads already, has its turn.
    fn lead_if_due(&self, key: usize) -> MutexGuard<'_, State<J>> {
        let state = self.state();
        let waits = state.tickets.get(key).is_some_and(|ticket| matches!(ticket.step, Step::Job(_) | Step::Slice));
        if state.leader == Some(key) && waits { self.lead(state) } else { state }
    }

    /// Gives turns in the queue's order, until nothing waits, another one must lead, or the cohort has taken its time.
    fn lead<'a>(&'a self, mut state: MutexGuard<'a, State<J>>) -> MutexGuard<'a, State<J>> {
        let (began, tasks) = (Instant::now(), state.tasks);
        let mut now = began;
        while let Some(next) = state.waiting.pop() {
            let Some(ticket) = state.tickets.get_mut(next) else { continue };
            let step = match std::mem::replace(&mut ticket.step, Step::Late) {
                Step::Gone => {
                    state.tickets.remove(next);
                    continue;
                }
                _ if now > ticket.give_up => {
                    ticket.wake();
                    continue;
                }
                step => step,
            };
            let Step::Job(job) = step else {
                ticket.step = Step::Granted;
                ticket.wake_later(tasks);
                state.leader = Some(next);
                return state;
            };
            ticket.step = Step::Running;
            let waited = now.saturating_duration_since(ticket.since);
            drop(state);
            // A defect in a host function is the job's own, and not of the one who does it.
            let output = catch_unwind(AssertUnwindSafe(|| job.run()));
            let ended = Instant::now();
            state = self.state();
            state.done(next, output, waited, ended.saturating_duration_since(now));
            now = ended;
            if now.saturating_duration_since(began) > COHORT {
                state.next_leads();
                return state;
            }
        }
        state.leader = None;
        state
    }
}

impl<J: Job> State<J> {
    /// Keeps a ticket's step, and has its task woken once there is something for it to do.
    fn wait(&mut self, key: usize, step: Step<J>, context: &Context<'_>) {
        let leads = self.leader == Some(key);
        let Some(ticket) = self.tickets.get_mut(key) else { return };
        ticket.step = step;
        ticket.waker = Some(context.waker().clone());
        if leads {
            ticket.wake_later(self.tasks);
        }
    }

    fn done(&mut self, key: usize, output: thread::Result<J::Output>, waited: Duration, took: Duration) {
        let Some(ticket) = self.tickets.get_mut(key) else { return };
        let (share, used) = (ticket.share.id(), ticket.share.used(took));
        if matches!(ticket.step, Step::Gone) {
            self.tickets.remove(key);
        } else {
            ticket.step = Step::Done(output, waited);
            ticket.wake();
        }
        self.waiting.charge(share, used);
    }

    /// Removes a ticket that is in no queue any more.
    fn remove(&mut self, key: usize) {
        self.tickets.try_remove(key);
        self.pass_on(key);
    }

    /// Has another one lead, if this ticket does.
    fn pass_on(&mut self, key: usize) {
        if self.leader == Some(key) {
            self.next_leads();
        }
    }

    /// Makes the next of the waiting the leader.
    fn next_leads(&mut self) {
        self.leader = None;
        while let Some(next) = self.waiting.peek().copied() {
            match self.tickets.get_mut(next) {
                Some(ticket) if !matches!(ticket.step, Step::Gone) => {
                    ticket.wake_later(self.tasks);
                    self.leader = Some(next);
                    return;
                }
                _ => {
                    self.waiting.pop();
                    self.tickets.try_remove(next);
                }
            }
        }
    }
}

impl<J: Job> Ticket<J> {
    /// Wakes the ticket's task, once: whoever leads would else be woken for what it does itself.
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Wakes the ticket's task once all tasks that are ready were polled, and what arrived meanwhile was looked for. Guests that
    /// hand their turns to one another would else keep the core from its connections.
    fn wake_later(&mut self, tasks: Tasks) {
        let Some(waker) = self.waker.take() else { return };
        match tasks {
            Tasks::OfOneRuntime => {
                // It is not this task that yields: the runtime keeps the waker that it is given.
                let yields = pin!(tokio::task::yield_now());
                let _ = yields.poll(&mut Context::from_waker(&waker));
            }
            // This thread's runtime may end before it wakes a task of another.
            Tasks::OfAny => waker.wake(),
        }
    }
}
