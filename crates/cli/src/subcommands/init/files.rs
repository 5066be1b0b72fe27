//! What `postlude init` writes: the configuration from its template, new keys, and the plugins that this program carries.

use crate::new_files::NewFile;
use anyhow::{Context, Result};
use postlude_crypto::api_key::{generate_api_key, sha256_hex};
use postlude_crypto::partner_key::PartnerKeyPair;
use postlude_crypto::root::RootKey;
use postlude_demo::plugins::{CUSTOM_FACTOR, EMAIL_DOMAIN};
use postlude_model::names::TenantName;
use sha2::{Digest as _, Sha256};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::net::SocketAddr;
use std::path::Path;

const TEMPLATE: &str = include_str!("postlude.toml");
const DOCS: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/configuration.md");

/// The template's line that only makes sense while the factor is an example.
const HOW_TO_USE_IT: &str = "# To use the factor,";

/// What must not be committed. The partner's public keys and the plugins may be.
const IGNORED: &str = "root.key\npartner.key.pem\ndata/\ndata.high-water\n";

/// A new configuration, before it is written.
pub(super) struct Setup {
    pub(super) tenant: String,
    pub(super) listen: SocketAddr,
    pub(super) issuer: String,
    pub(super) factor: bool,
    /// The identity provider's API key.
    pub(super) idp_key: String,
    /// The operator's API key.
    pub(super) operator_key: String,
}

/// What became of `.gitignore`.
pub(super) enum Ignored {
    /// It was made.
    Made,
    /// One is there and was left as it is.
    LeftAsItIs,
}

impl Setup {
    /// Makes the keys of the API.
    pub(super) fn new(tenant: &TenantName, listen: SocketAddr, factor: bool) -> Result<Self> {
        let tenant = tenant.to_string();
        let issuer = format!("http://localhost:{}/{tenant}", listen.port());
        Ok(Self { tenant, listen, issuer, factor, idp_key: generate_api_key()?, operator_key: generate_api_key()? })
    }

    /// Every file, with a new root key and a new key pair for the prompt site.
    pub(super) fn files(&self) -> Result<Vec<NewFile>> {
        let partner = PartnerKeyPair::generate()?;
        let jwks = serde_json::to_string_pretty(&partner.public_jwks("partner-1"))? + "\n";
        let open = |path, bytes, purpose| NewFile { path, bytes, secret: false, purpose };
        let secret =
            |path, text: &str, purpose| NewFile { path, bytes: text.as_bytes().to_vec(), secret: true, purpose };
        Ok(vec![
            open("postlude.toml", self.config().into_bytes(), "the configuration, with comments"),
            secret("root.key", &(RootKey::generate()?.to_text() + "\n"), "every key of this host derives from it"),
            secret("partner.key.pem", &partner.private_pem()?, "for the prompt site: it signs its results with this"),
            open("partner.jwks.json", jwks.into_bytes(), "the prompt site's public key"),
            open("plugins/email-domain.wasm", EMAIL_DOMAIN.to_vec(), "lets in addresses of listed domains"),
            open("plugins/custom-factor.wasm", CUSTOM_FACTOR.to_vec(), "a second factor on a prompt site"),
        ])
    }

    fn config(&self) -> String {
        let values = [
            ("{docs}", DOCS),
            ("{listen}", &self.listen.to_string()),
            ("{tenant}", &self.tenant),
            ("{issuer}", &self.issuer),
            ("{idp}", &sha256_hex(&self.idp_key)),
            ("{operator}", &sha256_hex(&self.operator_key)),
            ("{email_domain}", &digest(EMAIL_DOMAIN)),
            ("{custom_factor}", &digest(CUSTOM_FACTOR)),
        ];
        let text = values.iter().fold(TEMPLATE.to_owned(), |text, (name, value)| text.replace(name, value));
        if self.factor { with_the_factor(&text) } else { text }
    }
}

/// The text with the example of the factor put to use.
fn with_the_factor(text: &str) -> String {
    let from = text.find("\n#[tenants.").map_or(text.len(), |at| at + 1);
    let (before, after) = text.split_at(from);
    let before = before.lines().filter(|line| !line.starts_with(HOW_TO_USE_IT));
    let after = after.lines().map(|line| match line.strip_prefix('#') {
        Some(example) if !example.starts_with(' ') => example,
        _ => line,
    });
    before.chain(after).fold(String::new(), |text, line| text + line + "\n")
}

fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// Keeps the keys and the data out of version control. A `.gitignore` that is there is somebody's own, and left as it is.
pub(super) fn ignore_secrets(folder: &Path) -> Result<Ignored> {
    let path = folder.join(".gitignore");
    match OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(mut file) => {
            file.write_all(IGNORED.as_bytes()).with_context(|| format!("`{}` was not written", path.display()))?;
            Ok(Ignored::Made)
        }
        Err(why) if why.kind() == ErrorKind::AlreadyExists => Ok(Ignored::LeftAsItIs),
        Err(why) => Err(why).with_context(|| format!("`{}` cannot be made", path.display())),
    }
}

/// The lines of `.gitignore` that a folder lacks.
pub(super) fn not_ignored(folder: &Path) -> Vec<&'static str> {
    let there = fs::read_to_string(folder.join(".gitignore")).unwrap_or_default();
    IGNORED.lines().filter(|wanted| !there.lines().any(|line| line.trim_start_matches('/') == *wanted)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(factor: bool) -> Setup {
        let tenant = TenantName::new("acme").unwrap();
        Setup::new(&tenant, "127.0.0.1:8480".parse().unwrap(), factor).unwrap()
    }

    /// O11.
    #[test]
    fn the_configuration_has_hashes_and_no_key() {
        let setup = setup(false);
        let text = setup.config();
        assert!(!text.contains("plk_") && text.contains(&sha256_hex(&setup.idp_key)), "{text}");
        assert!(!["{docs}", "{tenant}", "{issuer}", "{listen}"].iter().any(|name| text.contains(name)), "{text}");
    }

    #[test]
    fn the_factor_is_an_example_until_it_is_asked_for() {
        let actions = |text: &str| text.lines().filter(|line| *line == "[[tenants.acme.pipeline]]").count();
        let (without, with) = (setup(false).config(), setup(true).config());
        assert_eq!((actions(&without), actions(&with)), (1, 2));
        assert!(without.contains(HOW_TO_USE_IT) && !with.contains(HOW_TO_USE_IT), "{with}");
        // What may be left out of [server] stays an example.
        assert!(with.contains("\n#public_listen = "), "{with}");
    }
}
