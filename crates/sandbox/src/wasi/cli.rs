//! `wasi:cli`: standard streams, and the end of a program.

use super::io::{InputStream, OutputStream, STDIN};
use crate::state::RunState;
use crate::state::wasi::Stream;
use wasmtime::component::Resource;

/// The plugin ended its program instead of answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the plugin ended itself with exit status {0} and decided nothing; return a decision or a failure instead")]
pub struct Exited(u8);

/// `exit`.
pub fn exit(_: &mut RunState, (status,): (Result<(), ()>,)) -> Exited {
    Exited(u8::from(status.is_err()))
}

/// `exit-with-code`.
pub fn exit_with_code(_: &mut RunState, (status,): (u8,)) -> Exited {
    Exited(status)
}

/// `get-stdin`.
pub fn stdin(_: &mut RunState, (): ()) -> Resource<InputStream> {
    Resource::new_own(STDIN)
}

/// `get-stdout`.
pub fn stdout(_: &mut RunState, (): ()) -> Resource<OutputStream> {
    OutputStream::handle(Stream::Stdout)
}

/// `get-stderr`.
pub fn stderr(_: &mut RunState, (): ()) -> Resource<OutputStream> {
    OutputStream::handle(Stream::Stderr)
}
