//! The root keys and what is derived from them: each tenant's own signing keys, and with those the keys of actions.

use super::load::Config;
use super::problem::Log;
use super::read::At;
use super::revision::{KeyMaker, ReadyKey, ReadyMaterial};
use super::secret::{Environment, SecretRef};
use postlude_crypto::root::{RootKey, RootKeys};
use postlude_crypto::token::{ActionKeys, KeyConfig, KeyProfile, SignerError, TenantSigner, VerifyWith};
use postlude_model::names::{ActionName, TenantName};
use postlude_model::token::{NoKeys, Profile, TokenKeys};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The keys of a host.
#[derive(Debug, Clone)]
pub struct Signing {
    roots: Arc<RootKeys>,
    signers: BTreeMap<TenantName, Arc<TenantSigner>>,
}

impl Signing {
    /// Derives the keys of every tenant.
    ///
    /// # Errors
    /// When a tenant's key pair cannot be derived.
    pub fn new<'t>(
        roots: Arc<RootKeys>,
        tenants: impl IntoIterator<Item = &'t TenantName>,
    ) -> Result<Self, SignerError> {
        let signer = |tenant: &TenantName| Ok((tenant.clone(), Arc::new(TenantSigner::new(&roots, tenant)?)));
        let signers = tenants.into_iter().map(signer).collect::<Result<_, SignerError>>()?;
        Ok(Self { roots, signers })
    }

    /// The root keys.
    #[must_use]
    pub const fn roots(&self) -> &Arc<RootKeys> {
        &self.roots
    }

    /// A tenant's signing keys.
    #[must_use]
    pub fn signer(&self, tenant: &TenantName) -> Option<&Arc<TenantSigner>> {
        self.signers.get(tenant)
    }
}

impl KeyMaker for Signing {
    fn make(&self, tenant: &TenantName, _: &ActionName, keys: Vec<ReadyKey>) -> Result<Arc<dyn TokenKeys>, String> {
        let signer = self.signer(tenant).ok_or_else(|| format!("tenant `{tenant}` has no signing keys"))?;
        let configs: Vec<KeyConfig> = keys.into_iter().filter_map(config).collect();
        if configs.is_empty() {
            return Ok(Arc::new(NoKeys));
        }
        let keys = ActionKeys::new(configs, Arc::clone(signer)).map_err(|why| why.to_string())?;
        Ok(Arc::new(keys))
    }
}

/// A key for tokens; none for one that the action only uses itself.
fn config(key: ReadyKey) -> Option<KeyConfig> {
    let profile = match key.profile {
        Profile::Postlude => KeyProfile::Postlude,
        Profile::Auth0 => KeyProfile::Auth0,
        Profile::External | Profile::None => return None,
    };
    let verify = match key.material {
        ReadyMaterial::Jwks(text) => VerifyWith::Jwks(text),
        ReadyMaterial::Secret(secret) => VerifyWith::Secret(secret.reveal().as_bytes().to_vec().into()),
        // Said when the action was bound; without the key nothing is proved.
        ReadyMaterial::JwksUrl(_) | ReadyMaterial::PrivateKey(_) => return None,
    };
    Some(KeyConfig { name: key.name, profile, issuer: key.issuer, alg: key.alg, verify })
}

/// The keys that the configuration names. Without a usable one: none, with the reason in the log.
pub(super) fn read(config: &Config, environment: &Environment, log: &Log) -> Option<Signing> {
    let server = &config.server;
    let root = |label: &str, reference: &At<SecretRef>| {
        // A missing file or variable has been said already.
        let text = reference.resolve(environment).ok()?;
        let read = RootKey::parse(text.reveal());
        read.map_err(|why| log.error(reference.at, format!("`server.{label}`: {}: {why}", reference.value))).ok()
    };
    let current = root("root_key", &server.root_key);
    let previous: Vec<Option<RootKey>> =
        server.previous_root_keys.iter().map(|key| root("previous_root_keys", key)).collect();
    let previous = previous.into_iter().collect::<Option<Vec<_>>>();
    let roots = RootKeys::new(current?, previous?);
    let roots = roots.map_err(|why| log.error(server.root_key.at, format!("`server.root_key`: {why}"))).ok()?;
    let signing = Signing::new(Arc::new(roots), config.tenants.iter().map(|tenant| &tenant.name));
    signing.map_err(|why| log.error(server.root_key.at, format!("`server.root_key`: {why}"))).ok()
}
