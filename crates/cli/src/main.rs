//! The `postlude` command.

mod api;
mod args;
mod log_writer;
mod output;
mod subcommands;
mod telemetry;
mod tls;

use clap::Parser;
use mimalloc::MiMalloc;
use std::process::ExitCode;

/// A login makes hundreds of small allocations, and other threads free some of them: the system's allocator takes a fifth
/// more of its time, and several times more where it is musl's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match args::Postlude::parse().command.run() {
        Ok(code) => code,
        Err(why) => output::fail(&why),
    }
}
