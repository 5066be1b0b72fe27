//! The keys of one action: they make its request tokens and verify its result tokens.

use super::action_key::ActionKey;
use super::config::{KeyConfig, KeyConfigError, KeyConfigErrors, KeyProblem};
use super::forgeries::Forgery;
use super::signer::TenantSigner;
use super::{forgeries, request, result};
use postlude_model::decision::TokenRequest;
use postlude_model::token::{TokenContext, TokenError, TokenKeys, VerifiedResult};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The keys of one action.
#[derive(Clone)]
pub struct ActionKeys {
    keys: BTreeMap<String, ActionKey>,
    signer: Arc<TenantSigner>,
}

impl ActionKeys {
    /// Checks the keys and takes them.
    ///
    /// # Errors
    /// Every key that cannot be used, with what is wrong with it.
    pub fn new(configs: Vec<KeyConfig>, signer: Arc<TenantSigner>) -> Result<Self, KeyConfigErrors> {
        let (mut keys, mut errors) = (BTreeMap::new(), Vec::new());
        for config in configs {
            let name = config.name.clone();
            let twice = keys.contains_key(&name);
            match ActionKey::new(config) {
                Ok(_) if twice => errors.push(KeyConfigError { key: name, problem: KeyProblem::NameTwice }),
                Ok(key) => drop(keys.insert(name, key)),
                Err(problem) => errors.push(KeyConfigError { key: name, problem }),
            }
        }
        if errors.is_empty() { Ok(Self { keys, signer }) } else { Err(KeyConfigErrors(errors)) }
    }

    /// What a prompt site must refuse, made of the request that it must take: for testing sites. Profile `postlude`.
    ///
    /// # Errors
    /// As [`TokenKeys::encode`] for the request itself.
    pub fn forgeries(&self, request: &TokenRequest, context: &TokenContext<'_>) -> Result<Vec<Forgery>, TokenError> {
        let key = self.keys.get(&request.key).ok_or(TokenError::UnknownKey)?;
        let good = self.encode(request, context)?;
        forgeries::of(key, &self.signer, &good, context.now.seconds())
    }
}

impl TokenKeys for ActionKeys {
    fn encode(&self, request: &TokenRequest, context: &TokenContext<'_>) -> Result<String, TokenError> {
        let key = self.keys.get(&request.key).ok_or(TokenError::UnknownKey)?;
        request::encode(key, &self.signer, &request.claims, request.ttl_seconds, context)
    }

    fn verify(&self, key: &str, token: &str, context: &TokenContext<'_>) -> Result<VerifiedResult, TokenError> {
        result::verify(self.keys.get(key).ok_or(TokenError::UnknownKey)?, token, context)
    }
}

impl fmt::Debug for ActionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.keys.keys()).finish()
    }
}
