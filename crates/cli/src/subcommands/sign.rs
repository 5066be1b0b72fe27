//! `postlude sign`: a publisher signs a plugin file.

use crate::atomic;
use crate::output;
use anyhow::{Context as _, Result, anyhow, bail};
use postlude_config::signature_file;
use postlude_crypto::publisher::PublisherKeyPair;
use postlude_sandbox::Inspection;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use zeroize::Zeroizing;

/// Sign a plugin as its publisher: writes `PLUGIN.wasm.sig`, which travels beside the file.
///
/// The signature is over the file's digest. Operators name the public key in `[tenants.NAME.publishers."PUBLISHER"]`, where PUBLISHER
/// is what the plugin's manifest says; outside of development mode no other plugin runs.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  postlude keys new publisher --out acme.key.pem > acme.pem\n  \
    postlude sign acme-face.wasm --key acme.key.pem\n  \
    postlude sign acme-face.wasm --key acme.new.key.pem --add     # while the key is changed: both signatures")]
pub(crate) struct Args {
    /// The plugin file
    #[arg(value_name = "PLUGIN.wasm")]
    plugin: PathBuf,
    /// The publisher's private key: Ed25519, as PKCS #8 in PEM
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Add the signature to those that are there, instead of replacing them
    #[arg(long)]
    add: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let pem = std::fs::read_to_string(&args.key).map(Zeroizing::new);
    let pem = pem.with_context(|| format!("cannot read `{}`", args.key.display()))?;
    let pair = PublisherKeyPair::from_pem(&pem)
        .with_context(|| format!("`{}`: `postlude keys new publisher` makes such a key", args.key.display()))?;
    let inspection = super::inspect::read(&args.plugin)?;
    let publisher = publisher(&args.plugin, &inspection)?;
    let signature = pair.sign(&inspection.digest)?;
    let path = signature_file(&args.plugin);
    write(&path, &signature, args.add)?;
    if args.json {
        let public_key = pair.public_pem()?;
        return output::json(&json!({
            "digest": inspection.digest, "publisher": publisher, "signature": signature, "file": path, "public_key": public_key,
        }))
        .map(|()| ExitCode::SUCCESS);
    }
    output::line(format!("signed {} as `{publisher}`: {}", inspection.digest, path.display()));
    Ok(ExitCode::SUCCESS)
}

/// The publisher as the manifest has it: what is no plugin of anybody's is not signed.
pub(super) fn publisher(path: &Path, inspection: &Inspection) -> Result<String> {
    if let Some(why) = &inspection.refused {
        bail!("`{}` is no plugin that a host would load, and is not signed: {why}", path.display());
    }
    let manifest = inspection.manifest.as_ref();
    manifest
        .map(|manifest| manifest.publisher.clone())
        .map_err(|why| anyhow!("`{}` has no manifest that can be read: {why}", path.display()))
}

fn write(path: &Path, signature: &str, add: bool) -> Result<()> {
    let mut text = if add { std::fs::read_to_string(path).unwrap_or_default() } else { String::new() };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    if !text.lines().any(|line| line.trim() == signature) {
        text.push_str(signature);
        text.push('\n');
    }
    atomic::write(path, text.as_bytes(), 0o644)
}
