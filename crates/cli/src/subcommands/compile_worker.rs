//! `postlude compile-worker`: the process in which a server compiles one plugin. Not for people, and not in the help.

use anyhow::Result;
use postlude_host::{Compilation, WorkerLimits};
use std::path::Path;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// Compile one component from standard input to machine code on standard output, within limits.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Address space of this process
    #[arg(long)]
    memory_bytes: u64,
    /// Processor time of this process
    #[arg(long)]
    cpu_seconds: u64,
    /// How much this process gives way to others, 0 to 19
    #[arg(long, default_value_t = 0)]
    niceness: u32,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    ignore_hangups()?;
    let Args { memory_bytes, cpu_seconds, niceness } = *args;
    postlude_host::compile_worker(&WorkerLimits { memory_bytes, cpu_seconds, niceness })?;
    Ok(ExitCode::SUCCESS)
}

/// A SIGHUP for the server may reach every process of its name, such as by `pkill`: this one has nothing to reload, and
/// without a handler it would end.
fn ignore_hangups() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let _entered = runtime.enter();
    // The handler stays when the runtime goes.
    signal(SignalKind::hangup()).map(drop)?;
    Ok(())
}

/// Compiling in processes of this program.
pub(crate) fn compilation() -> Result<Compilation> {
    // On Linux this is the file that runs, also after an upgrade put another one in its place.
    let running = Path::new("/proc/self/exe");
    let program = if running.exists() { running.to_owned() } else { std::env::current_exe()? };
    Ok(Compilation::Child(program))
}
