//! `postlude man`: the manual pages, one per command.

use crate::output;
use anyhow::{Context as _, Result};
use std::path::PathBuf;
use std::process::ExitCode;

/// Write the manual pages into a directory.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  postlude man --out /usr/local/share/man/man1\n  \
    postlude man --out . && man ./postlude-serve.1")]
pub(crate) struct Args {
    /// The directory; it is made when it is missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Writes the manual pages of this command line.
pub(crate) fn run(args: &Args, postlude: clap::Command) -> Result<ExitCode> {
    let failed = || format!("cannot write manual pages into `{}`", args.out.display());
    std::fs::create_dir_all(&args.out).with_context(failed)?;
    clap_mangen::generate_to(postlude, &args.out).with_context(failed)?;
    output::line(format!("manual pages written into `{}`", args.out.display()));
    Ok(ExitCode::SUCCESS)
}
