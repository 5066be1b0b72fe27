//! `postlude verify`: whether a publisher signed a plugin file.

use crate::output;
use anyhow::{Context as _, Result};
use postlude_config::signature_file;
use postlude_crypto::publisher::{PublisherKey, SignatureError};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Verify the signature of a plugin file, as a host does before the plugin enters.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  postlude verify acme-face.wasm --publisher-key acme.pem\n  \
    postlude verify acme-face.wasm --publisher-key acme.pem --signature downloaded.sig --json\n\n\
    Exit codes: 0 the publisher signed this file; 1 it did not, or a file cannot be read; 2 wrong usage.")]
pub(crate) struct Args {
    /// The plugin file
    #[arg(value_name = "PLUGIN.wasm")]
    plugin: PathBuf,
    /// The publisher's public key: Ed25519, in PEM
    #[arg(long, value_name = "FILE")]
    publisher_key: PathBuf,
    /// The signature; `PLUGIN.wasm.sig` without this
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let read =
        |path: &PathBuf| std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()));
    let key = PublisherKey::from_pem(&read(&args.publisher_key)?);
    let key = key.with_context(|| format!("`{}`", args.publisher_key.display()))?;
    let inspection = super::inspect::read(&args.plugin)?;
    let publisher = super::sign::publisher(&args.plugin, &inspection)?;
    let signature = read(&args.signature.clone().unwrap_or_else(|| signature_file(&args.plugin)))?;
    let verified = key.verify(&signature, &inspection.digest);
    if args.json {
        let why = verified.as_ref().err().map(ToString::to_string);
        let facts =
            json!({ "digest": inspection.digest, "publisher": publisher, "verified": verified.is_ok(), "why": why });
        output::json(&facts)?;
        return Ok(if verified.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(1) });
    }
    verified.map_err(|why: SignatureError| anyhow::anyhow!("`{}`: {why}", args.plugin.display()))?;
    output::line(format!("`{publisher}` signed {}", inspection.digest));
    Ok(ExitCode::SUCCESS)
}
