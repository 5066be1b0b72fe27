//! The keys of an action: the one that proves its replies, and those that it may use itself.

use super::super::keys::{KeyConfig, Material};
use super::super::revision::KeySource;
use super::capabilities::closed_key;
use super::site::Site;
use postlude_crypto::token::Algorithm;
use postlude_model::manifest::{Declared, ResolvedProof};
use postlude_model::names::TenantName;
use postlude_model::token::Profile;

/// The keys that the action needs; each must be configured, and fit what it is for.
pub(super) fn keys(site: &Site<'_>, declared: &Declared) -> Vec<KeySource> {
    let (proof, asked) = (&declared.result, &declared.capabilities);
    closed_key(site, proof, asked);
    let mut names: Vec<&String> = asked.keys.iter().collect();
    if is_token(proof) {
        names.push(&proof.key);
    }
    names.sort();
    names.dedup();
    for (name, config) in site.action.keys.iter().filter(|(name, _)| !names.contains(name)) {
        let message = site.says(format_args!("`keys` has `{name}`, which the plugin does not ask for"));
        let hint = site.near(name, names.iter().map(|name| name.as_str()), "remove it");
        site.log.warn(config.at, message, hint);
    }
    names.into_iter().filter_map(|name| key(site, name, proof)).collect()
}

fn key(site: &Site<'_>, name: &str, proof: &ResolvedProof) -> Option<KeySource> {
    let is_proof = is_token(proof) && proof.key == name;
    let Some(config) = site.action.keys.get(name) else {
        let purpose = if is_proof { "its replies are proved by the key" } else { "asks for the key" };
        let message = site.says(format_args!("{purpose} `{name}`, which is not configured"));
        let profile = if is_proof { proof.profile } else { Profile::None };
        site.log.error_hint(site.action.at, message, lines_to_add(site.tenant, name, profile));
        return None;
    };
    if is_proof {
        fits(site, name, config, proof.profile);
    }
    Some(KeySource {
        name: name.to_owned(),
        issuer: config.issuer.as_ref().map(|issuer| issuer.value.clone()).unwrap_or_default(),
        alg: config.alg.value,
        profile: if is_proof { proof.profile } else { Profile::None },
        material: config.material.clone(),
    })
}

fn fits(site: &Site<'_>, name: &str, config: &KeyConfig, profile: Profile) {
    if config.issuer.is_none() {
        let message = site.says(format_args!("key `{name}`: `issuer` is missing"));
        site.log.error_hint(config.at, message, "write the `iss` of the partner's result tokens");
    }
    if !matches!(config.material, Material::Jwks(_) | Material::Secret(_)) {
        let message = site.says(format_args!("key `{name}`: proves its replies, so its keys stand here"));
        site.log.error_hint(config.at, message, "write `jwks = { file = \"path\" }`, or a `secret`");
    }
    if matches!(*config.alg, Algorithm::HS384 | Algorithm::HS512 | Algorithm::RS256) {
        let message = site.says(format_args!("key `{name}`: {} does not go with prompt sites", *config.alg));
        site.log.error_hint(config.alg.at, message, "their tokens take EdDSA, ES256 or HS256");
    }
    if profile == Profile::Auth0 && config.alg.value != Algorithm::HS256 {
        let message = site.says(format_args!("key `{name}`: {} does not go with the profile `auth0`", *config.alg));
        site.log.error_hint(config.alg.at, message, "that profile takes `alg = \"HS256\"` and a `secret`");
    }
}

fn is_token(proof: &ResolvedProof) -> bool {
    matches!(proof.profile, Profile::Postlude | Profile::Auth0)
}

/// The lines that are missing, ready to be copied.
fn lines_to_add(tenant: &TenantName, name: &str, profile: Profile) -> String {
    let (alg, material) = match profile {
        Profile::None => {
            return format!(
                "add these lines below the action:\n    [tenants.{tenant}.pipeline.keys.{name}]\n    alg = \"RS256\"\n    \
                 jwks = {{ url = \"https://idp.example/jwks\" }}    # or `private_key`, or `secret` with HS256"
            );
        }
        Profile::Auth0 => ("HS256", "secret = { env = \"NAME\" }"),
        _ => ("EdDSA", "jwks = { file = \"partner.jwks.json\" }"),
    };
    format!(
        "add these lines below the action:\n    [tenants.{tenant}.pipeline.keys.{name}]\n    \
         issuer = \"https://partner.example\"    # `iss` of its result tokens\n    alg = \"{alg}\"\n    {material}"
    )
}
