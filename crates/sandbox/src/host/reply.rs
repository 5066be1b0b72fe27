//! `reply`: what the browser brought back. Empty in `on-login`.

use super::meter::Interface;
use crate::abi::types::TokenError;
use crate::abi::{self, Pairs};
use crate::state::Run;
use postlude_model::run::Reply;
use postlude_model::token::Profile;

/// Links the interface.
pub fn link(to: &mut Interface<'_>) -> wasmtime::Result<()> {
    to.func("method", |run, ()| reply(run).map(|reply| reply.method.clone()).unwrap_or_default())?;
    to.func("query", |run, ()| -> Pairs { reply(run).map(|reply| reply.query.clone()).unwrap_or_default() })?;
    to.func("form", |run, ()| -> Pairs { reply(run).map(|reply| reply.form.clone()).unwrap_or_default() })?;
    to.func("token", |run, ()| token(run))?;
    to.func("stash", |run, ()| reply(run)?.stash.as_ref().map(ToString::to_string))
}

/// The reply, in `on-continue` alone.
pub fn reply(run: &Run) -> Option<&Reply> {
    match run.input.phase {
        postlude_model::run::Phase::Login => None,
        postlude_model::run::Phase::Continue => run.input.reply.as_ref(),
    }
}

fn token(run: &Run) -> Result<String, TokenError> {
    let carries = matches!(run.input.action.spec.result.profile, Profile::Postlude | Profile::Auth0);
    let reply = reply(run).filter(|_| carries).ok_or(TokenError::NotApplicable)?;
    reply.token.as_ref().map(ToString::to_string).map_err(|error| abi::token_error(error.clone()))
}
