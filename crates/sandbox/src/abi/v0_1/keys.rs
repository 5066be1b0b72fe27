//! `keys`: keys that the action uses by name. The one that proves its replies is closed to it.

use super::bindings::keys::KeyError;
use super::value;
use crate::abi::meter::CallProgress;
use crate::price::Work;
use crate::state::RunState;
use postlude_model::json::Json;
use postlude_model::keys as model;
use postlude_model::limits::{HTTP_MARGIN, OWN_TOKEN_BYTES};
use tokio::time::timeout_at;

/// `hmac`.
pub fn hmac(run: &mut RunState, (key, data): (String, Vec<u8>)) -> Result<Vec<u8>, KeyError> {
    granted(run, &key)?;
    run.owe(Work::Hash(data.len()));
    run.input.action.own_keys.hmac(&key, &data).map_err(key_error)
}

/// `sign-jwt`.
pub fn sign_jwt(run: &mut RunState, (key, header, claims): (String, String, String)) -> Result<String, KeyError> {
    granted(run, &key)?;
    let header = object(run, "header", &header)?;
    let claims = object(run, "claims", &claims)?;
    let signed = run.input.action.own_keys.sign(&key, &header, &claims).map_err(key_error);
    match run.input.action.own_keys.work(&key) {
        // Paid for with the JSON.
        model::Work::Hash => {}
        model::Work::Curve => run.owe(Work::Signature),
        model::Work::Rsa => run.owe(Work::RsaSignature),
    }
    signed
}

fn object(run: &mut RunState, what: &str, text: &str) -> Result<Json, KeyError> {
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

/// `verify-jwt`, up to the wait for public keys.
pub fn verify_jwt(
    run: &mut RunState,
    (key, token): (String, String),
) -> CallProgress<Claims, Result<String, KeyError>> {
    if let Err(refused) = granted(run, &key) {
        return CallProgress::Ready(Err(refused));
    }
    run.owe(Work::Signature);
    run.owe(Work::Json(token.len()));
    let input = &run.input;
    let verifying = input.action.own_keys.verify(&key, &token, &input.http.client, input.now);
    let deadline = run.latest(HTTP_MARGIN);
    CallProgress::Pending(Box::pin(async move {
        let late = || Err(model::KeyError::Other("the public keys did not arrive in time".to_owned()));
        timeout_at(deadline, verifying).await.unwrap_or_else(|_| late())
    }))
}

/// `verify-jwt`, once the signature was checked.
pub fn verified(_: &mut RunState, claims: Claims) -> Result<String, KeyError> {
    claims.map(|claims| claims.to_string()).map_err(key_error)
}

/// The key that proves the action's replies is never its own: with a shared secret it could sign its own proof.
fn granted(run: &RunState, key: &str) -> Result<(), KeyError> {
    let spec = &run.input.action.spec;
    let proves = !key.is_empty() && spec.result.key == key;
    if !proves && spec.grants.keys.iter().any(|granted| granted == key) { Ok(()) } else { Err(KeyError::NotGranted) }
}

fn key_error(why: model::KeyError) -> KeyError {
    match why {
        model::KeyError::Other(text) => KeyError::Other(text),
        model::KeyError::NotAvailable => KeyError::NotAvailable,
        model::KeyError::NotGranted => KeyError::NotGranted,
        model::KeyError::Invalid(text) => KeyError::Invalid(text),
    }
}
