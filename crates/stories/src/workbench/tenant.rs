//! What the simulated world knows of the tenant: its URLs, and each action's partner.

use super::error::WorkbenchError;
use crate::partner::{Alg, PartnerKey, TokenProfile};
use postlude_config::{Environment, KeyConfig, Material};
use postlude_crypto::token::Algorithm;
use postlude_host::{Host, Tenant};
use postlude_model::names::TenantName;
use postlude_model::token::Profile;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The tenant whose logins are simulated.
#[derive(Debug)]
pub(super) struct SimulatedTenant {
    pub(super) name: TenantName,
    pub(super) issuer: String,
    pub(super) continue_url: String,
    pub(super) return_url: String,
    partners: BTreeMap<String, ActionPartner>,
}

/// The prompt site of one action.
#[derive(Debug, Clone)]
pub(super) struct ActionPartner {
    pub(super) key: PartnerKey,
    /// The parameter in which it returns its result.
    pub(super) parameter: String,
    /// `aud` of its results.
    pub(super) audience: String,
}

impl SimulatedTenant {
    pub(super) fn of(host: &Host, name: Option<&str>, environment: &Environment) -> Result<Self, WorkbenchError> {
        let tenants = &host.config().tenants;
        let names: Vec<_> = tenants.iter().map(|tenant| format!("`{}`", tenant.name)).collect();
        let found = match (name, tenants.as_slice()) {
            (Some(name), all) => all.iter().find(|tenant| tenant.name.as_str() == name),
            (None, [only]) => Some(only),
            (None, _) => None,
        };
        let config = found.ok_or_else(|| {
            let known = names.join(", ");
            WorkbenchError::Usage(match name {
                Some(name) => format!("the configuration has no tenant `{name}`; it has {known}"),
                None => format!("the configuration has several tenants, choose one with `--tenant`: {known}"),
            })
        })?;
        let running = host.tenants().get(&config.name).cloned();
        let running = running.ok_or_else(|| WorkbenchError::Internal("the tenant does not run".to_owned()))?;
        let return_url = config.return_urls.first().map(|url| {
            let segments = url.segments().iter().map(|segment| format!("/{segment}")).collect::<String>();
            format!("{}{segments}/stories", url.origin())
        });
        Ok(Self {
            issuer: config.issuer().to_owned(),
            continue_url: config.continue_url(),
            return_url: return_url.unwrap_or_default(),
            partners: partners(config, &running, environment),
            name: config.name.clone(),
        })
    }

    /// The partner of an action, where its replies are proved by a token.
    pub(super) fn partner(&self, action: &str) -> Option<&ActionPartner> {
        self.partners.get(action)
    }
}

fn partners(
    config: &postlude_config::Tenant,
    running: &Arc<Tenant>,
    environment: &Environment,
) -> BTreeMap<String, ActionPartner> {
    let pipeline = running.pipeline();
    let partner = |configured: &postlude_config::ActionConfig| {
        let action = pipeline.actions.iter().find(|action| action.spec.name == configured.name)?;
        let proof = &action.spec.result;
        let profile = match proof.profile {
            Profile::Postlude => TokenProfile::Postlude,
            Profile::Auth0 => TokenProfile::Auth0,
            Profile::External | Profile::None => return None,
        };
        let key = partner_key(profile, configured.keys.get(&proof.key)?, environment)?;
        let audience = format!("{}#{}", config.issuer(), configured.name);
        Some((configured.name.to_string(), ActionPartner { key, parameter: proof.parameter.clone(), audience }))
    };
    config.pipeline.iter().filter_map(partner).collect()
}

fn partner_key(profile: TokenProfile, key: &KeyConfig, environment: &Environment) -> Option<PartnerKey> {
    let issuer = key.issuer.as_ref().map(|issuer| issuer.value.as_str()).unwrap_or_default();
    match &key.material {
        Material::Secret(reference) => {
            Some(PartnerKey::shared(profile, issuer, reference.resolve(environment).ok()?.reveal()))
        }
        Material::Jwks(_) => {
            let alg = if key.alg.value == Algorithm::ES256 { Alg::Es256 } else { Alg::EdDsa };
            Some(PartnerKey::simulated(profile, issuer, alg))
        }
        Material::JwksUrl(_) | Material::PrivateKey(_) => None,
    }
}
