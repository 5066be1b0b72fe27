//! From plugin files to plugins: compiled at most once, in a process that can be killed, kept on the disk, shared in memory.
//!
//! ```text
//! Compiler::plugin    house: a plugin that somebody holds already, or is just being made
//!   CodeCache::read   the disk: code that this host compiled and authenticated
//!   child::compile    a process with limits; `worker` is its other end
//!   CodeCache::write
//! ```

mod cache;
mod child;
mod compiler;
mod error;
mod limits;
mod progress;
mod worker;

pub use compiler::{Compilation, Compiler};
pub use error::CompileError;
pub use worker::{WorkerLimits, worker};

pub(crate) use progress::all;
