//! `postlude push`: a publisher puts a signed plugin into a registry.

use crate::output;
use crate::registry::{Plugin, RegistryArgs, publisher_key, verify};
use anyhow::{Context as _, Result, bail};
use postlude_config::signature_file;
use postlude_registry::{Artifact, Location};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Push a signed plugin to an OCI registry, or into a folder that is an OCI image layout.
///
/// The artifact is a Wasm artifact as other tools know it (one layer of type `application/wasm`), with the signature of `PLUGIN.wasm.sig` and what the
/// manifest says in its annotations. The same file and signature are always the same artifact.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  postlude sign acme-face.wasm --key acme.key.pem\n  \
    postlude push acme-face.wasm registry.example/acme/face:1.2.0\n  \
    postlude push acme-face.wasm registry.example/acme/face:1.2.0 --username ci --password-stdin < token\n  \
    postlude push acme-face.wasm oci:dist:1.2.0                      # a folder, for machines without a network")]
pub(crate) struct Args {
    /// The plugin file; its signature lies beside it
    #[arg(value_name = "PLUGIN.wasm")]
    plugin: PathBuf,
    /// Where to: `REGISTRY/REPOSITORY:TAG`, or `oci:FOLDER[:TAG]`
    #[arg(value_name = "REFERENCE")]
    to: Location,
    /// The publisher's public key: the signature must verify with it before anything is pushed
    #[arg(long, value_name = "FILE")]
    publisher_key: Option<PathBuf>,
    /// Let the tag name this artifact where it names another one: whoever pulls by the tag gets another plugin
    #[arg(long)]
    move_tag: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    registry: RegistryArgs,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let name = args.plugin.display().to_string();
    let bytes = super::inspect::read_file(&args.plugin)?;
    let plugin = Plugin::read(&bytes, &name)?;
    let path = signature_file(&args.plugin);
    let signature = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => bail!(
            "`{name}` is not signed, and nobody takes an unsigned plugin from a registry: `postlude sign {name} --key PUBLISHER.key.pem` signs it"
        ),
        Err(why) => return Err(why).with_context(|| format!("cannot read `{}`", path.display())),
    };
    if let Some(key) = &args.publisher_key {
        verify(&[publisher_key(key)?], Some(&signature), &plugin, &name)?;
    }
    let labels = plugin.labels();
    let artifact = Artifact { plugin: bytes, signature: Some(signature), labels };
    let access = args.registry.access(&args.to)?;
    output::note(format!("pushing {name} ({} bytes) to {}", output::grouped(artifact.plugin.len() as u64), args.to));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let manifest = runtime.block_on(postlude_registry::push(&args.to, &artifact, &access, args.move_tag))?;
    let pinned = args.to.pinned(&manifest);
    if args.json {
        output::json(&json!({
            "reference": pinned, "manifest": manifest, "digest": plugin.inspection.digest,
            "name": artifact.labels.name, "version": artifact.labels.version, "publisher": artifact.labels.publisher,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    output::line(format!("pushed {pinned}"));
    output::line(format!("the plugin in it is {}", plugin.inspection.digest));
    Ok(ExitCode::SUCCESS)
}
