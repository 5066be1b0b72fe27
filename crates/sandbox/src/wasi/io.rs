//! `wasi:io`: polls that jump to the next timer, an input that is at its end, and outputs that are the run's log.

use crate::abi::meter::weightless;
use crate::limit_exceeded::LimitExceeded;
use crate::price::Work;
use crate::state::RunState;
use crate::state::timers::TooManyTimers;
use crate::state::virtual_clock::WaitedTooLong;
use crate::state::wasi::Stream;
use postlude_model::run::Limit;
use wasmtime::component::{ComponentType, Lower, Resource};

/// Bytes that one write may have: what `wasi:io` guarantees for its blocking writes, so that any caller can deal with it.
const WRITE_BYTES: usize = 4096;
/// As many zeroes as a guest may write at once.
static ZEROES: [u8; WRITE_BYTES] = [0; WRITE_BYTES];
/// The handle of standard input behind the guest's own number.
pub const STDIN: u32 = 0;

/// An error with details. No stream of ours has one.
#[derive(Debug)]
pub enum IoError {}

/// What a guest waits for: a timer, or nothing at all.
#[derive(Debug)]
pub enum Pollable {}

/// Standard input, which is at its end.
#[derive(Debug)]
pub enum InputStream {}

/// Standard output or error.
#[derive(Debug)]
pub enum OutputStream {}

/// Why a stream does nothing.
#[derive(Debug, ComponentType, Lower)]
#[component(variant)]
pub enum StreamError {
    /// An error with details.
    #[expect(dead_code, reason = "the guest's type must have the same cases")]
    #[component(name = "last-operation-failed")]
    LastOperationFailed(Resource<IoError>),
    /// The stream is at its end.
    #[component(name = "closed")]
    Closed,
}

impl Pollable {
    /// The number of everything that is ready. No timer has it: there are far fewer.
    const READY: u32 = u32::MAX;

    /// A new handle of a new timer.
    pub fn timer(run: &mut RunState, instant: u64) -> Result<Resource<Self>, LimitExceeded> {
        run.wasi().timers.add(instant).map(Resource::new_own).map_err(|TooManyTimers| LimitExceeded(Limit::Handles))
    }

    /// A new handle of something that is ready.
    fn ready() -> Resource<Self> {
        Resource::new_own(Self::READY)
    }

    /// When it is ready, on the monotonic clock.
    fn instant(run: &mut RunState, handle: &Resource<Self>) -> u64 {
        if handle.rep() == Self::READY { 0 } else { run.wasi().timers.instant(handle.rep()) }
    }

    /// Forgets what a handle stood for.
    pub fn drop(run: &mut RunState, number: u32) {
        if number != Self::READY {
            run.wasi().timers.remove(number);
        }
    }
}

impl OutputStream {
    /// A new handle. Its number says which stream it is.
    pub fn handle(stream: Stream) -> Resource<Self> {
        Resource::new_own(match stream {
            Stream::Stdout => 1,
            Stream::Stderr => 2,
        })
    }
}

fn stream(handle: &Resource<OutputStream>) -> Stream {
    if handle.rep() == 1 { Stream::Stdout } else { Stream::Stderr }
}

weightless!(StreamError);

/// A poll of nothing would never end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the plugin polls an empty list, which never becomes ready")]
pub struct EmptyPoll;

/// A write of more bytes at once than the stream said it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the plugin writes {0} zeroes at once, the stream takes {WRITE_BYTES} bytes")]
pub struct TooManyZeroes(u64);

/// `poll`: the positions of what is ready. Where nothing is, time jumps to the earliest timer.
pub fn poll(run: &mut RunState, (handles,): (Vec<Resource<Pollable>>,)) -> wasmtime::Result<Vec<u32>> {
    let instants: Vec<u64> = handles.iter().map(|handle| Pollable::instant(run, handle)).collect();
    let earliest = instants.iter().min().copied().ok_or(EmptyPoll)?;
    let clock = &mut run.wasi().clock;
    clock.wait_until(earliest)?;
    Ok((0..).zip(instants).filter(|(_, instant)| *instant <= clock.now()).map(|(position, _)| position).collect())
}

/// `ready`.
pub fn ready(run: &mut RunState, (handle,): (Resource<Pollable>,)) -> bool {
    Pollable::instant(run, &handle) <= run.wasi().clock.now()
}

/// `block`.
pub fn block(run: &mut RunState, (handle,): (Resource<Pollable>,)) -> Result<(), WaitedTooLong> {
    let instant = Pollable::instant(run, &handle);
    run.wasi().clock.wait_until(instant)
}

/// `subscribe` of a stream: a stream never lets its guest wait.
pub fn subscribe_input(_: &mut RunState, (_,): (Resource<InputStream>,)) -> Resource<Pollable> {
    Pollable::ready()
}

/// `subscribe` of an output.
pub fn subscribe_output(_: &mut RunState, (_,): (Resource<OutputStream>,)) -> Resource<Pollable> {
    Pollable::ready()
}

/// `read` and `blocking-read`.
pub fn read(_: &mut RunState, (_, _): (Resource<InputStream>, u64)) -> Result<Vec<u8>, StreamError> {
    Err(StreamError::Closed)
}

/// `skip` and `blocking-skip`.
pub fn skip(_: &mut RunState, (_, _): (Resource<InputStream>, u64)) -> Result<u64, StreamError> {
    Err(StreamError::Closed)
}

/// `check-write`.
pub fn check_write(_: &mut RunState, (_,): (Resource<OutputStream>,)) -> Result<u64, StreamError> {
    Ok(WRITE_BYTES as u64)
}

/// `write` and `blocking-write-and-flush`. Longer writes than `check-write` says do no harm: they are paid for by the byte.
pub fn write(run: &mut RunState, (handle, bytes): (Resource<OutputStream>, Vec<u8>)) -> Result<(), StreamError> {
    let escaped = run.write(stream(&handle), &bytes);
    run.owe(Work::Escape(escaped));
    Ok(())
}

/// `write-zeroes` and `blocking-write-zeroes-and-flush`.
pub fn write_zeroes(
    run: &mut RunState,
    (handle, n): (Resource<OutputStream>, u64),
) -> Result<Result<(), StreamError>, TooManyZeroes> {
    let zeroes = usize::try_from(n).ok().and_then(|n| ZEROES.get(..n)).ok_or(TooManyZeroes(n))?;
    let escaped = run.write(stream(&handle), zeroes);
    run.owe(Work::Escape(escaped.saturating_add(zeroes.len())));
    Ok(Ok(()))
}

/// `flush` and `blocking-flush`: a line is logged when it ends, and the last one with the run.
pub fn flush(_: &mut RunState, (_,): (Resource<OutputStream>,)) -> Result<(), StreamError> {
    Ok(())
}

/// `splice` and `blocking-splice`: no input has anything.
pub fn splice(
    _: &mut RunState,
    (_, _, _): (Resource<OutputStream>, Resource<InputStream>, u64),
) -> Result<u64, StreamError> {
    Err(StreamError::Closed)
}
