//! `claims`: what the tokens that the IdP issues will say.

use super::bindings::claims::ClaimError;
use super::value;
use crate::state::RunState;
use postlude_model::claims;
use postlude_model::decision::Command;
use postlude_model::json::Json;
use postlude_model::limits;

/// `set-id-token`.
pub fn set_id_token(run: &mut RunState, (name, text): (String, String)) -> Result<(), ClaimError> {
    let value = claim(run, Token::Id, &name, &text)?;
    run.commands.push(Command::SetIdTokenClaim { name, value });
    Ok(())
}

/// `set-access-token`.
pub fn set_access_token(run: &mut RunState, (name, text): (String, String)) -> Result<(), ClaimError> {
    let value = claim(run, Token::Access, &name, &text)?;
    run.commands.push(Command::SetAccessTokenClaim { name, value });
    Ok(())
}

/// `add-scope`.
pub fn add_scope(run: &mut RunState, (name,): (String,)) -> Result<(), ClaimError> {
    scope(run, &name)?;
    run.commands.push(Command::AddScope(name));
    Ok(())
}

/// `remove-scope`.
pub fn remove_scope(run: &mut RunState, (name,): (String,)) -> Result<(), ClaimError> {
    scope(run, &name)?;
    run.commands.push(Command::RemoveScope(name));
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Id,
    Access,
}

fn claim(run: &mut RunState, token: Token, name: &str, text: &str) -> Result<Json, ClaimError> {
    if claims::is_reserved(name) {
        return Err(ClaimError::Reserved);
    }
    if !run.input.action.spec.grants.claims.iter().any(|granted| granted == name) {
        return Err(ClaimError::NotGranted);
    }
    let too_large = ClaimError::TooLarge(value::limit(limits::CLAIMS_BYTES));
    if text.len() > limits::CLAIMS_BYTES {
        return Err(too_large);
    }
    let value = value::json(run, text).map_err(ClaimError::InvalidJson)?;
    value::pay_for_scan(run);
    let size = name.len().saturating_add(value.as_str().len());
    if others(run, token, name).saturating_add(size) > limits::CLAIMS_BYTES { Err(too_large) } else { Ok(value) }
}

/// Bytes of the claims that this run set, the one of that name apart: setting a claim again replaces it.
fn others(run: &RunState, token: Token, name: &str) -> usize {
    let mut seen = Vec::new();
    let mut bytes = 0_usize;
    for command in run.commands.iter().rev() {
        let (kind, known, value) = match command {
            Command::SetIdTokenClaim { name, value } => (Token::Id, name.as_str(), value),
            Command::SetAccessTokenClaim { name, value } => (Token::Access, name.as_str(), value),
            _ => continue,
        };
        if (kind, known) != (token, name) && !seen.contains(&(kind, known)) {
            seen.push((kind, known));
            bytes = bytes.saturating_add(known.len()).saturating_add(value.as_str().len());
        }
    }
    bytes
}

fn scope(run: &RunState, name: &str) -> Result<(), ClaimError> {
    // RFC 6749, section 3.3: scope-token.
    let is_token = !name.is_empty() && name.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
    if !is_token {
        return Err(ClaimError::Other("not a scope (RFC 6749, section 3.3)".to_owned()));
    }
    if run.input.action.spec.grants.scopes.iter().any(|granted| granted == name) {
        Ok(())
    } else {
        Err(ClaimError::NotGranted)
    }
}
