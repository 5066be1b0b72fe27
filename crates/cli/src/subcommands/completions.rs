//! `postlude completions`: what a shell needs to complete commands and options.

use crate::args::Postlude;
use anyhow::Result;
use clap::CommandFactory as _;
use clap_complete::Shell;
use std::process::ExitCode;

/// Print the completions of a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  postlude completions bash > /etc/bash_completion.d/postlude\n  \
    postlude completions zsh > \"${fpath[1]}/_postlude\"\n  \
    postlude completions fish > ~/.config/fish/completions/postlude.fish")]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    clap_complete::generate(args.shell, &mut Postlude::command(), "postlude", &mut std::io::stdout());
    Ok(ExitCode::SUCCESS)
}
