//! The state of one run: what the guest may read, and what it left behind.

use crate::host::event::Projection;
use crate::host::random::Stream;
use crate::limiter::Limiter;
use postlude_model::decision::Command;
use postlude_model::http::Exchange;
use postlude_model::run::{Log, RunInput};
use tokio::time::Instant;

/// The data of a run's store.
#[derive(Debug)]
pub struct Run {
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
    /// Fuel that the host function which is running owes for its own work.
    pub owed: u64,
    /// The event, as far as it is granted; read at the first use.
    pub event: Option<Projection>,
    /// The random numbers; made at the first use.
    pub random: Option<Stream>,
    /// Requests so far, answered or not.
    pub requests: usize,
    /// The requests that were answered.
    pub http: Vec<Exchange>,
    /// When the wall clock runs out.
    pub deadline: Instant,
}

impl Run {
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
            owed: 0,
            event: None,
            random: None,
            requests: 0,
            http: Vec::new(),
            deadline,
        }
    }

    /// Lets the running host function's work cost more than its arguments and result do.
    pub const fn owe(&mut self, fuel: u64) {
        self.owed = self.owed.saturating_add(fuel);
    }
}
