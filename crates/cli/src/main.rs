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

fn main() -> ExitCode {
    match args::Postlude::parse().command.run() {
        Ok(code) => code,
        Err(why) => output::fail(&why),
    }
}
