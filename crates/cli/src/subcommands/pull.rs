//! `postlude pull`: a plugin and its signature come from a registry into files.

use crate::atomic;
use crate::output;
use crate::registry::{self, RegistryArgs, publisher_key, verify};
use anyhow::{Result, bail};
use postlude_config::signature_file;
use postlude_registry::Location;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Pull a plugin from an OCI registry, or from a folder that is an OCI image layout: writes the file, and its signature beside it.
///
/// Every digest is checked. A tag names today's artifact; with `@sha256:..`, as `postlude push` prints it, the reference names one artifact for ever. To
/// install a plugin in a host, use `postlude add`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  postlude pull registry.example/acme/face:1.2.0 -o acme-face.wasm\n  \
    postlude pull registry.example/acme/face:1.2.0 -o acme-face.wasm --publisher-key acme.pem\n  \
    postlude pull oci:dist:1.2.0 -o acme-face.wasm")]
pub(crate) struct Args {
    /// What: `REGISTRY/REPOSITORY:TAG`, `REGISTRY/REPOSITORY@sha256:..`, or `oci:FOLDER[:TAG]`
    #[arg(value_name = "REFERENCE")]
    from: Location,
    /// The file to write; its signature goes beside it, as `FILE.sig`
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// The publisher's public key: the signature must verify with it, or nothing is written
    #[arg(long, value_name = "FILE")]
    publisher_key: Option<PathBuf>,
    /// Write over another file of this name
    #[arg(long)]
    replace: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    registry: RegistryArgs,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let (pulled, plugin) = registry::pull(&args.from, &args.registry.access(&args.from)?)?;
    let (digest, signature) = (plugin.inspection.digest, pulled.artifact.signature.as_deref());
    if let Some(key) = &args.publisher_key {
        verify(&[publisher_key(key)?], signature, &plugin, &args.from.to_string())?;
    }
    let sig = signature_file(&args.output);
    let files =
        [(args.output.as_path(), Some(pulled.artifact.plugin.as_slice())), (&sig, signature.map(str::as_bytes))];
    if !args.replace {
        for (path, bytes) in files {
            must_be_free(path, bytes)?;
        }
    }
    for (path, bytes) in files {
        match bytes {
            Some(bytes) => atomic::write(path, bytes, 0o644)?,
            // The signature of another file says nothing of this one.
            None => drop(std::fs::remove_file(path)),
        }
    }
    let pinned = args.from.pinned(&pulled.manifest);
    let verified = args.publisher_key.is_some();
    if args.json {
        output::json(&json!({
            "reference": pinned, "manifest": pulled.manifest, "digest": digest, "file": args.output,
            "signed": signature.is_some(), "verified": verified,
            "name": plugin.manifest.name, "version": plugin.manifest.version, "publisher": plugin.manifest.publisher,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let (publisher, version) = (output::plain(&plugin.manifest.publisher), output::plain(&plugin.manifest.version));
    output::line(format!("pulled {pinned}"));
    output::line(format!(
        "{} is `{}` {version} of `{publisher}`, {digest}",
        args.output.display(),
        plugin.manifest.name
    ));
    match (signature, verified) {
        (Some(_), true) => output::line("its publisher's signature verifies"),
        (Some(_), false) => output::note(format!(
            "its signature was not verified: `postlude verify {} --publisher-key KEY.pem`",
            args.output.display()
        )),
        (None, _) => output::note("it is not signed: a host runs it in development mode alone"),
    }
    Ok(ExitCode::SUCCESS)
}

fn must_be_free(path: &Path, bytes: Option<&[u8]>) -> Result<()> {
    match std::fs::read(path) {
        Ok(present) if bytes != Some(present.as_slice()) => {
            bail!(
                "`{}` is there already, with other content: name another file, or write over it with `--replace`",
                path.display()
            )
        }
        _ => Ok(()),
    }
}
