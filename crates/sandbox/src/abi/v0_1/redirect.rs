//! `redirect`: what an action needs to send the browser away, and to recognise it when it is back.

use super::bindings::Pairs;
use super::bindings::decisions::TokenRequest;
use super::bindings::types::{TokenError, ValueError};
use super::decisions::token_request;
use super::reply::reply;
use super::types::token_error;
use super::value;
use crate::price::Work;
use crate::state::RunState;
use postlude_model::decision::Command;
use postlude_model::limits;
use postlude_model::names::FactorName;
use postlude_model::run::{Reply, RunInput};
use postlude_model::token::TokenContext;

/// `state`.
pub fn state(run: &mut RunState, (): ()) -> String {
    run.input.state.clone()
}

/// `continue-url`.
pub fn continue_url(run: &mut RunState, (): ()) -> String {
    run.input.continue_url.clone()
}

/// `encode-token`.
pub fn encode_token(run: &mut RunState, (request,): (TokenRequest,)) -> Result<String, TokenError> {
    granted(run, &request.key)?;
    run.owe(Work::Signature);
    let input = &run.input;
    // The contract's request names no factor; where the action declares one alone, the prompt is for that.
    let factor = match input.action.spec.factors.as_slice() {
        [only] => Some(&only.name),
        _ => None,
    };
    let context = context(input, &input.state, factor);
    input.action.keys.encode(&token_request(request), &context).map_err(token_error)
}

/// `validate-token`.
pub fn validate_token(run: &mut RunState, (key, parameter): (String, String)) -> Result<String, TokenError> {
    let reply = reply(run).ok_or(TokenError::NotApplicable)?;
    granted(run, &key)?;
    let token = carried(reply, &parameter)?;
    if token.len() > limits::RESULT_TOKEN_BYTES {
        return Err(TokenError::Invalid(format!("larger than {} bytes", limits::RESULT_TOKEN_BYTES)));
    }
    let input = &run.input;
    let context = context(input, &reply.resumed_state, reply.asked_for.as_ref());
    let verified = input.action.keys.verify(&key, token, &context).map_err(token_error);
    let claims = verified.map(|verified| verified.claims.to_string());
    run.owe(Work::Signature);
    claims
}

/// The key of the action's own result is for these two functions without a further grant; `grants.keys` is what `keys` may use.
fn granted(run: &RunState, key: &str) -> Result<(), TokenError> {
    let spec = &run.input.action.spec;
    let proves = !key.is_empty() && spec.result.key == key;
    if proves || spec.grants.keys.iter().any(|granted| granted == key) { Ok(()) } else { Err(TokenError::UnknownKey) }
}

fn context<'a>(input: &'a RunInput, state: &'a str, factor: Option<&'a FactorName>) -> TokenContext<'a> {
    TokenContext {
        issuer: &input.issuer,
        continue_url: &input.continue_url,
        action: &input.action.spec.name,
        user_id: &input.user_id,
        state,
        factor,
        now: input.now,
        jti: input.run_id.as_str(),
    }
}

/// The parameter's one value. The form wins over the query; a parameter that comes twice could be read in two ways.
fn carried<'a>(reply: &'a Reply, parameter: &str) -> Result<&'a str, TokenError> {
    for pairs in [&reply.form, &reply.query] {
        match values(pairs, parameter).as_slice() {
            [] => {}
            [one] => return Ok(one),
            _ => return Err(TokenError::Invalid("the parameter occurs more than once".to_owned())),
        }
    }
    Err(TokenError::Missing)
}

fn values<'a>(pairs: &'a Pairs, name: &str) -> Vec<&'a str> {
    pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
}

/// `stash`.
pub fn stash(run: &mut RunState, (text,): (String,)) -> Result<(), ValueError> {
    let too_large = ValueError::TooLarge(value::limit(limits::STASH_BYTES));
    if text.len() > limits::STASH_BYTES {
        return Err(too_large);
    }
    let value = value::json(run, &text).map_err(ValueError::InvalidJson)?;
    if value.as_str().len() > limits::STASH_BYTES {
        return Err(too_large);
    }
    run.commands.push(Command::Stash(value));
    Ok(())
}
