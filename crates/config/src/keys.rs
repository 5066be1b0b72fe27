//! The table `keys` of an action: the partner's public keys, or a secret that both sides share.

use super::context::Context;
use super::jwks;
use super::problem::{Complaint, Place};
use super::read::{At, Section, shown};
use super::secret::SecretRef;
use super::tree::{Kind, Node};
use super::values::one_of;
use super::web;
use postlude_crypto::keys::OwnKey;
use postlude_crypto::token::Algorithm;
use postlude_model::http::host_of;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const ALGORITHMS: [(&str, Algorithm); 6] = [
    ("EdDSA", Algorithm::EdDSA),
    ("ES256", Algorithm::ES256),
    ("HS256", Algorithm::HS256),
    ("HS384", Algorithm::HS384),
    ("HS512", Algorithm::HS512),
    ("RS256", Algorithm::RS256),
];

/// A key for tokens to and from the action's prompt site, or one that the action uses itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyConfig {
    /// Where its table begins.
    pub at: Place,
    /// `iss` of the result token.
    pub issuer: Option<At<String>>,
    /// The algorithm.
    pub alg: At<Algorithm>,
    /// The partner's public keys, or the shared secret.
    pub material: Material,
}

/// What a key is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Material {
    /// The partner's public keys: the text of a JWK set (RFC 7517, section 5).
    Jwks(String),
    /// The URL of a JWK set, for a key that the action uses itself.
    #[serde(rename = "jwks_url")]
    JwksUrl(String),
    /// A shared secret.
    Secret(SecretRef),
    /// A private key, for a key that the action uses itself.
    #[serde(rename = "private_key")]
    PrivateKey(SecretRef),
}

/// Reads the keys of an action.
pub(super) fn read(section: &mut Section<'_>, context: &Context<'_>) -> BTreeMap<String, KeyConfig> {
    let Some(table) = section.table("keys") else { return BTreeMap::new() };
    let read = |(name, at, node): (&str, Place, &Node)| {
        let subject = table.subject_of(&format!("key `{}`", shown(name)));
        Some((name.to_owned(), key(Section::of(table.log, subject, at, node)?, context)?))
    };
    table.entries().filter_map(read).collect()
}

fn key(mut section: Section<'_>, context: &Context<'_>) -> Option<KeyConfig> {
    let issuer = section.parsed("issuer", |text| match text {
        "" => Err(Complaint::new("is empty").hint("write the `iss` of the partner's result tokens")),
        text => Ok(text.to_owned()),
    });
    let alg = section.parsed("alg", |text| one_of(text, "an algorithm", &ALGORITHMS));
    if !section.has("alg") {
        section.missing("alg", "write `alg = \"EdDSA\"`, `\"ES256\"` or `\"HS256\"`");
    }
    let material = alg.as_ref().and_then(|alg| material(&mut section, context, alg.value));
    let at = section.at;
    // Without an algorithm it is not known which of them should be there.
    for name in MATERIALS {
        section.entry(name);
    }
    section.finish();
    Some(KeyConfig { at, issuer, alg: alg?, material: material? })
}

const MATERIALS: [&str; 3] = ["jwks", "private_key", "secret"];

/// One of the three, as the algorithm says.
fn material(section: &mut Section<'_>, context: &Context<'_>, alg: Algorithm) -> Option<Material> {
    let fitting: &[&str] = if alg.secret_bytes().is_some() { &["secret"] } else { &["jwks", "private_key"] };
    let wanted = fitting.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
    for other in MATERIALS.iter().filter(|name| !fitting.contains(name) && section.has(name)) {
        let message = format!("{} does not go with {alg}", section.label(other));
        section.log.error_hint(section.place(other), message, format!("{alg} takes {wanted}"));
    }
    match (section.has("jwks"), section.has("private_key"), fitting) {
        (_, _, ["secret"]) if section.has("secret") => secret(section, context, alg),
        (true, false, ["jwks", _]) => jwks(section, context, alg),
        (false, true, ["jwks", _]) => private_key(section, context, alg),
        (true, true, ["jwks", _]) => {
            let message = format!("{}: a key is public keys or a private one, not both", section.label("private_key"));
            section.log.error_hint(section.place("private_key"), message, "make two keys of it, each with a name");
            None
        }
        (_, _, [first, ..]) => {
            section.missing(first, &format!("write `{first} = {{ file = \"path\" }}`"));
            None
        }
        (_, _, []) => None,
    }
}

fn secret(section: &mut Section<'_>, context: &Context<'_>, alg: Algorithm) -> Option<Material> {
    let (reference, text) = context.origin.text(section, "secret", true)?;
    let (length, least) = (text.reveal().len(), alg.secret_bytes().unwrap_or_default());
    if length < least {
        let message = format!("{}: {length} bytes are too few for {alg}", section.label("secret"));
        section.log.error_hint(reference.at, message, format!("at least {least} bytes (RFC 7518, section 3.2)"));
    }
    Some(Material::Secret(reference.value))
}

/// A set in a file, `{ file = "path" }`, or published, `{ url = "https://.." }`.
fn jwks(section: &mut Section<'_>, context: &Context<'_>, alg: Algorithm) -> Option<Material> {
    if let Some((at, Kind::Table(table))) = section.entry("jwks").map(|(_, node)| (node.at, &node.kind))
        && let (Some((_, node)), 1) = (table.get("url"), table.len())
    {
        let Kind::String(text) = &node.kind else { return section.mistyped("jwks", node, "a URL") };
        let url = web::url(text, context.development).and_then(|url| {
            host_of(url.as_str()).map_err(|why| Complaint::new(format!("`{}`: {why}", shown(text))))?;
            Ok(Material::JwksUrl(url.to_string()))
        });
        return section.value_or_report("jwks", at, url).map(|url| url.value);
    }
    let (reference, text) = context.origin.text(section, "jwks", false)?;
    let checked = jwks::check(text.reveal(), alg);
    section.value_or_report("jwks", reference.at, checked).map(|_| Material::Jwks(text.reveal().to_owned()))
}

fn private_key(section: &mut Section<'_>, context: &Context<'_>, alg: Algorithm) -> Option<Material> {
    let (reference, text) = context.origin.text(section, "private_key", true)?;
    let hint = "PEM as OpenSSL writes it (PKCS#8), or a private JWK";
    let checked = OwnKey::private(alg, text.reveal()).map_err(|why| Complaint::new(why.to_string()).hint(hint));
    section.value_or_report("private_key", reference.at, checked).map(|_| Material::PrivateKey(reference.value))
}
