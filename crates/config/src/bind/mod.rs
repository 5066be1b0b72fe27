//! Binds the configuration to the plugins that it names: what each manifest asks for against what the operator grants.

mod capabilities;
mod factors;
mod keys;
mod rules;
mod settings;
mod shared_secret;
mod site;

pub use site::PluginInfo;

use super::load::Config;
use super::problem::{Log, Problem, Problems};
use super::revision::{ActionSource, Binder, Revision, SourceError};
use super::tenant::Tenant;
use postlude_model::action::{Action, ActionSpec, Budget};
use postlude_model::manifest::{Declared, ManifestError};
use postlude_model::names::{PluginName, TenantName};
use site::Site;
use std::sync::Arc;

/// A tenant whose actions can run.
#[derive(Debug, Clone)]
pub struct BoundTenant {
    /// Its name.
    pub name: TenantName,
    /// Its part of the configuration.
    pub tenant: Tenant,
    /// The pipeline as it is stored.
    pub revision: Revision,
    /// The pipeline as it runs.
    pub actions: Vec<Arc<Action>>,
    /// What a person should look at in this tenant's pipeline.
    pub warnings: Vec<Problem>,
}

/// Binds every tenant.
///
/// # Errors
/// All problems, when one of them is an error.
pub fn bind<'p>(
    config: &Config,
    plugin: impl Fn(&TenantName, &PluginName) -> Option<&'p PluginInfo>,
    binder: Binder<'_>,
) -> Result<Vec<BoundTenant>, Problems> {
    let plugin = |tenant: &TenantName, name: &PluginName| {
        plugin(tenant, name).map_or(FoundPlugin::Missing, FoundPlugin::Accepted)
    };
    let (tenants, problems) = bind_found(config, &plugin, binder);
    problems.into_warnings(tenants).map(|(tenants, _)| tenants)
}

/// What is known of a plugin.
pub(super) enum FoundPlugin<'p> {
    /// The plugin was read and accepted.
    Accepted(&'p PluginInfo),
    /// The plugin was refused, and that has been said.
    Refused,
    /// Nobody looked at it.
    Missing,
}

/// Binds what can be bound, with every problem.
pub(super) fn bind_found<'p>(
    config: &Config,
    plugin: &dyn Fn(&TenantName, &PluginName) -> FoundPlugin<'p>,
    binder: Binder<'_>,
) -> (Vec<BoundTenant>, Problems) {
    let (mut tenants, mut all) = (Vec::new(), Vec::new());
    for tenant in &config.tenants {
        let log = Log::new(&config.file);
        let development = config.server.development;
        let bound = bind_tenant(tenant, development, plugin, binder, &log);
        let problems = log.into_problems();
        let warnings = problems.warnings().cloned().collect();
        all.extend(problems.into_vec());
        let (sources, actions) = bound.into_iter().unzip();
        let (name, tenant) = (tenant.name.clone(), tenant.clone());
        tenants.push(BoundTenant { name, tenant, revision: Revision::new(sources), actions, warnings });
    }
    (tenants, Problems::new(all))
}

fn bind_tenant<'p>(
    tenant: &Tenant,
    development: bool,
    plugin: &dyn Fn(&TenantName, &PluginName) -> FoundPlugin<'p>,
    binder: Binder<'_>,
    log: &Log,
) -> Vec<(ActionSource, Arc<Action>)> {
    let mut owners = factors::Owners::new(&tenant.publishers);
    let mut bound = Vec::new();
    for action in &tenant.pipeline {
        let info = match plugin(&tenant.name, &action.plugin) {
            FoundPlugin::Accepted(info) => info,
            FoundPlugin::Refused => continue,
            FoundPlugin::Missing => {
                let message = format!("action `{}`: the plugin `{}` was not read", action.name, *action.plugin);
                log.error(action.plugin.at, message);
                continue;
            }
        };
        let errors = log.errors();
        let site = Site { tenant: &tenant.name, action, info, development, log };
        let source = source(&site, &mut owners);
        if let Some(source) = source.filter(|_| log.errors() == errors) {
            match source.bind(&tenant.name, binder) {
                Ok(action) => {
                    shared_secret::warn(&site, &source, binder.environment);
                    bound.push((source, action));
                }
                Err(why) => {
                    let keys = action.keys.values().map(|key| key.at).min();
                    let at = if matches!(why, SourceError::Key { .. }) { keys.unwrap_or(action.at) } else { action.at };
                    log.error(at, why.to_string());
                }
            }
        }
    }
    bound
}

