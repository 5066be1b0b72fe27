//! `postlude-bench`: what a login costs, beside the bare engine, a bare HTTP handler, a minimal server and the peers.

mod answer_head;
mod args;
mod bare;
mod bare_http;
mod busy;
mod configuration;
mod contenders;
mod durable;
mod effort;
mod engine_rows;
mod event;
mod fairness;
mod fill;
mod floor;
mod folder;
mod load;
mod login_rows;
mod logins_load;
mod markdown;
mod minimal;
mod open_loop;
mod opening_rows;
mod peers;
mod prepared;
mod processor_time;
mod report;
mod rounds;
mod runs_alone;
mod server;
mod size_rows;
mod slow_partner;
mod stats;
mod steps;
mod story;

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
            report::progress(&format!("{why:#}"));
            ExitCode::FAILURE
        }
    }
}
