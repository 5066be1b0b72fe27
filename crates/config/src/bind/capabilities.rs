//! What the manifest asks for against what the operator grants: nothing less, and nothing that nobody asked for.

use super::super::problem::Place;
use super::super::read::At;
use super::super::web::is_secure_origin;
use super::site::Site;
use postlude_model::manifest::{Grants, ResolvedProof};
use postlude_model::token::Profile;

/// One kind of thing that is asked for and granted by name.
struct Kind<'a> {
    /// The kind, for messages.
    what: &'static str,
    /// The key under `grants`.
    key: &'static str,
    asked: &'a [String],
    granted: &'a [At<String>],
    /// Whether a grant allows what is asked.
    allows: fn(&str, &str) -> bool,
}

/// Compares every kind.
pub(super) fn capabilities(site: &Site<'_>, asked: &Grants, proof: &ResolvedProof) {
    let granted = &site.action.grants;
    let kind =
        |what, key, asked, granted| Kind { what, key, asked, granted, allows: |granted, asked| granted == asked };
    let kinds = [
        Kind { allows: includes, ..kind("the event's", "event", &asked.event, &granted.event) },
        kind("redirects to", "redirect_origins", &asked.redirect_origins, &granted.redirect_origins),
        kind("secret", "secrets", &asked.secrets, &granted.secrets),
        kind("key", "keys", &asked.keys, &granted.keys),
        Kind { allows: same_host, ..kind("host", "hosts", &asked.hosts, &granted.hosts) },
        kind("claim", "claims", &asked.claims, &granted.claims),
        kind("scope", "scopes", &asked.scopes, &granted.scopes),
        kind("app metadata", "app_metadata", &asked.app_metadata, &granted.app_metadata),
        kind("user metadata", "user_metadata", &asked.user_metadata, &granted.user_metadata),
    ];
    kinds.iter().for_each(|kind| compare(site, kind, proof));
    origins(site, &asked.redirect_origins);
    secrets(site, &asked.secrets);
}

fn compare(site: &Site<'_>, kind: &Kind<'_>, proof: &ResolvedProof) {
    let Kind { what, key, asked, granted, allows } = kind;
    for asked in *asked {
        if !granted.iter().any(|granted| allows(granted, asked)) {
            let message = site.says(format_args!("asks for {what} `{asked}`, not granted"));
            let hint = format!("add it to `grants.{key}`, or remove the action");
            site.log.error_hint(site.action.grants.at, message, hint);
        }
    }
    for granted in *granted {
        // A grant of the result's key is an error of its own, or is harmless.
        let is_proof = *key == "keys" && proof.key == granted.value;
        if !is_proof && !asked.iter().any(|asked| allows(granted, asked)) {
            let message =
                site.says(format_args!("`grants.{key}` has `{}`, which the plugin does not ask for", granted.value));
            let hint = site.near(granted, asked.iter().map(String::as_str), "remove it");
            site.log.warn(granted.at, message, hint);
        }
    }
}

fn origins(site: &Site<'_>, asked: &[String]) {
    for origin in asked.iter().filter(|origin| !is_secure_origin(origin, site.development)) {
        let message = site.says(format_args!("redirects to `{origin}`, which is not https"));
        let hint = "use https; http is for loopback, with `server.development = true`";
        site.log.error_hint(site.action.settings.at, message, hint);
    }
}

fn secrets(site: &Site<'_>, asked: &[String]) {
    for name in asked.iter().filter(|name| !site.action.secrets.contains_key(*name)) {
        let message = site.says(format_args!("asks for secret `{name}`, which is not configured"));
        let hint = format!("add `{name} = {{ env = \"NAME\" }}` to `secrets`");
        site.log.error_hint(site.action.at, message, hint);
    }
    for (name, from) in site.action.secrets.iter().filter(|(name, _)| !asked.contains(name)) {
        let message = site.says(format_args!("`secrets` has `{name}`, which the plugin does not ask for"));
        let hint = site.near(name, asked.iter().map(String::as_str), "remove it");
        site.log.warn(from.at, message, hint);
    }
}

/// A profile whose replies the action's own key could forge closes that key to the action.
pub(super) fn closed_key(site: &Site<'_>, proof: &ResolvedProof, asked: &Grants) {
    if proof.profile != Profile::Auth0 {
        return;
    }
    let granted: Option<Place> = site.action.grants.keys.iter().find(|key| key.value == proof.key).map(|key| key.at);
    if granted.is_some() || asked.keys.contains(&proof.key) {
        let at = granted.unwrap_or(site.action.grants.at);
        let message =
            site.says(format_args!("the key `{}` proves its replies, and it may use the same key itself", proof.key));
        let hint = "remove it from `grants.keys`: with this profile the action could sign its own proof";
        site.log.error_hint(at, message, hint);
    }
}

/// Whether a pointer (RFC 6901) equals another or lies below it.
fn includes(granted: &str, asked: &str) -> bool {
    asked.strip_prefix(granted).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn same_host(granted: &str, asked: &str) -> bool {
    granted.eq_ignore_ascii_case(asked.strip_suffix(":443").unwrap_or(asked))
}
