//! What Postlude is started from: keys, plugins and `postlude.toml`, in a folder.

use crate::names::{Names, Site};
use crate::partner_keys::PartnerKeys;
use crate::plugins;
use anyhow::{Context as _, Result, bail};
use postlude_crypto::api_key::{generate_api_key, sha256_hex};
use postlude_crypto::root::RootKey;
use serde::{Deserialize, Serialize};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The factor that the story is about.
pub(crate) const FACTOR: &str = "https://acme.example/face";
/// The claim that tells when it was completed.
pub(crate) const CLAIM: &str = "https://acme.example/face_at";
/// The action that asks for it.
pub(crate) const ACTION: &str = "face";
/// The tenant with the factor.
pub(crate) const ACME: &str = "acme";
/// The tenant with the endless loop.
pub(crate) const LAB: &str = "lab";
/// The tenant in which typed code is tried.
pub(crate) const TRIAL: &str = "trial";
/// The domain whose users the first action lets in.
pub(crate) const DOMAIN: &str = "acme.example";
/// The claim that the typed action may set.
const TYPED_CLAIM: &str = "https://acme.example/typed";
/// The configuration's file.
const CONFIG: &str = "postlude.toml";
/// Where the pipeline begins.
const FIRST_ACTION: &str = "[[tenants.acme.pipeline]]\nname = \"staff-only\"";
/// The file by which a folder is known as one of the demo's.
const KEYS_FILE: &str = "demo-keys.json";

/// The IdP's keys, one for each of its tenants. They are not shown anywhere.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct IdpKeys {
    /// For the tenant `acme`, with the factor.
    pub(crate) acme: String,
    /// For the tenant `lab`, with the endless loop.
    pub(crate) lab: String,
}

/// The keys that a folder keeps from one start to the next.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct DemoKeys {
    pub(crate) idp: IdpKeys,
    pub(crate) partner: PartnerKeys,
}

/// Writes the folder's files; returns the configuration's path and the keys, which are those of an earlier start where there was one.
///
/// # Errors
/// When the folder holds something else, or cannot be written.
pub(crate) fn write(dir: &Path, names: Names, listen: SocketAddr) -> Result<(PathBuf, DemoKeys)> {
    let keys = read_or_make_keys(dir)?;
    for (name, bytes) in plugins::ALL {
        put(dir, &format!("{name}.wasm"), bytes)?;
    }
    if !dir.join("root.key").exists() {
        put(dir, "root.key", RootKey::generate()?.to_text().as_bytes())?;
    }
    put(dir, "partner.jwks.json", keys.partner.jwks().to_string().as_bytes())?;
    put(dir, CONFIG, toml(names, listen, &keys.idp).as_bytes())?;
    Ok((dir.join(CONFIG), keys))
}

/// JavaScript that was typed into the page.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TypedSources<'a> {
    /// What runs before the other actions of the tenant `acme`.
    pub(crate) in_force: Option<&'a str>,
    /// What runs in the tenant [`TRIAL`], with the key of the demo that tries it.
    pub(crate) tried: Option<(&'a str, &'a str)>,
}

/// Writes the configuration again, with the actions that run what was typed.
///
/// # Errors
/// When the folder cannot be written.
pub(crate) fn write_typed(
    dir: &Path,
    names: Names,
    listen: SocketAddr,
    keys: &IdpKeys,
    sources: TypedSources<'_>,
) -> Result<()> {
    let mut text = toml(names, listen, keys);
    let TypedSources { in_force, tried } = sources;
    let (name, bytes) = plugins::TYPED;
    if (in_force.is_some() || tried.is_some()) && !dir.join(format!("{name}.wasm")).exists() {
        put(dir, &format!("{name}.wasm"), bytes)?;
    }
    if let Some(source) = in_force {
        text = text.replacen(FIRST_ACTION, &format!("{}{FIRST_ACTION}", typed(ACME, source)), 1);
    }
    if let Some((source, key)) = tried {
        text.push_str(&format!(
            r#"
# Where typed code is tried before it is put into force.
[tenants.{TRIAL}]
issuer = "{issuer}"
return_urls = ["{idp}/interaction/"]
[tenants.{TRIAL}.keys.idp]
role = "idp"
sha256 = "{hash}"
{action}"#,
            issuer = names.issuer(TRIAL),
            idp = names.site(Site::Idp),
            hash = sha256_hex(key),
            action = typed(TRIAL, source),
        ));
    }
    put(dir, CONFIG, text.as_bytes())
}

