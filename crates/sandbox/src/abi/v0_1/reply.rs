//! `reply`: what the browser brought back. Empty in `on-login`.

use super::bindings::Pairs;
use super::bindings::types::TokenError;
use super::types::token_error;
use crate::state::RunState;
use postlude_model::run::{Phase, Reply};
use postlude_model::token::Profile;

/// The reply, in `on-continue` alone.
pub fn reply(run: &RunState) -> Option<&Reply> {
    match run.input.phase {
        Phase::Login => None,
        Phase::Continue => run.input.reply.as_ref(),
    }
}

/// `method`.
pub fn method(run: &mut RunState, (): ()) -> String {
    reply(run).map(|reply| reply.method.clone()).unwrap_or_default()
}

/// `query`.
pub fn query(run: &mut RunState, (): ()) -> Pairs {
    reply(run).map(|reply| reply.query.clone()).unwrap_or_default()
}

/// `form`.
pub fn form(run: &mut RunState, (): ()) -> Pairs {
    reply(run).map(|reply| reply.form.clone()).unwrap_or_default()
}

/// `stash`.
pub fn stash(run: &mut RunState, (): ()) -> Option<String> {
    reply(run)?.stash.as_ref().map(ToString::to_string)
}

/// `token`.
pub fn token(run: &mut RunState, (): ()) -> Result<String, TokenError> {
    let carries = matches!(run.input.action.spec.result.profile, Profile::Postlude | Profile::Auth0);
    let reply = reply(run).filter(|_| carries).ok_or(TokenError::NotApplicable)?;
    reply.token.as_ref().map(ToString::to_string).map_err(|error| token_error(error.clone()))
}
