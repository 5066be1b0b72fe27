//! What `push`, `pull` and `add` share: how a registry is reached, and what an artifact must be to be taken.

use crate::output;
use anyhow::{Context as _, Result, bail};
use postlude_crypto::publisher::{PublisherKey, SignatureError};
use postlude_model::manifest::{Manifest, Text};
use postlude_registry::{Access, Artifact, Credentials, Labels, Location, Pulled, find_credentials};
use postlude_sandbox::Inspection;
use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;

/// Bytes of a password on standard input at most: tokens of registries have 2 KiB.
const PASSWORD_BYTES: u64 = 64 << 10;

/// How a registry is reached.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Registry")]
pub(crate) struct RegistryArgs {
    /// A user of the registry; without this it is asked as whom `docker login` or `podman login` left, or as nobody
    #[arg(long, value_name = "NAME", requires = "password_stdin")]
    username: Option<String>,
    /// Read the user's password, or a token in its place, from standard input
    #[arg(long, requires = "username")]
    password_stdin: bool,
    /// Use http also for a registry that is not on this machine: everything goes there in the clear, passwords too
    #[arg(long)]
    insecure_http: bool,
}

impl RegistryArgs {
    /// How this location is reached.
    pub(crate) fn access(&self, location: &Location) -> Result<Access> {
        let Some(registry) = location.registry() else { return Ok(Access::default()) };
        let credentials = match &self.username {
            Some(username) => Some(Credentials { username: username.clone(), password: password()?.into() }),
            None => find_credentials(registry)?,
        };
        Ok(Access { credentials, insecure_http: self.insecure_http })
    }
}

fn password() -> Result<String> {
    let mut text = String::new();
    std::io::stdin().take(PASSWORD_BYTES).read_to_string(&mut text).context("no password on standard input")?;
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("standard input has no password: `--password-stdin < FILE`");
    }
    Ok(password.to_owned())
}

/// Pulls an artifact, and looks into the plugin in it.
pub(crate) fn pull(location: &Location, access: &Access) -> Result<(Pulled, Plugin)> {
    output::note(format!("pulling {location}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let pulled = runtime.block_on(postlude_registry::pull(location, access))?;
    let plugin = Plugin::read(&pulled.artifact.plugin, &location.to_string())?;
    plugin.must_be(&pulled.artifact, location)?;
    Ok((pulled, plugin))
}

/// A plugin that this host would load.
#[derive(Debug)]
pub(crate) struct Plugin {
    pub(crate) inspection: Inspection,
    pub(crate) manifest: Manifest,
}

impl Plugin {
    /// Looks into a plugin; nothing of it is compiled or run.
    pub(crate) fn read(bytes: &[u8], from: &str) -> Result<Self> {
        let inspection = postlude_sandbox::inspect(bytes);
        if let Some(why) = &inspection.refused {
            bail!("`{from}` is no plugin that this host would load: {}", output::plain(&why.to_string()));
        }
        let manifest = match &inspection.manifest {
            Ok(manifest) => manifest.clone(),
            Err(why) => bail!("`{from}` has no manifest that can be read: {}", output::plain(&why.to_string())),
        };
        Ok(Self { inspection, manifest })
    }

    /// What an artifact says of the plugin.
    pub(crate) fn labels(&self) -> Labels {
        let Manifest { name, version, publisher, abi, factors, .. } = &self.manifest;
        let literal = |name: &Text| match name {
            Text::Literal(text) => Some(text.clone()),
            Text::Setting { .. } => None,
        };
        let abi = abi.as_str();
        let interface = |function: &String| {
            let interface = function.split_once('.').map_or(function.as_str(), |(interface, _)| interface);
            format!("postlude:action/{interface}@{abi}")
        };
        let imports: BTreeSet<_> =
            self.inspection.imports.iter().map(interface).chain(self.inspection.wasi.iter().cloned()).collect();
        Labels {
            name: name.to_string(),
            version: version.clone(),
            publisher: publisher.clone(),
            abi: abi.to_owned(),
            factors: factors.iter().filter_map(|factor| literal(&factor.name)).collect(),
            imports: imports.into_iter().collect(),
        }
    }

    /// Whoever looked at the artifact before saw its labels: those of another plugin would have misled them.
    fn must_be(&self, artifact: &Artifact, location: &Location) -> Result<()> {
        let (says, is) = (&artifact.labels, self.labels());
        let pairs = [
            ("name", &says.name, &is.name),
            ("version", &says.version, &is.version),
            ("publisher", &says.publisher, &is.publisher),
        ];
        for (what, says, is) in pairs {
            // Other tools push Wasm artifacts without labels.
            if !says.is_empty() && says != is {
                let (says, is) = (output::plain(says), output::plain(is));
                bail!(
                    "`{location}` says that its {what} is `{says}`, and the plugin in it says `{is}`: nothing of it was kept"
                );
            }
        }
        Ok(())
    }
}

/// A publisher's public key.
pub(crate) fn publisher_key(path: &Path) -> Result<PublisherKey> {
    let pem = std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    PublisherKey::from_pem(&pem).with_context(|| format!("`{}`", path.display()))
}

/// Verifies by one of these keys; what signs it, when nothing did.
pub(crate) fn verify(keys: &[PublisherKey], signature: Option<&str>, plugin: &Plugin, from: &str) -> Result<()> {
    let publisher = output::plain(&plugin.manifest.publisher);
    let Some(signature) = signature else {
        bail!(
            "`{from}` is not signed by its publisher `{publisher}`, who signs with `postlude sign PLUGIN.wasm --key PUBLISHER.key.pem` and pushes it again"
        );
    };
    let mut why = SignatureError::Form;
    for key in keys {
        match key.verify(signature, &plugin.inspection.digest) {
            Ok(()) => return Ok(()),
            Err(other) => why = other,
        }
    }
    bail!("`{from}` is not signed by a key that is known of its publisher `{publisher}`: {why}")
}
