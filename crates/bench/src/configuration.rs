//! The configuration of the servers that are measured.

use crate::prepared::FACTOR;
use postlude_crypto::api_key::sha256_hex;
use std::net::SocketAddr;
use std::path::Path;

/// What the tables of a server's tenants are made of.
#[derive(Debug)]
pub(crate) struct Tenants<'f> {
    pub(crate) address: SocketAddr,
    /// The file of `custom-factor`.
    pub(crate) plugin: &'f Path,
    /// The issuer of the partner's result tokens.
    pub(crate) issuer: &'f str,
}

impl Tenants<'_> {
    /// The table of the server.
    pub(crate) fn server(&self) -> String {
        let address = self.address;
        format!(
            "[server]\nlisten = \"{address}\"\nroot_key = {{ file = \"root.key\" }}\ndevelopment = true\n\
             [server.outbound]\nallow_private = [\"localhost\"]\n"
        )
    }

    /// A tenant whose pipeline has so many actions, each of which asks for the same factor.
    pub(crate) fn with_factor(&self, tenant: &str, api_key: &str, actions: usize) -> String {
        let plugin = self.plugin.display();
        let address = self.address.to_string();
        let mut text = tenant_table(tenant, &address, api_key);
        text += &format!("[tenants.{tenant}.plugins.custom-factor]\npath = \"{plugin}\"\n");
        for number in 0..actions {
            let name = if number == 0 { "face".to_owned() } else { format!("face-{number}") };
            text += &self.action(tenant, &name);
        }
        text
    }

    fn action(&self, tenant: &str, name: &str) -> String {
        let issuer = self.issuer;
        format!(
            r#"[[tenants.{tenant}.pipeline]]
name = "{name}"
plugin = "custom-factor"
settings = {{ prompt_url = "http://localhost:4000/prompt", factor = "{FACTOR}", profile = "postlude", claim = "https://acme.example/face_at" }}
[tenants.{tenant}.pipeline.grants]
redirect_origins = ["http://localhost:4000"]
claims = ["https://acme.example/face_at"]
[tenants.{tenant}.pipeline.keys.partner]
issuer = "{issuer}"
alg = "EdDSA"
jwks = {{ file = "partner.jwks.json" }}
[[tenants.{tenant}.pipeline.factors]]
name = "{FACTOR}"
max_age = "24h"
amr = ["mfa"]
"#
        )
    }
}

/// A tenant with its IdP's API key and an empty pipeline.
pub(crate) fn tenant_table(tenant: &str, host: &str, api_key: &str) -> String {
    let hash = sha256_hex(api_key);
    format!(
        "[tenants.{tenant}]\nissuer = \"http://{host}/{tenant}\"\nreturn_urls = [\"http://localhost:3000/interaction/\"]\n\
         [tenants.{tenant}.keys.idp]\nrole = \"idp\"\nsha256 = \"{hash}\"\n"
    )
}
