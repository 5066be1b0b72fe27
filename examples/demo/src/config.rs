//! What Postlude is started from: keys, plugins and `postlude.toml`, in a temporary folder.

use crate::partner_keys::PartnerKeys;
use anyhow::{Context as _, Result, anyhow};
use postlude_crypto::api_key::{generate_api_key, sha256_hex};
use postlude_crypto::root::RootKey;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The factor that the story is about.
pub const FACTOR: &str = "https://acme.example/face";
/// The claim that tells when it was completed.
pub const CLAIM: &str = "https://acme.example/face_at";
/// The action that asks for it.
pub const ACTION: &str = "face";

/// A plugin that never returns, as text: hostile guests need no toolchain.
const ENDLESS_LOOP: &str = include_str!("../guests/endless-loop.wat");

/// Where everything listens.
#[derive(Debug, Clone)]
pub struct Origins {
    /// Postlude.
    pub postlude: String,
    /// The IdP under two names, which a browser takes for two sites: a cookie jar for each.
    pub idp: [String; 2],
    /// The partner's prompt site.
    pub prompt: String,
}

impl Origins {
    /// The issuer of a tenant.
    #[must_use]
    pub fn issuer(&self, tenant: &str) -> String {
        format!("{}/{tenant}", self.postlude)
    }
}

/// The IdP's keys, one for each of its tenants. They are not shown anywhere.
#[derive(Clone)]
pub struct IdpKeys {
    /// For the tenant `acme`, with the factor.
    pub acme: String,
    /// For the tenant `lab`, with the endless loop.
    pub lab: String,
}

/// Writes the folder's files; returns the configuration's path and the IdP's keys.
///
/// # Errors
/// When the plugins were not built, or the folder cannot be written.
pub fn write(dir: &Path, origins: &Origins, partner: &PartnerKeys) -> Result<(PathBuf, IdpKeys)> {
    for name in ["custom-factor", "email-domain"] {
        put(dir, &format!("{name}.wasm"), &built_plugin(name)?)?;
    }
    put(dir, "endless-loop.wasm", &wat::parse_str(ENDLESS_LOOP).context("the endless loop is not a component")?)?;
    put(dir, "root.key", RootKey::generate()?.to_text().as_bytes())?;
    put(dir, "partner.jwks.json", partner.jwks().to_string().as_bytes())?;
    let keys = IdpKeys { acme: generate_api_key()?.to_string(), lab: generate_api_key()?.to_string() };
    put(dir, "postlude.toml", toml(origins, &keys)?.as_bytes())?;
    Ok((dir.join("postlude.toml"), keys))
}

fn toml(origins: &Origins, keys: &IdpKeys) -> Result<String> {
    let Origins { postlude, idp: [first, second], prompt } = origins;
    let listen = postlude.strip_prefix("http://").ok_or_else(|| anyhow!("`{postlude}` is not an http origin"))?;
    Ok(format!(
        r#"# What `make demo` runs: two tenants of one Postlude.
[server]
listen = "{listen}"
data_dir = "data"
root_key = {{ file = "root.key" }}
development = true

[tenants.acme]
issuer = "{postlude}/acme"
return_urls = ["{first}/interaction/", "{second}/interaction/"]
[tenants.acme.keys.idp]
role = "idp"
sha256 = "{acme_hash}"
[tenants.acme.plugins.custom-factor]
path = "custom-factor.wasm"
[tenants.acme.plugins.email-domain]
path = "email-domain.wasm"

[[tenants.acme.pipeline]]
name = "staff-only"
plugin = "email-domain"
settings = {{ domains = ["acme.example"] }}
[tenants.acme.pipeline.grants]
event = ["/user/email", "/user/email_verified"]

[[tenants.acme.pipeline]]
name = "{ACTION}"
plugin = "custom-factor"
settings = {{ prompt_url = "{prompt}/prompt", factor = "{FACTOR}", profile = "postlude", claim = "{CLAIM}" }}
[tenants.acme.pipeline.grants]
redirect_origins = ["{prompt}"]
claims = ["{CLAIM}"]
[tenants.acme.pipeline.keys.partner]
issuer = "{prompt}"
alg = "EdDSA"
jwks = {{ file = "partner.jwks.json" }}
[[tenants.acme.pipeline.factors]]
name = "{FACTOR}"
max_age = "24h"
amr = ["mfa"]

[tenants.lab]
issuer = "{postlude}/lab"
return_urls = ["{first}/interaction/", "{second}/interaction/"]
[tenants.lab.keys.idp]
role = "idp"
sha256 = "{lab_hash}"
[tenants.lab.plugins.endless-loop]
path = "endless-loop.wasm"

[[tenants.lab.pipeline]]
name = "loop"
plugin = "endless-loop"
"#,
        acme_hash = sha256_hex(&keys.acme),
        lab_hash = sha256_hex(&keys.lab),
    ))
}

fn built_plugin(name: &str) -> Result<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../plugins/target/postlude/{name}.wasm"));
    std::fs::read(&path)
        .with_context(|| format!("the plugin `{name}` is not built ({}): run `make plugins` first", path.display()))
}

/// Writes a file that only its owner may read: some are keys.
fn put(dir: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    use std::io::Write as _;
    let path = dir.join(name);
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    file.and_then(|mut file| file.write_all(bytes)).with_context(|| format!("`{}` was not written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endless_loop_is_a_component_with_a_manifest() {
        let bytes = wat::parse_str(ENDLESS_LOOP).unwrap();
        let layer = bytes.get(4..8).unwrap();
        assert_eq!(layer, [0x0d, 0, 1, 0], "the preamble of a component (Component Model, binary format)");
        let section = b"postlude:manifest";
        assert_eq!(bytes.windows(section.len()).filter(|window| window == section).count(), 1);
    }
}
