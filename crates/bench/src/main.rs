//! `postlude-bench`: what a login costs, beside the bare engine, a bare HTTP handler and the peers, in one table.

mod args;
mod bare;
mod bare_http;
mod effort;
mod engine_rows;
mod event;
mod folder;
mod http_rows;
mod load;
mod peers;
mod prepared;
mod processes;
mod scale;
mod server;
mod stats;
mod story;
mod table;

use clap::Parser;
use mimalloc::MiMalloc;
use std::process::ExitCode;

/// As the server has it: what is compared must not differ in that.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match args::Args::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            table::print_line(&format!("postlude-bench: {why:#}"));
            ExitCode::FAILURE
        }
    }
}
