//! `postlude compile-worker`: the process in which a server compiles one plugin. Not for people, and not in the help.

use anyhow::Result;
use postlude_server::Compilation;
use std::path::Path;
use std::process::ExitCode;

/// Compile one component from standard input to machine code on standard output, within limits.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Address space of this process
    #[arg(long)]
    memory_bytes: u64,
    /// Processor time of this process
    #[arg(long)]
    cpu_seconds: u64,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    postlude_server::compile_worker(args.memory_bytes, args.cpu_seconds)?;
    Ok(ExitCode::SUCCESS)
}

/// Compiling in processes of this program.
pub(crate) fn compilation() -> Result<Compilation> {
    // On Linux this is the file that runs, also after an upgrade put another one in its place.
    let running = Path::new("/proc/self/exe");
    let program = if running.exists() { running.to_owned() } else { std::env::current_exe()? };
    Ok(Compilation::Child(program))
}
