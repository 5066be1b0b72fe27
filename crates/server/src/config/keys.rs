//! The table `keys` of an action: the partner's public keys, or a secret that both sides share.

use super::action::one_of;
use super::jwks;
use super::problem::{Complaint, Place};
use super::read::{At, Section, shown};
use super::secret::SecretRef;
use super::tenant::Context;
use super::tree::Node;
use postlude_crypto::token::{Algorithm, SECRET_BYTES};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const ALGORITHMS: [(&str, Algorithm); 3] =
    [("EdDSA", Algorithm::EdDSA), ("ES256", Algorithm::ES256), ("HS256", Algorithm::HS256)];

/// A key for tokens to and from the action's prompt site.
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
    /// A shared secret.
    Secret(SecretRef),
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
    // Without an algorithm it is not known which of the two should be there.
    section.entry("jwks");
    section.entry("secret");
    section.finish();
    Some(KeyConfig { at, issuer, alg: alg?, material: material? })
}

fn material(section: &mut Section<'_>, context: &Context<'_>, alg: Algorithm) -> Option<Material> {
    let (wanted, other) = if alg == Algorithm::HS256 { ("secret", "jwks") } else { ("jwks", "secret") };
    if section.has(other) {
        let message = format!("{} does not go with {alg}", section.label(other));
        section.log.error_hint(section.place(other), message, format!("{alg} takes `{wanted}`"));
    }
    if !section.has(wanted) {
        section.missing(wanted, &format!("write `{wanted} = {{ file = \"path\" }}`"));
        return None;
    }
    let (reference, text) = context.origin.text(section, wanted, alg == Algorithm::HS256)?;
    if alg == Algorithm::HS256 {
        let length = text.reveal().len();
        if length < SECRET_BYTES {
            let message = format!("{}: {length} bytes are too few for HS256", section.label(wanted));
            section.log.error_hint(
                reference.at,
                message,
                format!("at least {SECRET_BYTES} bytes (RFC 7518, section 3.2)"),
            );
        }
        return Some(Material::Secret(reference.value));
    }
    let checked = jwks::check(text.reveal(), alg);
    section.settle(wanted, reference.at, checked).map(|_| Material::Jwks(text.reveal().to_owned()))
}
