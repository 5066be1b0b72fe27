//! The operator's policy for each factor that the manifest declares.

use super::super::action::FactorConfig;
use super::super::publishers::Publishers;
use super::super::read::At;
use super::site::Site;
use postlude_model::action::FactorPolicy;
use postlude_model::manifest::Declared;
use postlude_model::names::{ActionName, FactorName, TenantName};
use postlude_model::token::Profile;
use std::collections::BTreeMap;

/// The actions of a tenant's pipeline by the factors that they declare.
#[derive(Debug)]
pub(super) struct Owners<'t> {
    declared: BTreeMap<FactorName, (String, ActionName)>,
    /// What the operator says is whose.
    reserved: BTreeMap<&'t FactorName, &'t str>,
}

impl<'t> Owners<'t> {
    /// Of a tenant, before its first action.
    pub(super) fn new(publishers: &'t Publishers) -> Self {
        let reserved = publishers
            .iter()
            .flat_map(|(name, publisher)| publisher.factors.iter().map(|factor| (factor, name.as_str())));
        Self { declared: BTreeMap::new(), reserved: reserved.collect() }
    }
}

/// The policies, one for each declared factor.
pub(super) fn factors(site: &Site<'_>, declared: &Declared, owners: &mut Owners<'_>) -> Vec<FactorPolicy> {
    let policies = declared.factors.iter().filter_map(|(name, proposed)| {
        owner(site, name, owners);
        provable(site, name, declared.result.profile);
        policy(site, name, proposed)
    });
    let policies = policies.collect();
    undeclared(site, declared);
    policies
}

fn policy(site: &Site<'_>, name: &FactorName, proposed: &[String]) -> Option<FactorPolicy> {
    let Some(config) = site.action.factors.iter().find(|config| config.name == *name) else {
        let message = site.says(format_args!("the plugin may record `{name}`, and there is no policy for it"));
        site.log.error_hint(site.action.at, message, lines_to_add(site.tenant, name, proposed));
        return None;
    };
    for value in config.amr.iter().filter(|value| !proposed.contains(value)) {
        let message =
            site.says(format_args!("amr `{}` of `{name}` is not among what the plugin proposes", value.value));
        let hint = match proposed {
            [] => "the plugin proposes none; keep it if you know what the factor is worth".to_owned(),
            proposed => format!("it proposes: {}", proposed.join(", ")),
        };
        site.log.warn(value.at, message, hint);
    }
    let listed = |grants: &[At<FactorName>]| grants.iter().any(|granted| granted.value == *name);
    Some(FactorPolicy {
        name: name.clone(),
        max_age: *config.max_age,
        max_idle: config.max_idle.as_ref().map(|idle| idle.value),
        max_uses: config.max_uses.as_ref().map(|uses| uses.value),
        per_client: config.per_client,
        amr: config.amr.iter().map(|value| value.value.clone()).collect(),
        external: listed(&site.action.grants.external),
        silent: listed(&site.action.grants.silent),
    })
}

/// Policies and grants for factors that the plugin does not declare.
fn undeclared(site: &Site<'_>, declared: &Declared) {
    let known = || declared.factors.iter().map(|(name, _)| name);
    let near = |name: &FactorName| site.near(name.as_str(), known().map(FactorName::as_str), "remove it");
    let unknown = |config: &&FactorConfig| !known().any(|name| *name == config.name);
    for config in site.action.factors.iter().filter(unknown) {
        let message =
            site.says(format_args!("there is a policy for `{}`, which the plugin does not declare", config.name));
        site.log.error_hint(config.at, message, near(&config.name));
    }
    for (key, grants) in [("external", &site.action.grants.external), ("silent", &site.action.grants.silent)] {
        for granted in grants.iter().filter(|granted| !known().any(|name| *name == granted.value)) {
            let message =
                site.says(format_args!("`grants.{key}` has `{}`, which the plugin does not declare", granted.value));
            site.log.error_hint(granted.at, message, near(&granted.value));
        }
    }
    if declared.result.profile != Profile::External {
        for granted in &site.action.grants.external {
            let message = site.says(format_args!(
                "`grants.external` has `{}`, and the plugin's `result` is not `external`",
                granted.value
            ));
            site.log.warn(granted.at, message, "remove it: its replies are proved in another way");
        }
    }
}

/// Whether there is a way in which the factor can ever be recorded.
fn provable(site: &Site<'_>, name: &FactorName, profile: Profile) {
    let listed = |grants: &[At<FactorName>]| grants.iter().any(|granted| granted.value == *name);
    if listed(&site.action.grants.silent) {
        return;
    }
    if profile == Profile::External && !listed(&site.action.grants.external) {
        let message = site.says(format_args!("asks to record `{name}` on its own word, not granted"));
        let hint = "add it to `grants.external` if you trust this plugin to prove it, or remove the action";
        site.log.error_hint(site.action.grants.at, message, hint);
    }
    if profile == Profile::None {
        let message = site.says(format_args!("`{name}` can never be recorded: the plugin's `result` proves nothing"));
        site.log.warn(
            site.action.at,
            message,
            "ask the plugin's publisher; or add it to `grants.silent` if it needs no prompt",
        );
    }
}

/// One factor name belongs to one publisher.
fn owner(site: &Site<'_>, name: &FactorName, owners: &mut Owners<'_>) {
    let publisher = &site.info.manifest.publisher;
    if let Some(owner) = owners.reserved.get(name).filter(|owner| *owner != publisher) {
        let message = site
            .says(format_args!("the plugin of `{publisher}` declares `{name}`, which `publishers` gives to `{owner}`"));
        let hint = "take that publisher's plugin, or another factor name";
        site.log.error_hint(site.action.plugin.at, message, hint);
    }
    let ours = (publisher.clone(), site.action.name.clone());
    let (owner, action) = owners.declared.entry(name.clone()).or_insert(ours);
    if owner != publisher {
        let message = site.says(format_args!(
            "the plugin of `{publisher}` declares `{name}`, which belongs to `{owner}` by action `{action}`"
        ));
        site.log.error_hint(
            site.action.plugin.at,
            message,
            "use another factor name in one of them, or remove one action",
        );
    }
}

/// The lines that are missing, ready to be copied.
fn lines_to_add(tenant: &TenantName, name: &FactorName, proposed: &[String]) -> String {
    let amr: Vec<String> = proposed.iter().map(|value| format!("\"{value}\"")).collect();
    format!(
        "add these lines below the action:\n    [[tenants.{tenant}.pipeline.factors]]\n    name = \"{name}\"\n    \
         max_age = \"24h\"    # \"0s\": prompt every time\n    amr = [{}]",
        amr.join(", ")
    )
}
