//! `postlude explain`: what happened in a login, and why.

mod story;

use crate::api::Target;
use crate::output;
use anyhow::{Context, Result};
use std::process::ExitCode;

/// Explain a login: what ran, what it decided and why, over all its prompts.
///
/// Asks a running server. The login's id is in every answer to the IdP, in the log and in `postlude watch`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  POSTLUDE_API_KEY=plk_.. postlude explain LOGIN\n  postlude explain LOGIN --url https://postlude.internal --key-file reader.key\n  \
    postlude explain LOGIN --json | jq '.timeline[].why'"
)]
pub(crate) struct Args {
    /// The login
    login: String,
    #[command(flatten)]
    target: Target,
    /// Print the record as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let server = args.target.server()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let text = runtime.block_on(server.get(&["v1", "admin", "logins", &args.login]))?;
    if args.json {
        let value: serde_json::Value = serde_json::from_str(&text).context("the server's answer is not JSON")?;
        output::json(&value)?;
    } else {
        let login: story::Login = serde_json::from_str(&text).context("the server's answer is not a login's record")?;
        story::tell(&login).iter().for_each(output::line);
    }
    Ok(ExitCode::SUCCESS)
}
