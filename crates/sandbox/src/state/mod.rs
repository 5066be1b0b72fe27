//! The state of one run: what the guest may read, and what it left behind. It knows no version of the contract.

pub mod event_view;
pub mod random_stream;

use crate::limiter::Limiter;
use crate::price::{Price, Work};
use crate::profile::recorder::Recorder;
use event_view::EventView;
use postlude_model::decision::Command;
use postlude_model::http::Exchange;
use postlude_model::run::{Log, RunInput};
use random_stream::RandomStream;
use tokio::time::Instant;

/// The data of a run's store.
#[derive(Debug)]
pub struct RunState {
    /// Everything that the guest can observe.
    pub input: RunInput,
    /// The buffered effects, in order.
    pub commands: Vec<Command>,
    /// The log so far.
    pub log: Log,
    /// Bytes in the log so far.
    pub log_bytes: usize,
    /// Memory and tables.
    pub limiter: Limiter,
    /// Calls of host functions.
    pub host_calls: u64,
    /// Bytes that the guest handed to the host.
    pub argument_bytes: usize,
    /// The price class of the host function that was called last.
    pub price: Price,
    /// Fuel that the host function which is running owes for its work.
    pub owed: u64,
    /// The event, as far as it is granted; made at the first use.
    pub event: Option<EventView>,
    /// The random numbers; made at the first use.
    pub random: Option<RandomStream>,
    /// Requests so far, answered or not.
    pub requests: usize,
    /// The requests that were answered.
    pub http: Vec<Exchange>,
    /// When the wall clock runs out.
    pub deadline: Instant,
    /// Records what each function spends; in a profiled run alone.
    pub recorder: Option<Box<Recorder>>,
}

impl RunState {
    /// The state before the first instruction.
    pub fn new(input: RunInput, deadline: Instant) -> Self {
        Self {
            limiter: Limiter::new(input.action.spec.budget.memory_bytes),
            input,
            commands: Vec::new(),
            log: Log::default(),
            log_bytes: 0,
            host_calls: 0,
            argument_bytes: 0,
            price: Price::Crossing,
            owed: 0,
            event: None,
            random: None,
            requests: 0,
            http: Vec::new(),
            deadline,
            recorder: None,
        }
    }

    /// Makes the running host function pay for work besides its crossing of the boundary. The function's price class in the
    /// contract's table must cover it.
    pub fn owe(&mut self, work: Work) {
        debug_assert!(self.price.covers(work), "a host function of price class {:?} owes {work:?}", self.price);
        self.owed = self.owed.saturating_add(work.fuel());
    }
}
