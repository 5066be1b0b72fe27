//! `keys`: keys that the action uses by name. The one that proves its replies is closed to it.

use super::meter::{Begun, HASH_FUEL, Interface, JSON_FUEL, RSA_FUEL, SIGNATURE_FUEL};
use super::value;
use crate::abi::keys::KeyError;
use crate::state::Run;
use postlude_model::json::Json;
use postlude_model::keys as model;
use postlude_model::limits::{HTTP_MARGIN, OWN_TOKEN_BYTES};
use tokio::time::timeout_at;

/// Links the interface.
pub fn link(to: &mut Interface<'_>) -> wasmtime::Result<()> {
    to.func("hmac", hmac)?;
    to.func("sign-jwt", sign_jwt)?;
    to.waiting("verify-jwt", verify_jwt, verified)
}

fn hmac(run: &mut Run, (key, data): (String, Vec<u8>)) -> Result<Vec<u8>, KeyError> {
    granted(run, &key)?;
    run.owe(bytes(data.len(), HASH_FUEL));
    run.input.action.own_keys.hmac(&key, &data).map_err(key_error)
}

fn sign_jwt(run: &mut Run, (key, header, claims): (String, String, String)) -> Result<String, KeyError> {
    granted(run, &key)?;
    let header = object(run, "header", &header)?;
    let claims = object(run, "claims", &claims)?;
    let signed = run.input.action.own_keys.sign(&key, &header, &claims).map_err(key_error);
    run.owe(match run.input.action.own_keys.work(&key) {
        model::Work::Hash => 0,
        model::Work::Curve => SIGNATURE_FUEL,
        model::Work::Rsa => RSA_FUEL,
    });
    signed
}

fn object(run: &mut Run, what: &str, text: &str) -> Result<Json, KeyError> {
    if text.len() > OWN_TOKEN_BYTES {
        return Err(KeyError::Invalid(format!("the {what} has more than {OWN_TOKEN_BYTES} bytes")));
    }
    let read = value::json(run, text).map_err(|why| KeyError::Invalid(format!("the {what} is not JSON: {why}")))?;
    if read.as_str().starts_with('{') {
        Ok(read)
    } else {
        Err(KeyError::Invalid(format!("the {what} is not an object")))
    }
}

type Claims = Result<Json, model::KeyError>;

fn verify_jwt(run: &mut Run, (key, token): (String, String)) -> Begun<Claims, Result<String, KeyError>> {
    if let Err(refused) = granted(run, &key) {
        return Begun::Done(Err(refused));
    }
    run.owe(SIGNATURE_FUEL.saturating_add(bytes(token.len(), JSON_FUEL)));
    let input = &run.input;
    let verifying = input.action.own_keys.verify(&key, &token, &input.http.client, input.now);
    let deadline = run.deadline.checked_sub(HTTP_MARGIN).unwrap_or(run.deadline);
    Begun::Waits(Box::pin(async move {
        let late = || Err(model::KeyError::Other("the public keys did not arrive in time".to_owned()));
        timeout_at(deadline, verifying).await.unwrap_or_else(|_| late())
    }))
}

fn verified(_: &mut Run, claims: Claims) -> Result<String, KeyError> {
    claims.map(|claims| claims.to_string()).map_err(key_error)
}

/// The key that proves the action's replies is never its own: with a shared secret it could sign its own proof.
fn granted(run: &Run, key: &str) -> Result<(), KeyError> {
    let spec = &run.input.action.spec;
    let proves = !key.is_empty() && spec.result.key == key;
    if !proves && spec.grants.keys.iter().any(|granted| granted == key) { Ok(()) } else { Err(KeyError::NotGranted) }
}

fn bytes(n: usize, fuel: u64) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX).saturating_mul(fuel)
}

fn key_error(why: model::KeyError) -> KeyError {
    match why {
        model::KeyError::Other(text) => KeyError::Other(text),
        model::KeyError::NotAvailable => KeyError::NotAvailable,
        model::KeyError::NotGranted => KeyError::NotGranted,
        model::KeyError::Invalid(text) => KeyError::Invalid(text),
    }
}
