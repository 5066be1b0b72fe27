//! `postlude keys status`: what each root key of a running server is needed for.

use crate::api::Target;
use crate::output;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::process::ExitCode;

/// See what each root key is needed for, and whether an earlier one may be removed.
///
/// Asks a running server, with a key of the role `operator`. A server gives what is stored a tag of the key in `root_key` in the
/// background; logins that began under an earlier key need it until they end. Once an earlier key is not needed, remove it from
/// `previous_root_keys` and start the server again. Whatever it made is refused from then on.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  postlude keys status --key-file operator.key\n  \
    postlude keys status --json | jq '.keys[] | select(.removable) | .kid'")]
pub(super) struct Args {
    #[command(flatten)]
    target: Target,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
struct Status {
    complete: bool,
    checked: u64,
    damaged: u64,
    keys: Vec<Key>,
}

#[derive(Debug, Deserialize)]
struct Key {
    kid: String,
    current: bool,
    records: u64,
    light_logins: u64,
    needed_until: Option<String>,
    removable: bool,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let server = args.target.server()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let text = runtime.block_on(server.get(&["v1", "admin", "root-keys"]))?;
    if args.json {
        let value: serde_json::Value = serde_json::from_str(&text).context("the server's answer is not JSON")?;
        output::json(&value)?;
    } else {
        let status: Status = serde_json::from_str(&text).context("the server's answer is no list of root keys")?;
        lines(&status).iter().for_each(output::line);
    }
    Ok(ExitCode::SUCCESS)
}

fn lines(status: &Status) -> Vec<String> {
    let mut lines: Vec<_> =
        status.keys.iter().map(|key| format!("{}  {}", output::plain(&key.kid), line(key, status.complete))).collect();
    if !status.complete {
        let checked = status.checked;
        lines.push(format!("the server still looks at what is stored, {checked} records so far; ask again later"));
    }
    if status.damaged > 0 {
        let damaged = status.damaged;
        lines.push(format!(
            "{damaged} stored records are damaged or were made under a root key that was removed; `postlude store check` lists them"
        ));
    }
    lines
}

fn line(key: &Key, complete: bool) -> String {
    let Key { records, light_logins, .. } = key;
    if key.current {
        return format!("in use; {records} records");
    }
    if key.removable {
        return "not needed; remove it from `previous_root_keys` and start the server again".to_owned();
    }
    let records = (*records > 0 || !complete).then(|| format!("{records} records to be tagged again"));
    let logins = (*light_logins > 0).then(|| format!("{light_logins} logins that expire"));
    let until = key.needed_until.as_ref().map(|until| format!("needed until {}", output::plain(until)));
    let reasons: Vec<_> = records.into_iter().chain(logins).chain(until).collect();
    format!("needed: {}", reasons.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(current: bool, records: u64, light_logins: u64, until: Option<&str>, removable: bool) -> Key {
        let needed_until = until.map(str::to_owned);
        Key { kid: "k".to_owned(), current, records, light_logins, needed_until, removable }
    }

    #[test]
    fn each_key_says_what_it_is_needed_for() {
        assert_eq!(line(&key(true, 3, 0, None, false), true), "in use; 3 records");
        assert_eq!(
            line(&key(false, 0, 7, Some("2026-01-01T00:00:00Z"), false), true),
            "needed: 7 logins that expire, needed until 2026-01-01T00:00:00Z"
        );
        assert_eq!(line(&key(false, 0, 0, None, false), false), "needed: 0 records to be tagged again");
        assert!(line(&key(false, 0, 0, None, true), true).starts_with("not needed"));
    }
}
