//! `postlude init`: a configuration that is checked and served as it is, with keys and a plugin in place.

mod files;
mod report;

use crate::new_files;
use anyhow::{Result, bail};
use files::Setup;
use postlude_model::names::TenantName;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// Make a postlude.toml that works: with comments, keys and a plugin in place.
///
/// The API keys are shown once, and the configuration holds their hashes. Keys are files that only you may read. Nothing that
/// exists is overwritten.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  postlude init\n  postlude init login --tenant acme --factor\n  \
    postlude init /etc/postlude --listen 127.0.0.1:9000 --json > keys.json\n\n\
    Then `postlude check` says `ok`, `postlude serve` serves, and the printed command asks for the first login.")]
pub(crate) struct Args {
    /// The folder; it is made where it is missing
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// The tenant: the name of your identity provider's name space
    #[arg(long, default_value = "acme")]
    tenant: TenantName,
    /// Where Postlude listens
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8480")]
    listen: SocketAddr,
    /// Put the second factor on a prompt site into the pipeline, instead of writing it as an example
    #[arg(long)]
    factor: bool,
    /// Print JSON, keys included
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    if args.listen.port() == 0 {
        bail!("`--listen {}` has the port 0, and the issuer's URL needs a real one, such as 8480", args.listen);
    }
    let setup = Setup::new(&args.tenant, args.listen, args.factor)?;
    let files = setup.files()?;
    new_files::write_all(&args.dir, &files)?;
    let ignored = files::ignore_secrets(&args.dir)?;
    if args.json {
        report::json(&args.dir, &setup, &files)?
    } else {
        report::show(&args.dir, &setup, &files, ignored)
    }
    Ok(ExitCode::SUCCESS)
}
