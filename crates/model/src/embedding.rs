//! Short ways to an [`Action`] and a [`RunInput`], for programs that run plugins without Postlude's server.
//!
//! A host that embeds the sandbox decides by itself what an operator decides in `postlude.toml`. These constructors take
//! the simplest decision for all of it, every field is public, and a host changes what it wants otherwise.

use crate::action::{Action, ActionSpec, Budget, FactorPolicy, Mode, OnFailure, Rules};
use crate::json::Json;
use crate::keys::NoOwnKeys;
use crate::manifest::{Declared, Manifest, ManifestError};
use crate::names::{ActionName, Digest, LoginId, RunId, Timestamp};
use crate::run::{Metadata, Phase, RunInput};
use crate::token::NoKeys;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

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

impl RunInput {
    /// What `on-login` observes of an interactive login whose session has no factors. The user is the event's
    /// `/user/user_id`. Identifiers, state and seed are fixed: a host that runs more than one login, or lets a plugin
    /// redirect, puts its own there, none of them guessable.
    #[must_use]
    pub fn on_login(action: Arc<Action>, event: Json, now: Timestamp) -> Self {
        let user = event.pointer("/user/user_id").and_then(|id| id.to_value().as_str().map(str::to_owned));
        Self {
            phase: Phase::Login,
            action,
            mode: Mode::Interactive,
            login_id: LoginId::derived("lgn_", "embedded"),
            run_id: RunId::derived("run_", "0"),
            user_id: user.unwrap_or_default(),
            issuer: "http://localhost".to_owned(),
            continue_url: "http://localhost/continue".to_owned(),
            event: Arc::new(event),
            reply: None,
            factors: Vec::new(),
            login_metadata: Metadata::new(),
            session_metadata: Metadata::new(),
            state: "state-of-this-run".to_owned(),
            now,
            seed: [0; 32],
            cache: Default::default(),
            http: Default::default(),
        }
    }
}
