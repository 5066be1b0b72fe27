//! The `postlude` command.

mod api;
mod args;
mod atomic;
mod log;
mod login;
mod new_files;
mod output;
mod registry;
mod subcommands;
mod telemetry;
mod tls;

use clap::Parser;
use mimalloc::MiMalloc;
use std::process::ExitCode;

/// A login makes hundreds of small allocations, and other threads free some of them. With the system's allocator it took more
/// processor time; and the static binary would have musl's, which has one lock for all threads.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match args::Postlude::parse().command.run() {
        Ok(code) => output::ended(code),
        Err(why) => output::fail(&why),
    }
}