fn source(site: &Site<'_>, owners: &mut factors::Owners<'_>) -> Option<ActionSource> {
    plugin_name(site);
    if !settings::settings(site) {
        return None;
    }
    let declared = declared(site)?;
    capabilities::capabilities(site, &declared.capabilities, &declared.result);
    rules::rules(site, &declared);
    let policies = factors::factors(site, &declared, owners);
    let keys = keys::keys(site, &declared);
    let spec = spec(site, declared, policies);
    // Only what was asked for: a plugin does not see more than its manifest declares.
    let asked = |name: &&String| spec.grants.secrets.contains(name);
    let secrets = site.action.secrets.iter().filter(|(name, _)| asked(name));
    let secrets = secrets.map(|(name, from)| (name.clone(), from.value.clone())).collect();
    Some(ActionSource { spec, secrets, keys, development: site.development })
}

fn spec(site: &Site<'_>, declared: Declared, factors: Vec<postlude_model::action::FactorPolicy>) -> ActionSpec {
    let action = site.action;
    ActionSpec {
        name: action.name.clone(),
        plugin: action.plugin.value.clone(),
        version: site.info.manifest.version.clone(),
        digest: site.info.digest,
        applies_to: action.applies_to.value.clone(),
        on_failure: action.on_failure.value,
        rules: action.rules.rules(),
        settings: action.settings.value.clone(),
        grants: declared.capabilities,
        factors,
        result: declared.result,
        budget: budget(site),
    }
}

fn plugin_name(site: &Site<'_>) {
    let (ours, theirs) = (&site.action.plugin, &site.info.manifest.name);
    if ours.value != *theirs {
        let message = site.says(format_args!("the file of plugin `{}` calls itself `{theirs}`", ours.value));
        site.log.warn(ours.at, message, format!("check the `path`, or call the plugin `{theirs}`"));
    }
}

fn declared(site: &Site<'_>) -> Option<Declared> {
    let refused = match site.info.manifest.resolve(&site.action.settings) {
        Ok(declared) => return Some(declared),
        Err(refused) => refused,
    };
    for why in refused {
        let hint = match &why {
            ManifestError::Setting { pointer, .. } => format!("add it to `settings`, at `{pointer}`"),
            _ => "correct the setting from which it comes, or ask the plugin's publisher".to_owned(),
        };
        site.log.error_hint(site.action.settings.at, site.says(why), hint);
    }
    None
}

/// The lower of the host's default and the plugin's suggestion, unless the operator says otherwise.
fn budget(site: &Site<'_>) -> Budget {
    let (host, wish, operator) = (&site.info.budget, &site.info.manifest.limits, site.action.limits);
    let lower = |host: u64, wish: Option<u64>| wish.map_or(host, |wish| wish.min(host));
    let wish_clock = wish.wall_clock_ms.map_or(host.wall_clock, std::time::Duration::from_millis);
    Budget {
        fuel: operator.fuel.unwrap_or_else(|| lower(host.fuel, wish.fuel)),
        wall_clock: operator.wall_clock.unwrap_or_else(|| wish_clock.min(host.wall_clock)),
        memory_bytes: operator.memory_bytes.unwrap_or_else(|| lower(host.memory_bytes, wish.memory_bytes)),
        ..host.clone()
    }
}
