//! `postlude explain`: what happened in a login, and why.

mod story;

use crate::api::Target;
use crate::output;
use anyhow::{Context, Result};
use postlude_model::recording::Recording;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Explain a login: what ran, what it decided and why, over all its prompts.
///
/// Asks a running server. The login's id is in every answer to the IdP, in the log and in `postlude watch`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  POSTLUDE_API_KEY=plk_.. postlude explain LOGIN\n  postlude explain LOGIN --url https://postlude.internal --key-file reader.key\n  \
    postlude explain LOGIN --json | jq '.timeline[].why'\n  \
    postlude explain LOGIN --save login.json && postlude run acme-face.wasm --replay login.json\n\n\
    A saved login has no secret, no key and no live handle: texts of secrets are replaced by stand-ins as they are, in JSON and\n\
    percent-encoded, signatures of tokens and credentials in requests are left out. What users told and partners answered is in\n\
    it: the file is confidential, and readable by its owner alone. The server must keep runs: `server.recordings`."
)]
pub(crate) struct Args {
    /// The login
    login: String,
    #[command(flatten)]
    target: Target,
    /// Save the login's runs with all that they could observe into a file, for `postlude run --replay`; needs a key of the
    /// role `operator`
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
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
    if let Some(file) = &args.save {
        let text = runtime.block_on(server.get(&["v1", "admin", "logins", &args.login, "recording"]))?;
        save(file, &text)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Saves a recording in a file of its own, which only the owner may read.
fn save(file: &Path, text: &str) -> Result<()> {
    let recording = Recording::parse(text).context("the server's answer is not a recording that this program reads")?;
    let cannot = || format!("cannot save into `{}`", file.display());
    let mut options = OpenOptions::new();
    let mut out = options.write(true).create_new(true).mode(0o600).open(file).with_context(cannot)?;
    serde_json::to_writer_pretty(&mut out, &recording).with_context(cannot)?;
    out.write_all(b"\n").and_then(|()| out.sync_all()).with_context(cannot)?;
    let noun = if recording.runs.len() == 1 { "run" } else { "runs" };
    let (count, file) = (recording.runs.len(), file.display());
    output::note(format!("saved {count} {noun} into `{file}`; next: postlude run PLUGIN.wasm --replay {file}"));
    Ok(())
}
