//! Why a plugin file does not become a plugin.

use super::limits::shown;
use postlude_sandbox::LoadError;
use std::path::PathBuf;
use std::time::Duration;

/// Why a plugin file does not become a plugin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// The file is none that this host runs.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The compiling process refused it; the text is a [`LoadError`]'s.
    #[error("{0}")]
    Refused(String),
    /// Compiling the component takes too much memory.
    #[error("compiling it takes more than {} of memory; make its functions smaller, or strip what it does not use", shown(*.0))]
    Memory(u64),
    /// Compiling the component takes too much processor time.
    #[error("compiling it takes more than {} s of processor time; make its functions smaller, or strip what it does not use", .0.as_secs())]
    Time(Duration),
    /// Compiling the component was not done in time.
    #[error("compiling it was not done after {} s; if the machine was busy, try again", .0.as_secs())]
    Deadline(Duration),
    /// Its machine code is too large.
    #[error("its machine code has more than {}; make its functions smaller, or strip what it does not use", shown(*.0))]
    TooMuchCode(u64),
    /// The compiler itself failed on it.
    #[error("the compiler fails on it: {0}")]
    Crashed(String),
    /// The compiling process cannot be had. The plugin may be as it should.
    #[error("it cannot be compiled, because `{}` does not work as a compiler: {why}", .program.display())]
    Worker {
        /// The program.
        program: PathBuf,
        /// The reason.
        why: String,
    },
}
