//! `postlude uploads`: the plugins that a tenant's operators uploaded to a running server.

use crate::api::Target;
use crate::output;
use anyhow::{Context, Result};
use clap::Subcommand;
use serde::Deserialize;
use serde_json::json;
use std::process::ExitCode;

/// List and delete the plugins that were uploaded to a running server.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Uploads,
}

#[derive(Debug, Subcommand)]
enum Uploads {
    List(List),
    Delete(Delete),
}

/// List the uploads of the key's tenant.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  postlude uploads list --key-file reader.key\n  \
    postlude uploads list --json | jq -r '.[] | select(.actions == []) | .digest'     # those that nothing runs")]
struct List {
    #[command(flatten)]
    target: Target,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Delete uploads; a tenant may have 1,000.
///
/// Needs a key of the role `operator`. The file of an upload, and the code that was made of it, go once no login can need them: a
/// pipeline that runs the plugin keeps it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  postlude uploads delete sha256:9f2c.. --key-file operator.key")]
struct Delete {
    /// The digests, as `postlude uploads list` prints them
    #[arg(required = true)]
    digests: Vec<String>,
    #[command(flatten)]
    target: Target,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
struct Plugins {
    plugins: Vec<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct Upload {
    digest: String,
    name: String,
    version: String,
    bytes: u64,
    actions: Vec<String>,
    uploaded_at: Option<String>,
    uploaded_by: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match &args.command {
        Uploads::List(list) => {
            let text = runtime.block_on(list.target.server()?.get(&["v1", "admin", "plugins"]))?;
            let plugins: Plugins = serde_json::from_str(&text).context("the server's answer is no list of plugins")?;
            let is_upload = |plugin: &serde_json::Value| plugin.get("uploaded_at").is_some_and(|at| !at.is_null());
            let uploads: Vec<_> = plugins.plugins.into_iter().filter(is_upload).collect();
            if list.json {
                output::json(&uploads)?;
                return Ok(ExitCode::SUCCESS);
            }
            if uploads.is_empty() {
                output::line("nothing was uploaded");
            }
            for upload in uploads {
                let upload = serde_json::from_value(upload).context("the server's answer is no list of plugins")?;
                output::line(line(&upload));
            }
        }
        Uploads::Delete(delete) => {
            let server = delete.target.server()?;
            for digest in &delete.digests {
                runtime
                    .block_on(server.delete(&["v1", "admin", "plugins", digest]))
                    .with_context(|| format!("`{}` was not deleted", output::plain(digest)))?;
                if !delete.json {
                    output::line(format!("deleted {}", output::plain(digest)));
                }
            }
            if delete.json {
                output::json(&json!({ "deleted": delete.digests }))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn line(upload: &Upload) -> String {
    let Upload { digest, name, version, bytes, actions, uploaded_at, uploaded_by } = upload;
    let (at, by) = (uploaded_at.as_deref().unwrap_or_default(), uploaded_by.as_deref().unwrap_or_default());
    let runs =
        if actions.is_empty() { "nothing runs it".to_owned() } else { format!("runs as {}", actions.join(", ")) };
    output::plain(&format!("{digest}  {name} {version}  {bytes} bytes  {at} by {by}  {runs}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_runs_an_upload() {
        let upload = |actions: &[&str]| Upload {
            digest: "sha256:ab".to_owned(),
            name: "face".to_owned(),
            version: "1.0.0".to_owned(),
            bytes: 7,
            actions: actions.iter().map(ToString::to_string).collect(),
            uploaded_at: Some("2026-01-01T00:00:00Z".to_owned()),
            uploaded_by: Some("ops\u{1b}".to_owned()),
        };
        assert!(line(&upload(&[])).ends_with("nothing runs it"));
        assert!(line(&upload(&["a", "b"])).ends_with("runs as a, b"));
        assert!(!line(&upload(&[])).contains('\u{1b}'));
    }
}
