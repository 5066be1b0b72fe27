//! An action: a plugin bound into a pipeline with its settings, grants, factor policy, failure policy and limits.

use crate::json::Json;
use crate::keys::{NoOwnKeys, OwnKeys};
use crate::manifest::{Declared, Grants, Manifest, ManifestError, ResolvedProof};
use crate::named::named_values;
use crate::names::{ActionName, Digest, FactorName, GroupName, PluginName};
use crate::policy::when::Clause;
pub use crate::run::Budget;
use crate::token::{NoKeys, TokenKeys};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

named_values! {
    /// How the login reached the IdP. The name is for requests, answers, the configuration and the contract with plugins.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum Mode {
        /// A browser that can be redirected.
        Interactive = "interactive",
        /// `prompt=none` (OpenID Connect Core, section 3.1.2.1).
        Silent = "silent",
        /// A refresh token grant (RFC 6749, section 6).
        Refresh = "refresh",
        /// A resource owner password grant (RFC 6749, section 4.3).
        Password = "password",
    }
}

/// What a failure of the action means for the login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// The login is denied.
    #[default]
    Deny,
    /// The login goes on without the action. Never for one that declares a factor, and never in `on-continue`.
    Continue,
    /// Each kind of failure has its own policy.
    PerKind(PerKind),
}

/// A failure policy for each kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct PerKind {
    /// Whether the login goes on after [`FailureKind::Other`].
    pub other: bool,
    /// Whether the login goes on after [`FailureKind::Unavailable`].
    pub unavailable: bool,
    /// Whether the login goes on after [`FailureKind::Trap`].
    pub trap: bool,
    /// Whether the login goes on after [`FailureKind::Fuel`].
    pub fuel: bool,
}

named_values! {
    /// How an action failed. The name is for the configuration.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum FailureKind {
        /// The action said that it could not decide, or asked for what is not acceptable.
        Other = "other",
        /// The action said that something it needs did not answer.
        Unavailable = "unavailable",
        /// The action was stopped: a trap, or any limit but fuel.
        Trap = "trap",
        /// The action's fuel was spent.
        Fuel = "fuel",
    }
}

impl OnFailure {
    /// Whether the login goes on after a failure of this kind, as far as the operator is asked.
    #[must_use]
    pub const fn opens(self, kind: FailureKind) -> bool {
        match (self, kind) {
            (Self::Deny, _) => false,
            (Self::Continue, _) => true,
            (Self::PerKind(kinds), FailureKind::Other) => kinds.other,
            (Self::PerKind(kinds), FailureKind::Unavailable) => kinds.unavailable,
            (Self::PerKind(kinds), FailureKind::Trap) => kinds.trap,
            (Self::PerKind(kinds), FailureKind::Fuel) => kinds.fuel,
        }
    }

    /// Whether some failure lets the login go on.
    #[must_use]
    pub fn ever_opens(self) -> bool {
        FailureKind::ALL.into_iter().any(|kind| self.opens(kind))
    }
}

/// The operator's policy for one factor of the action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactorPolicy {
    /// The factor.
    pub name: FactorName,
    /// How old a record may be; zero: prompt every time.
    pub max_age: Duration,
    /// How long ago a record may have been used last; its completion counts as a use.
    pub max_idle: Option<Duration>,
    /// How many later logins a record may satisfy.
    pub max_uses: Option<u32>,
    /// A record counts only for the client in whose login it was completed.
    pub per_client: bool,
    /// The amr values (RFC 8176) that a fresh record is worth.
    pub amr: Vec<String>,
    /// The operator takes the plugin's own word for the proof (`external`).
    pub external: bool,
    /// The operator lets the plugin record it in `on-login` (`silent`).
    pub silent: bool,
}

impl FactorPolicy {
    /// A policy of age alone, worth nothing, without grants.
    #[must_use]
    pub fn new(name: FactorName, max_age: Duration) -> Self {
        let amr = Vec::new();
        Self { name, max_age, max_idle: None, max_uses: None, per_client: false, amr, external: false, silent: false }
    }
}

