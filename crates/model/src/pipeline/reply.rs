//! What the browser brought back, and what it proves by the host's own verification.

use super::login_draft::LoginDraft;
use crate::action::Action;
use crate::json::Json;
use crate::login::Suspension;
use crate::run::{Proof, Reply};
use crate::token::{Profile, TokenContext, TokenError};

/// What the browser brought to the continue URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowserReply {
    /// The state of the suspension.
    pub state: String,
    /// `GET` or `POST`.
    pub method: String,
    /// The query, without `state`.
    pub query: Vec<(String, String)>,
    /// The form of a POST.
    pub form: Vec<(String, String)>,
}

/// The reply to a suspension, with its result token verified.
pub(super) fn verified(login: &LoginDraft<'_>, action: &Action, suspension: Suspension, reply: BrowserReply) -> Reply {
    let run_id = login.run_id();
    let context = login.token_context(action, &reply.state, suspension.factor.as_ref(), &run_id);
    let (token, proof) = match prove(action, &reply, &context) {
        Ok((claims, proof)) => (Ok(claims), proof),
        Err(why) => (Err(why), Proof::Nothing),
    };
    Reply {
        method: reply.method,
        query: reply.query,
        form: reply.form,
        resumed_state: reply.state,
        asked_for: suspension.factor,
        token,
        proof,
        stash: suspension.stash,
    }
}

/// What a reply proves, by the action's profile.
fn prove(action: &Action, reply: &BrowserReply, context: &TokenContext<'_>) -> Result<(Json, Proof), TokenError> {
    let proof = &action.spec.result;
    if matches!(proof.profile, Profile::External | Profile::None) {
        return Err(TokenError::NotApplicable);
    }
    let token = parameter(reply, &proof.parameter)?;
    let result = action.keys.verify(&proof.key, token, context)?;
    match (proof.profile, result.verdict) {
        (Profile::Auth0, None) => Ok((result.claims, Proof::Judged)),
        (Profile::Postlude, Some(verdict)) => {
            Ok((result.claims, Proof::Token { factor: context.factor.cloned(), verdict }))
        }
        _ => Err(TokenError::Invalid("the key is of another profile".to_owned())),
    }
}

/// A parameter of the reply; the form wins over the query, and one that occurs twice is refused.
fn parameter<'r>(reply: &'r BrowserReply, name: &str) -> Result<&'r str, TokenError> {
    for pairs in [&reply.form, &reply.query] {
        let mut values = pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        if let Some(value) = values.next() {
            let twice = || TokenError::Invalid(format!("the parameter `{name}` occurs twice"));
            return if values.next().is_none() { Ok(value) } else { Err(twice()) };
        }
    }
    Err(TokenError::Missing)
}
