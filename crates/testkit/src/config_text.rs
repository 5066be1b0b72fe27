//! The configuration of a test's server.

use crate::event::FACTOR;
use crate::files::plugin_file;
use crate::keys::{OTHER_KEY, OTHER_OPERATOR_KEY, callers, hash};
use crate::partner::Alg;

/// What differs from test to test.
pub(crate) struct ConfigText<'a> {
    pub(crate) port: u16,
    pub(crate) issuer: &'a str,
    pub(crate) alg: Alg,
    pub(crate) profile: &'a str,
    pub(crate) max_age: &'a str,
    pub(crate) lifetimes: &'a str,
    pub(crate) rules: &'a str,
    pub(crate) policy: &'a str,
    pub(crate) server: &'a str,
    pub(crate) before: &'a str,
    pub(crate) after: &'a str,
    pub(crate) guests: Vec<&'a str>,
    pub(crate) watch: bool,
}

impl ConfigText<'_> {
    /// Writes the text of `postlude.toml`: tenant `acme` with the action `face` and its guests, and another tenant.
    pub(crate) fn write(&self) -> String {
        let plugin = plugin_file("custom-factor");
        let material = match self.alg {
            Alg::Hs256 => "secret = { file = \"partner.secret\" }",
            Alg::EdDsa | Alg::Es256 => "jwks = { file = \"partner.jwks.json\" }",
        };
        let guests: String =
            self.guests.iter().map(|name| format!("[tenants.acme.plugins.{name}]\npath = \"{name}.wasm\"\n")).collect();
        format!(
            r#"[server]
listen = "127.0.0.1:{port}"
root_key = {{ file = "root.key" }}
development = true
watch = {watch}
{server}

[tenants.acme]
issuer = "http://127.0.0.1:{port}/acme"
return_urls = ["http://localhost:3000/interaction/"]
{callers}
{lifetimes}
[tenants.acme.plugins.custom-factor]
path = "{plugin}"
{guests}
{before}
[[tenants.acme.pipeline]]
name = "face"
plugin = "custom-factor"
settings = {{ prompt_url = "http://localhost:4000/prompt", factor = "{FACTOR}", profile = "{profile}", claim = "https://acme.example/face_at" }}
{rules}
[tenants.acme.pipeline.grants]
redirect_origins = ["http://localhost:4000"]
claims = ["https://acme.example/face_at"]
[tenants.acme.pipeline.keys.partner]
issuer = "{issuer}"
alg = "{alg}"
{material}
[[tenants.acme.pipeline.factors]]
name = "{FACTOR}"
max_age = "{max_age}"
amr = ["mfa"]
{policy}
{after}
[tenants.other]
issuer = "http://127.0.0.1:{port}/other"
return_urls = ["http://localhost:3000/interaction/"]
[tenants.other.keys.idp]
role = "idp"
sha256 = "{other}"
[tenants.other.keys.ops]
role = "operator"
sha256 = "{other_operator}"
"#,
            port = self.port,
            watch = self.watch,
            server = self.server,
            callers = callers(),
            other = hash(OTHER_KEY),
            other_operator = hash(OTHER_OPERATOR_KEY),
            plugin = plugin.display(),
            profile = self.profile,
            issuer = self.issuer,
            alg = self.alg.as_str(),
            max_age = self.max_age,
            lifetimes = self.lifetimes,
            rules = self.rules,
            policy = self.policy,
            before = self.before,
            after = self.after,
        )
    }
}
