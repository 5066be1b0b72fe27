//! `secrets`: the secrets that the operator gave to the action.

use super::meter::Interface;
use crate::abi::secrets::SecretError;
use crate::state::Run;
use postlude_model::action::Secret;

/// Links the interface.
pub fn link(to: &mut Interface<'_>) -> wasmtime::Result<()> {
    to.func("get", get)
}

fn get(run: &mut Run, (name,): (String,)) -> Result<String, SecretError> {
    let action = &run.input.action;
    let granted = action.spec.grants.secrets.contains(&name);
    let secret = action.secrets.get(&name).filter(|_| granted);
    secret.map(Secret::reveal).map(str::to_owned).ok_or(SecretError::NotGranted)
}
