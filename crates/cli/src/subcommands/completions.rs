//! `postlude completions`: what a shell needs to complete commands and options.

use crate::output;
use anyhow::Result;
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

/// Writes the completions of this command line to standard output.
pub(crate) fn run(args: &Args, mut postlude: clap::Command) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut postlude, "postlude", &mut script);
    output::write(&script);
    Ok(ExitCode::SUCCESS)
}
