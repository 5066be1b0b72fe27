//! `postlude keys`: makes root keys, API keys and publishers' keys, and says what root keys are needed for.

mod status;

use crate::output;
use anyhow::{Context, Result, bail};
use clap::{Subcommand, ValueEnum};
use postlude_crypto::api_key;
use postlude_crypto::publisher::PublisherKeyPair;
use postlude_crypto::root::RootKey;
use serde_json::json;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Make root keys, API keys and publishers' keys, and see which root keys are still needed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Keys,
}

#[derive(Debug, Subcommand)]
enum Keys {
    New(New),
    Status(status::Args),
}

/// Make a new key from the system's random numbers.
///
/// `root` is the one key that everything of a host derives from; keep it outside of the data folder and of its backups.
/// Losing it ends suspended logins and makes everyone prompt again, nothing else. `api` is a caller's key: Postlude keeps
/// only its hash. `publisher` signs plugins.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  postlude keys new root --out root.key\n  postlude keys new api --role idp\n  \
    postlude keys new publisher --out acme.key.pem > acme.pem")]
struct New {
    /// What to make
    #[arg(value_enum)]
    kind: Kind,
    /// The file for a root key or a publisher's private key; it must not exist. Without it, a root key goes to standard output
    #[arg(long)]
    out: Option<PathBuf>,
    /// The role of an API key
    #[arg(long, value_enum, default_value_t = Role::Idp)]
    role: Role,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Root,
    Api,
    Publisher,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Role {
    Idp,
    Operator,
    Reader,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let new = match &args.command {
        Keys::New(new) => new,
        Keys::Status(args) => return status::run(args),
    };
    match new.kind {
        Kind::Root => root(new)?,
        Kind::Api => api(new)?,
        Kind::Publisher => publisher(new)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn root(new: &New) -> Result<()> {
    let key = RootKey::generate()?;
    let text = key.to_text();
    match &new.out {
        Some(path) => {
            write_secret(path, &text)?;
            let config = format!("root_key = {{ file = \"{}\" }}", path.display());
            if new.json {
                return output::json(&json!({ "kid": key.kid(), "file": path, "config": config }));
            }
            output::line(format!(
                "wrote {} (kid {}); in postlude.toml, below [server]:\n  {config}",
                path.display(),
                key.kid()
            ));
        }
        None if new.json => output::json(&json!({ "kid": key.kid(), "root_key": text }))?,
        None => output::line(text),
    }
    Ok(())
}

fn api(new: &New) -> Result<()> {
    if new.out.is_some() {
        bail!(
            "`--out` is for root keys and publishers' keys; an API key is shown once, for the caller's own secret store"
        );
    }
    let key = api_key::generate_api_key()?;
    let hash = api_key::sha256_hex(&key);
    let role = new.role.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    if new.json {
        return output::json(&json!({ "key": key, "role": role, "sha256": hash }));
    }
    output::line(&key);
    output::note(format!(
        "this key is shown once; in postlude.toml:\n  [tenants.NAME.keys.{role}]\n  role = \"{role}\"\n  sha256 = \"{hash}\""
    ));
    Ok(())
}

/// The private half goes to a file, the public one to standard output.
fn publisher(new: &New) -> Result<()> {
    let Some(path) = &new.out else { bail!("name a file for the private key: `--out acme.key.pem`") };
    let pair = PublisherKeyPair::generate()?;
    let public = pair.public_pem()?;
    write_secret(path, pair.private_pem()?.trim_end())?;
    if new.json {
        return output::json(&json!({ "file": path, "public_key": public }));
    }
    output::line(public.trim_end());
    output::note(format!(
        "`{}` signs plugins (`postlude sign`) and stays with the publisher; the key above is for operators, as `keys` of\n  \
         [tenants.NAME.publishers.\"PUBLISHER\"]",
        path.display()
    ));
    Ok(())
}

/// A new file that only its owner may read. An existing one is never overwritten: that would be a rotation by accident.
fn write_secret(path: &Path, text: &str) -> Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file =
        file.with_context(|| format!("`{}` was not made; a file that exists is not overwritten", path.display()))?;
    writeln!(file, "{text}")
        .and_then(|()| file.sync_all())
        .with_context(|| format!("`{}` was not written", path.display()))
}
