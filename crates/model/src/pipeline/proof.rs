//! What a browser's reply proves, by the host's own verification.

use super::BrowserReply;
use crate::action::Action;
use crate::json::Json;
use crate::run::Proof;
use crate::token::{Profile, TokenContext, TokenError};

/// What a reply proves, by the action's profile.
pub(super) fn prove(
    action: &Action,
    reply: &BrowserReply,
    context: &TokenContext<'_>,
) -> Result<(Json, Proof), TokenError> {
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
