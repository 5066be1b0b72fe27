//! From plugin files to plugins: compiled at most once, in a process that can be killed, kept on the disk, shared in memory.
//!
//! ```text
//! Compiler::plugin              the registry: a plugin that a pipeline holds already, or that is just being made
//!   CodeCache::read             the disk: code that this host compiled and authenticated
//!   compile_process::compile    a process with limits; `worker` is its other end
//!   CodeCache::write
//! ```

mod code_cache;
mod compile_process;
mod compiler;
mod error;
mod limits;
mod progress;
mod shut_in;
mod worker;

pub use compiler::{Compilation, Compiler};
pub use error::CompileError;
pub use worker::{WorkerLimits, worker};

pub(crate) use progress::all;
