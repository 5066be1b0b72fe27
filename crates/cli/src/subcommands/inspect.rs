//! `postlude inspect`: what a plugin file is and asks for, and how it differs from another version.

mod difference;
mod facts;
mod report;

use crate::output::{self, Paint};
use anyhow::{Context as _, Result};
use difference::Difference;
use postlude_crypto::publisher;
use postlude_sandbox::Inspection;
use report::{Report, Signature};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Show what a plugin is and asks for, without compiling or running anything of it.
///
/// Lists the manifest, what the file really imports, its tier, capabilities, size, digest, ABI version, and the
/// publisher's signature when `PLUGIN.wasm.sig` lies beside it. A file that this host would refuse is shown as far as it
/// can be read, with the reason.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  postlude inspect acme-face.wasm\n  \
    postlude inspect acme-face.wasm --against acme-face-1.2.wasm\n  \
    postlude inspect acme-face.wasm --against installed.wasm --json | jq .difference.asks_for_more\n  \
    postlude inspect acme-face.wasm --publisher-key acme.pem\n\n\
    Exit codes: 0 this host would load it; 1 it would not, or the signature does not verify; 2 wrong usage.")]
pub(crate) struct Args {
    /// The plugin file
    #[arg(value_name = "PLUGIN.wasm")]
    plugin: PathBuf,
    /// Another version of it, such as the installed one; shows what changes from that one to this
    #[arg(long, value_name = "OLD.wasm")]
    against: Option<PathBuf>,
    /// The publisher's Ed25519 public key in PEM; the file's signature must verify with it
    #[arg(long, value_name = "FILE")]
    publisher_key: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let inspection = read(&args.plugin)?;
    let signature = signature(args, &inspection)?;
    let old = args.against.as_deref().map(read).transpose()?;
    let report = Report::new(&inspection, signature);
    let difference = old.as_ref().map(|old| Difference::between(old, &inspection));
    if args.json {
        output::json(&report.with(difference.as_ref()))?;
    } else {
        report.show();
        if let (Some(difference), Some(path)) = (&difference, &args.against) {
            output::line("");
            difference.show(path);
        }
        if let Some(why) = &report.refused {
            output::note(format!("{} {why}", output::coloured(Paint::Bad, "refused:")));
        }
    }
    Ok(if report.acceptable() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// What a plugin file is, without compiling anything of it.
pub(super) fn read(path: &Path) -> Result<Inspection> {
    Ok(postlude_sandbox::inspect(&read_file(path)?))
}

/// The bytes of a file that may be a plugin.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>> {
    // A little more than any plugin may have, so that a wrong path to something huge does not fill the memory.
    let file = std::fs::File::open(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let mut bytes = Vec::new();
    let most = u64::try_from(postlude_model::limits::CLOSED_WASI_COMPONENT_BYTES).unwrap_or(u64::MAX).saturating_mul(4);
    std::io::Read::read_to_end(&mut std::io::Read::take(file, most), &mut bytes)
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    if u64::try_from(bytes.len()).is_ok_and(|size| size == most) {
        anyhow::bail!("`{}` has {} bytes or more; that is no plugin", path.display(), output::grouped(most));
    }
    Ok(bytes)
}

/// The signature beside the file, verified where a key is given.
fn signature(args: &Args, inspection: &Inspection) -> Result<Signature> {
    let path = postlude_config::signature_file(&args.plugin);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => {
            return Ok(if args.publisher_key.is_some() { Signature::Missing } else { Signature::None });
        }
        Err(why) => return Err(why).with_context(|| format!("cannot read `{}`", path.display())),
    };
    let Some(key) = &args.publisher_key else { return Ok(Signature::Unverified) };
    let pem = std::fs::read_to_string(key).with_context(|| format!("cannot read `{}`", key.display()))?;
    match publisher::verify(&text, &inspection.digest, &pem) {
        Ok(()) => Ok(Signature::Verified),
        Err(why @ publisher::SignatureError::Key(_)) => Err(why).with_context(|| format!("`{}`", key.display())),
        Err(why) => Ok(Signature::Wrong(why.to_string())),
    }
}
