//! What a run has besides when its guest uses WASI. Made at the first use: a guest without WASI pays nothing for it.

use super::last_words::LastWords;
use super::output::Output;
use super::random_stream::{Purpose, RandomStream};
use super::timers::Timers;
use super::virtual_clock::VirtualClock;
use postlude_model::run::Level;
use std::time::Duration;

/// The state of WASI in a run.
#[derive(Debug)]
pub struct Wasi {
    /// What the guest waits for.
    pub timers: Timers,
    /// The clock.
    pub clock: VirtualClock,
    /// The random numbers, which are others than those of the contract.
    pub random: RandomStream,
    /// What the guest said on standard error of its own end.
    pub last_words: LastWords,
    stdout: Output,
    stderr: Output,
}

/// Where a guest writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Stdout, Self::Stderr];

    /// How much its lines matter.
    pub const fn level(self) -> Level {
        match self {
            Self::Stdout => Level::Info,
            Self::Stderr => Level::Warn,
        }
    }
}

impl Wasi {
    /// The state at the beginning of a run with this seed that may take so long.
    pub fn new(seed: &[u8; 32], wall_clock: Duration) -> Self {
        Self {
            timers: Timers::default(),
            clock: VirtualClock::new(wall_clock),
            random: RandomStream::new(seed, Purpose::Wasi),
            last_words: LastWords::default(),
            stdout: Output::default(),
            stderr: Output::default(),
        }
    }

    /// What is written to a stream.
    pub const fn output(&mut self, stream: Stream) -> &mut Output {
        match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        }
    }
}
