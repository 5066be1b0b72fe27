//! A revision of a pipeline as it is stored: enough to bind its actions again after a restart, and no secret.
//!
//! The text carries the version of its format; texts without one are of version 1. A change that an earlier build would
//! misread raises [`Revision::VERSION`], and [`Revision::read`] goes on reading every earlier version.

use super::keys::Material;
use super::secret::{Environment, SecretError, SecretRef};
use postlude_crypto::token::Algorithm;
use postlude_model::action::{Action, ActionSpec, Secret};
use postlude_model::keys::OwnKeys;
use postlude_model::names::{ActionName, TenantName};
use postlude_model::token::{NoKeys, Profile, TokenKeys};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The ordered actions of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// The version of the format. It is not written where it is 1, so that a text of before has the same bytes, and so
    /// the same number, as it has today.
    #[serde(default, skip_serializing_if = "FormatVersion::is_first")]
    pub version: FormatVersion,
    /// The actions, in order.
    pub actions: Vec<ActionSource>,
}

/// The version of a revision's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FormatVersion(u32);

impl Default for FormatVersion {
    fn default() -> Self {
        Self(1)
    }
}

impl FormatVersion {
    fn is_first(&self) -> bool {
        *self == Self::default()
    }
}

/// Why a stored revision cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RevisionError {
    /// A newer build wrote it.
    #[error(
        "the stored revision has format version {0}, and this build of Postlude reads versions up to {newest}; start the newer one",
        newest = Revision::VERSION
    )]
    Newer(u32),
    /// The text is not a revision.
    #[error("the stored revision cannot be read: {0}")]
    Malformed(#[from] serde_json::Error),
}

/// An action as data, with references in the place of secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionSource {
    /// The action as data.
    pub spec: ActionSpec,
    /// Where its secrets are.
    pub secrets: BTreeMap<String, SecretRef>,
    /// Its keys.
    pub keys: Vec<KeySource>,
    /// Development mode.
    pub development: bool,
}

/// A key as data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySource {
    /// Its name.
    pub name: String,
    /// `iss` of the result token; empty for a key that proves no reply.
    pub issuer: String,
    /// The algorithm.
    pub alg: Algorithm,
    /// The profile of the tokens; [`Profile::None`] for a key that proves no reply.
    pub profile: Profile,
    /// The partner's public keys, or where the shared secret is.
    pub material: Material,
}

/// A key with its secret, ready to be made into one that signs and verifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyKey {
    /// Its name.
    pub name: String,
    /// `iss` of the result token; empty for a key that proves no reply.
    pub issuer: String,
    /// The algorithm.
    pub alg: Algorithm,
    /// The profile of the tokens.
    pub profile: Profile,
    /// What it is made of.
    pub material: ReadyMaterial,
}

/// What a key is made of, with its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadyMaterial {
    /// The partner's public keys: the text of a JWK set.
    Jwks(String),
    /// The URL of a JWK set.
    JwksUrl(String),
    /// The shared secret.
    Secret(Secret),
    /// The private key.
    PrivateKey(Secret),
}

/// Makes keys that sign and verify. The tenant's own signing keys are known to whoever implements it.
pub trait KeyMaker {
    /// Makes the keys of one action.
    ///
    /// # Errors
    /// A message for the operator, when a key's material is not usable. It never contains the material.
    fn make(&self, tenant: &TenantName, action: &ActionName, keys: Vec<ReadyKey>)
    -> Result<Arc<dyn TokenKeys>, String>;
}

impl<F> KeyMaker for F
where
    F: Fn(&TenantName, &ActionName, Vec<ReadyKey>) -> Result<Arc<dyn TokenKeys>, String>,
{
    fn make(
        &self,
        tenant: &TenantName,
        action: &ActionName,
        keys: Vec<ReadyKey>,
    ) -> Result<Arc<dyn TokenKeys>, String> {
        self(tenant, action, keys)
    }
}

/// Makes the keys that one action uses itself. The host has the function, since public keys may have to be fetched.
///
/// # Errors
/// The first key that cannot be used, by its name and without its material.
pub type MakeOwnKeys = fn(keys: Vec<ReadyKey>) -> Result<Arc<dyn OwnKeys>, String>;

