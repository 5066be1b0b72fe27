//! The configuration with one plugin, which is granted all that its manifest asks for.

use super::plugin::DevPlugin;
use crate::config::{IdpKeys, put};
use crate::names::{Names, Site};
use anyhow::{Context as _, Result};
use postlude_crypto::api_key::sha256_hex;
use postlude_crypto::root::RootKey;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The tenant.
pub(super) const TENANT: &str = "dev";

/// Writes the configuration with its files, or the next version of it; returns its path.
pub(super) fn write(
    dir: &Path,
    names: Names,
    listen: SocketAddr,
    keys: &IdpKeys,
    plugin: &DevPlugin,
) -> Result<PathBuf> {
    let DevPlugin { name, bytes, action, .. } = plugin;
    if !dir.join("root.key").exists() {
        put(dir, "root.key", RootKey::generate()?.to_text().as_bytes())?;
    }
    let plugin_file = format!("{name}.wasm");
    put(dir, &plugin_file, bytes)?;
    let mut table = action.table.clone();
    refer_to_files(&mut table, &action.variables);
    for (variable, value) in &action.variables {
        put(dir, &file_of(variable), value.as_bytes())?;
    }
    let config = json!({
        // The demo reloads when it has written all of it.
        "server": { "listen": listen.to_string(), "data_dir": "data", "root_key": { "file": "root.key" }, "development": true,
            "watch": false },
        "tenants": { TENANT: {
            "issuer": names.issuer(TENANT),
            "return_urls": [format!("{}/interaction/", names.site(Site::Idp))],
            "keys": { "idp": { "role": "idp", "sha256": sha256_hex(&keys.acme) } },
            "plugins": { name: { "path": plugin_file } },
            "pipeline": [table],
        } },
    });
    let text = toml::to_string(&config).context("the settings cannot be written as TOML")?;
    put(dir, "postlude.toml", text.as_bytes())?;
    Ok(dir.join("postlude.toml"))
}

/// Secrets are read from files: those of a later version are not known to an environment that was fixed at the start.
fn refer_to_files(value: &mut Value, variables: &BTreeMap<String, String>) {
    let name = value.get("env").and_then(Value::as_str).filter(|name| variables.contains_key(*name)).map(file_of);
    if let Some(file) = name {
        *value = json!({ "file": file });
        return;
    }
    match value {
        Value::Object(members) => members.values_mut().for_each(|member| refer_to_files(member, variables)),
        Value::Array(items) => items.iter_mut().for_each(|item| refer_to_files(item, variables)),
        _ => {}
    }
}

fn file_of(variable: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' };
    format!("secret-{}", variable.chars().map(plain).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_to_made_up_secrets_become_files_and_others_stay() {
        let variables = BTreeMap::from([("KEY_face_partner".to_owned(), "x".to_owned())]);
        let mut table =
            json!({ "keys": { "partner": { "jwks": { "env": "KEY_face_partner" } } }, "settings": { "env": "OTHER" } });
        refer_to_files(&mut table, &variables);
        let expected = json!({ "keys": { "partner": { "jwks": { "file": "secret-KEY_face_partner" } } }, "settings": { "env": "OTHER" } });
        assert_eq!(table, expected);
    }
}