fn typed(tenant: &str, source: &str) -> String {
    let source = toml::Value::from(source);
    format!(
        r#"[tenants.{tenant}.plugins.typed]
path = "typed.wasm"

[[tenants.{tenant}.pipeline]]
name = "typed"
plugin = "typed"
settings = {{ source = {source} }}
[tenants.{tenant}.pipeline.grants]
event = [""]
claims = ["{TYPED_CLAIM}"]

"#
    )
}

fn read_or_make_keys(dir: &Path) -> Result<DemoKeys> {
    let path = dir.join(KEYS_FILE);
    match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| format!("`{}` cannot be read", path.display())),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => {
            let entries = std::fs::read_dir(dir).with_context(|| format!("`{}` cannot be read", dir.display()))?;
            if entries.count() > 0 {
                bail!("`{}` holds other files: name an empty folder, or one that the demo made", dir.display());
            }
            let idp = IdpKeys { acme: generate_api_key()?, lab: generate_api_key()? };
            let keys = DemoKeys { idp, partner: PartnerKeys::generate()? };
            put(dir, KEYS_FILE, &serde_json::to_vec(&keys)?)?;
            Ok(keys)
        }
        Err(why) => Err(why).with_context(|| format!("`{}` cannot be read", path.display())),
    }
}

fn toml(names: Names, listen: SocketAddr, keys: &IdpKeys) -> String {
    let (idp, prompt) = (names.site(Site::Idp), names.site(Site::Partner));
    format!(
        r#"# What `postlude demo` runs: two tenants of one Postlude. The demo writes this file at each start.
[server]
listen = "{listen}"
data_dir = "data"
root_key = {{ file = "root.key" }}
development = true

[tenants.acme]
issuer = "{acme}"
return_urls = ["{idp}/interaction/"]
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
settings = {{ domains = ["{DOMAIN}"] }}
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
issuer = "{lab}"
return_urls = ["{idp}/interaction/"]
[tenants.lab.keys.idp]
role = "idp"
sha256 = "{lab_hash}"
[tenants.lab.plugins.endless-loop]
path = "endless-loop.wasm"

[[tenants.lab.pipeline]]
name = "loop"
plugin = "endless-loop"
"#,
        acme = names.issuer("acme"),
        lab = names.issuer("lab"),
        acme_hash = sha256_hex(&keys.acme),
        lab_hash = sha256_hex(&keys.lab),
    )
}

/// Writes a file that only its owner may read, since some are keys. A reader sees the old file or the new one, never a part.
pub(crate) fn put(dir: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let path = dir.join(name);
    let written = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        file.write_all(bytes)?;
        file.persist(&path)?;
        Ok(())
    };
    written().with_context(|| format!("`{}` was not written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_code_is_one_setting_whatever_is_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let (names, listen) = (Names::new(4400), "127.0.0.1:4401".parse().unwrap());
        let (path, keys) = write(dir.path(), names, listen).unwrap();
        let hostile = "\"\"\"'\u{27}'\n[server]\nlisten = \"0.0.0.0:1\" \\ \u{1}";
        let sources = TypedSources { in_force: Some(hostile), tried: Some((hostile, "a key")) };
        write_typed(dir.path(), names, listen, &keys.idp, sources).unwrap();
        let config: toml::Table = std::fs::read_to_string(&path).unwrap().parse().unwrap();
        for tenant in [ACME, TRIAL] {
            let first = &config["tenants"][tenant]["pipeline"][0];
            assert_eq!((first["name"].as_str(), first["settings"]["source"].as_str()), (Some("typed"), Some(hostile)));
        }
        assert_eq!(config["server"]["listen"].as_str(), Some("127.0.0.1:4401"));
        write_typed(dir.path(), names, listen, &keys.idp, TypedSources::default()).unwrap();
        assert!(!std::fs::read_to_string(&path).unwrap().contains("typed"));
    }

    #[test]
    fn a_folder_keeps_its_keys_and_one_with_other_files_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (names, listen) = (Names::new(4400), "127.0.0.1:4401".parse().unwrap());
        let (_, first) = write(dir.path(), names, listen).unwrap();
        let root = std::fs::read(dir.path().join("root.key")).unwrap();
        let (_, second) = write(dir.path(), names, listen).unwrap();
        assert_eq!((&first.idp.acme, first.partner.jwks()), (&second.idp.acme, second.partner.jwks()));
        assert_eq!(std::fs::read(dir.path().join("root.key")).unwrap(), root);

        let other = tempfile::tempdir().unwrap();
        std::fs::write(other.path().join("thesis.txt"), "precious").unwrap();
        let why = write(other.path(), names, listen).map(|_| ()).unwrap_err().to_string();
        assert!(why.contains("holds other files"), "{why}");
        assert_eq!(std::fs::read_dir(other.path()).unwrap().count(), 1);
    }
}