/// What binding needs besides the configuration.
#[derive(Clone, Copy)]
pub struct Binder<'a> {
    /// Where secrets come from.
    pub environment: &'a Environment,
    /// Makes the keys for tokens.
    pub keys: &'a dyn KeyMaker,
    /// Makes the keys that actions use themselves.
    pub own_keys: MakeOwnKeys,
}

/// Why a stored action could not be bound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// A secret is not to be had.
    #[error("action `{action}`: secret `{name}`: {why}")]
    Secret {
        /// The action.
        action: ActionName,
        /// The secret's or key's name.
        name: String,
        /// The reason.
        why: SecretError,
    },
    /// A key is not usable.
    #[error("action `{action}`: keys: {why}")]
    Key {
        /// The action.
        action: ActionName,
        /// The reason.
        why: String,
    },
}

impl ActionSource {
    /// Gets the secrets and makes the keys: the action as a run needs it.
    ///
    /// # Errors
    /// When a secret is not to be had now, or a key is not usable.
    pub fn bind(&self, tenant: &TenantName, binder: Binder<'_>) -> Result<Arc<Action>, SourceError> {
        let secrets =
            self.secrets.iter().map(|(name, from)| Ok((name.clone(), self.resolve(name, from, binder.environment)?)));
        let secrets = secrets.collect::<Result<_, SourceError>>()?;
        let ready = self.keys.iter().map(|key| self.ready(key, binder.environment)).collect::<Result<Vec<_>, _>>()?;
        // A key that proves replies is for nothing else; the others are the action's own.
        let (own, proving): (Vec<_>, Vec<_>) = ready.into_iter().partition(|key| key.profile == Profile::None);
        let unusable = |why| SourceError::Key { action: self.spec.name.clone(), why };
        let keys: Arc<dyn TokenKeys> = if proving.is_empty() {
            Arc::new(NoKeys)
        } else {
            binder.keys.make(tenant, &self.spec.name, proving).map_err(unusable)?
        };
        let own_keys = (binder.own_keys)(own).map_err(unusable)?;
        Ok(Arc::new(Action { spec: self.spec.clone(), secrets, keys, own_keys, development: self.development }))
    }

    fn resolve(&self, name: &str, from: &SecretRef, environment: &Environment) -> Result<Secret, SourceError> {
        let action = self.spec.name.clone();
        from.resolve(environment).map_err(|why| SourceError::Secret { action, name: name.to_owned(), why })
    }

    fn ready(&self, key: &KeySource, environment: &Environment) -> Result<ReadyKey, SourceError> {
        let KeySource { name, issuer, alg, profile, material } = key.clone();
        let material = match material {
            Material::Jwks(text) => ReadyMaterial::Jwks(text),
            Material::JwksUrl(url) => ReadyMaterial::JwksUrl(url),
            Material::PrivateKey(from) => ReadyMaterial::PrivateKey(self.resolve(&name, &from, environment)?),
            Material::Secret(from) => ReadyMaterial::Secret(self.resolve(&name, &from, environment)?),
        };
        Ok(ReadyKey { name, issuer, alg, profile, material })
    }
}

impl Revision {
    /// The newest version of the format, which is written.
    pub const VERSION: u32 = 1;

    /// A revision of these actions, in the newest version.
    #[must_use]
    pub const fn new(actions: Vec<ActionSource>) -> Self {
        Self { version: FormatVersion(Self::VERSION), actions }
    }

    /// Reads the text of a stored revision, of any version up to the newest.
    ///
    /// # Errors
    /// When a newer build wrote it, or the text is not a revision.
    pub fn read(text: &str) -> Result<Self, RevisionError> {
        #[derive(Deserialize)]
        struct Versioned {
            #[serde(default)]
            version: FormatVersion,
        }
        // The version first: a newer text may have fields of which nothing is known here.
        let Versioned { version } = serde_json::from_str(text)?;
        if version.0 > Self::VERSION {
            return Err(RevisionError::Newer(version.0));
        }
        Ok(serde_json::from_str(text)?)
    }

    /// Binds every action.
    ///
    /// # Errors
    /// The first action that cannot be bound.
    pub fn bind(&self, tenant: &TenantName, binder: Binder<'_>) -> Result<Vec<Arc<Action>>, SourceError> {
        self.actions.iter().map(|action| action.bind(tenant, binder)).collect()
    }
}
