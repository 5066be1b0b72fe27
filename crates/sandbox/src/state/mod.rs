//! The state of one run: what the guest may read, and what it left behind. It knows no version of the contract.

pub mod event_view;
mod last_words;
mod output;
pub mod random_stream;
pub mod timers;
pub mod virtual_clock;
pub mod wasi;

use crate::escape::escaped;
use crate::limiter::Limiter;
use crate::price::{Price, Work};
use crate::profile::recorder::Recorder;
use crate::tier::TierLimits;
use event_view::EventView;
use output::Output;
use postlude_model::decision::Command;
use postlude_model::http::Exchange;
use postlude_model::run::{Level, Log, LogLine, RunInput};
use postlude_schedule::RunClock;
use random_stream::RandomStream;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use wasi::{Stream, Wasi};

/// The data of a run's store.
#[derive(Debug)]
pub struct RunState {
    /// Everything that the guest can observe.
    pub input: Box<RunInput>,
    /// What a run of its tier may have.
    pub tier: &'static TierLimits,
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
    /// What a guest that uses WASI has besides; made at the first use.
    pub wasi: Option<Box<Wasi>>,
    /// Requests so far, answered or not.
    pub requests: usize,
    /// The requests that were answered.
    pub http: Vec<Exchange>,
    /// The run's wall clock.
    pub clock: Arc<RunClock>,
    /// Records what each function spends; in a profiled run alone.
    pub recorder: Option<Box<Recorder>>,
}

impl RunState {
    /// The state before the first instruction.
    pub fn new(input: Box<RunInput>, tier: &'static TierLimits, clock: Arc<RunClock>) -> Self {
        Self {
            limiter: Limiter::new(tier, input.action.spec.budget.memory_bytes),
            tier,
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
            wasi: None,
            requests: 0,
            http: Vec::new(),
            clock,
            recorder: None,
        }
    }

    /// When what the plugin waits for must have come at the latest, so that it has this much time left to decide.
    pub fn latest(&self, margin: Duration) -> Instant {
        let deadline = self.clock.deadline();
        deadline.checked_sub(margin).unwrap_or(deadline)
    }

    /// Makes the running host function pay for work besides its crossing of the boundary. The function's price class in the
    /// contract's table must cover it.
    pub fn owe(&mut self, work: Work) {
        debug_assert!(self.price.covers(work), "a host function of price class {:?} owes {work:?}", self.price);
        self.owed = self.owed.saturating_add(work.fuel());
    }

    /// What a guest that uses WASI has besides.
    pub fn wasi(&mut self) -> &mut Wasi {
        let (seed, wall_clock) = (&self.input.seed, self.input.action.spec.budget.wall_clock);
        self.wasi.get_or_insert_with(|| Box::new(Wasi::new(seed, wall_clock)))
    }

    /// Logs what a guest writes to a stream, line by line. Returns the bytes that were escaped for it, which the running host
    /// function owes.
    pub fn write(&mut self, stream: Stream, bytes: &[u8]) -> usize {
        self.log_output(stream, |output, line| output.write(bytes, line))
    }

    /// Logs the lines that the guest began and did not end.
    pub fn end_output(&mut self) {
        if self.wasi.is_some() {
            for stream in Stream::ALL {
                self.log_output(stream, |output, line| output.end(line));
            }
        }
    }

    fn log_output(&mut self, stream: Stream, hand_out: impl FnOnce(&mut Output, &mut dyn FnMut(&str))) -> usize {
        let mut output = std::mem::take(self.wasi().output(stream));
        let mut escaped = 0_usize;
        hand_out(&mut output, &mut |line| {
            if stream == Stream::Stderr {
                self.wasi().last_words.add(line);
            }
            escaped = escaped.saturating_add(self.log(stream.level(), line, &[]));
        });
        *self.wasi().output(stream) = output;
        escaped
    }

    /// Appends a line to the log, within the budget and with nothing in it that a terminal would obey. Returns the bytes
    /// that were escaped for it, which the running host function owes.
    pub fn log(&mut self, level: Level, message: &str, fields: &[(String, String)]) -> usize {
        let budget = &self.input.action.spec.budget;
        // Once a line was dropped the log is over: what is kept has no holes.
        if self.log.dropped > 0 || self.log.lines.len() >= budget.log_lines {
            self.log.dropped = self.log.dropped.saturating_add(1);
            return 0;
        }
        let fields = fields.iter().map(|(name, value)| (escaped(name), escaped(value))).collect();
        let line = LogLine { level, message: escaped(message), fields };
        let bytes = size(&line);
        match self.log_bytes.checked_add(bytes).filter(|total| *total <= budget.log_bytes) {
            Some(total) => {
                self.log_bytes = total;
                self.log.lines.push(line);
            }
            None => self.log.dropped = 1,
        }
        bytes
    }
}

fn size(line: &LogLine) -> usize {
    let fields = line.fields.iter().map(|(name, value)| name.len().saturating_add(value.len()));
    fields.fold(line.message.len(), usize::saturating_add)
}
