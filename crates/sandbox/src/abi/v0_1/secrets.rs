//! `secrets`: the secrets that the operator gave to the action.

use super::bindings::secrets::SecretError;
use crate::state::RunState;
use postlude_model::action::Secret;

/// `get`.
pub fn get(run: &mut RunState, (name,): (String,)) -> Result<String, SecretError> {
    let action = &run.input.action;
    let granted = action.spec.grants.secrets.contains(&name);
    let secret = action.secrets.get(&name).filter(|_| granted);
    secret.map(Secret::reveal).map(str::to_owned).ok_or(SecretError::NotGranted)
}
