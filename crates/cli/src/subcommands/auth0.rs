//! `postlude auth0`: actions that were written for Auth0, as they are.

mod case;
mod compare;
mod diff;
mod observed;

use anyhow::Result;
use clap::Subcommand;
use std::process::ExitCode;

/// Compare actions that were written for Auth0 in Node and as plugins.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Diff(diff::Args),
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    match args.command {
        Command::Diff(args) => diff::run(&args),
    }
}
