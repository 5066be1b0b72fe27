//! The `postlude` command.

mod api;
mod args;
mod log_writer;
mod output;
mod subcommands;
mod telemetry;
mod tls;

use clap::Parser;
use std::process::ExitCode;

/// Plugins and requests allocate in many small pieces; `docs/performance.md` has what this one saves.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match args::Postlude::parse().command.run() {
        Ok(code) => code,
        Err(why) => output::fail(&why),
    }
}
