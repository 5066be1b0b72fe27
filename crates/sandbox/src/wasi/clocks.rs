//! `wasi:clocks`, in virtual time: the monotonic clock begins each run at the same value and moves only while the guest waits
//! for a timer. The wall clock shows the run's `now`, which the contract's `clock` shows for the whole run, and moves with it.

use super::io::Pollable;
use crate::abi::meter::weightless;
use crate::limit_exceeded::LimitExceeded;
use crate::state::RunState;
use wasmtime::component::{ComponentType, Lower, Resource};

/// Nanoseconds in a second.
const SECOND: u64 = 1_000_000_000;
/// Nanoseconds in a millisecond, the unit of the run's `now`.
const MILLISECOND: u64 = 1_000_000;

/// Seconds and nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lower)]
#[component(record)]
pub struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

weightless!(Datetime);

impl Datetime {
    fn new(seconds: u64, nanoseconds: u64) -> Self {
        let seconds = seconds.saturating_add(nanoseconds / SECOND);
        Self { seconds, nanoseconds: u32::try_from(nanoseconds % SECOND).unwrap_or_default() }
    }
}

/// `now` of the monotonic clock.
pub fn now(run: &mut RunState, (): ()) -> u64 {
    run.wasi().clock.now()
}

/// `resolution` of the monotonic clock: a nanosecond.
pub fn resolution(_: &mut RunState, (): ()) -> u64 {
    1
}

/// `subscribe-instant`.
pub fn at(run: &mut RunState, (instant,): (u64,)) -> Result<Resource<Pollable>, LimitExceeded> {
    Pollable::timer(run, instant)
}

/// `subscribe-duration`.
pub fn after(run: &mut RunState, (duration,): (u64,)) -> Result<Resource<Pollable>, LimitExceeded> {
    let instant = run.wasi().clock.now().saturating_add(duration);
    Pollable::timer(run, instant)
}

/// `now` of the wall clock.
pub fn wall(run: &mut RunState, (): ()) -> Datetime {
    let (now, waited) = (run.input.now.0, run.wasi().clock.waited());
    let (seconds, rest) = (now / 1000, (now % 1000).saturating_mul(MILLISECOND).saturating_add(waited % SECOND));
    Datetime::new(seconds.saturating_add(waited / SECOND), rest)
}

/// `resolution` of the wall clock: a nanosecond.
pub fn wall_resolution(_: &mut RunState, (): ()) -> Datetime {
    Datetime::new(0, 1)
}