/// When and how an action takes part in a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Rules {
    /// What of the event must hold when the login begins; else the action is passed over.
    pub when: Vec<Clause>,
    /// The group of which one action suffices.
    pub any_of: Option<GroupName>,
    /// The action runs and the trace shows what it would have done, but the login does not change.
    pub report_only: bool,
}

/// An action as data: what a revision of a pipeline stores. Secrets and keys are in [`Action`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionSpec {
    /// The action's name in the pipeline.
    pub name: ActionName,
    /// The plugin's name.
    pub plugin: PluginName,
    /// The plugin's version.
    pub version: String,
    /// The plugin file.
    pub digest: Digest,
    /// The modes in which it runs.
    pub applies_to: BTreeSet<Mode>,
    /// The failure policy.
    pub on_failure: OnFailure,
    /// When and how it takes part in a login.
    pub rules: Rules,
    /// The action's settings, an object.
    pub settings: Json,
    /// What the manifest asks for and the operator granted.
    pub grants: Grants,
    /// The factors that the action may record, with the operator's policy for each.
    pub factors: Vec<FactorPolicy>,
    /// How replies to the action's prompts are proved.
    pub result: ResolvedProof,
    /// Limits of the action's runs.
    pub budget: Budget,
}

impl ActionSpec {
    /// The policy of a factor that the action declares.
    #[must_use]
    pub fn factor(&self, name: &str) -> Option<&FactorPolicy> {
        self.factors.iter().find(|factor| factor.name.as_str() == name)
    }

    /// What the action's manifest declares instead of a factor that it does not, for a message.
    #[must_use]
    pub fn declared_factors(&self) -> String {
        let names: Vec<String> = self.factors.iter().map(|factor| format!("`{}`", factor.name)).collect();
        if names.is_empty() { "declares no factor".to_owned() } else { format!("declares {}", names.join(", ")) }
    }
}

/// A secret value; it does not show itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a secret.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the one place that needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// An action with its secrets and keys: what a run needs besides the login.
#[derive(Debug, Clone)]
pub struct Action {
    /// The action as data.
    pub spec: ActionSpec,
    /// The granted secrets.
    pub secrets: BTreeMap<String, Secret>,
    /// The keys for tokens to and from its prompt site.
    pub keys: Arc<dyn TokenKeys>,
    /// The keys that the action may use itself.
    pub own_keys: Arc<dyn OwnKeys>,
    /// Development mode: redirects to http on loopback are allowed.
    pub development: bool,
}

impl Action {
    /// An action that grants a plugin all that its manifest asks for, under the default limits; every factor prompts each
    /// time, no secrets, no keys. The manifest and the digest are those of the loaded plugin.
    ///
    /// # Errors
    /// Everything in the manifest that does not resolve with these settings.
    pub fn granting_all(manifest: &Manifest, digest: Digest, settings: Json) -> Result<Self, Vec<ManifestError>> {
        let Declared { factors, result, capabilities } = manifest.resolve(&settings)?;
        let name = ActionName::new(manifest.name.as_str()).map_err(|why| {
            let value = manifest.name.to_string();
            vec![ManifestError::Value { what: "the plugin's name", value, why: why.to_string() }]
        })?;
        let prompting = |(name, amr)| FactorPolicy { amr, ..FactorPolicy::new(name, Duration::ZERO) };
        let factors = factors.into_iter().map(prompting);
        let spec = ActionSpec {
            name,
            plugin: manifest.name.clone(),
            version: manifest.version.clone(),
            digest,
            applies_to: Mode::ALL.into_iter().collect(),
            on_failure: OnFailure::default(),
            rules: Rules::default(),
            settings,
            grants: capabilities,
            factors: factors.collect(),
            result,
            budget: Budget::default(),
        };
        Ok(Self {
            spec,
            secrets: BTreeMap::new(),
            keys: Arc::new(NoKeys),
            own_keys: Arc::new(NoOwnKeys),
            development: false,
        })
    }
}
