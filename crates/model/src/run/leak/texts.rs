//! Every text that a run gives out, with the name of its place.

use super::search::{Found, Search};
use crate::decision::{Decision, RedirectRequest};
use crate::json::Json;
use crate::run::{Command, Ending, IDP_REQUESTS, Leak, Report};

/// The first secret in a decision or in the effects.
pub(super) fn first_leak(search: &Search<'_>, report: &Report) -> Option<Leak> {
    let decided = match &report.ending {
        Ending::Decided(Decision::Redirect(request)) => of_redirect(search, request),
        Ending::Decided(Decision::Deny(denial)) => {
            let code = at(search.text(&denial.code), || "the code of the denial".to_owned());
            code.or_else(|| at(search.text(&denial.message), || "the message of the denial".to_owned()))
        }
        _ => None,
    };
    decided.or_else(|| report.commands.iter().find_map(|command| of_command(search, command)))
}

fn at(found: Option<Found<'_>>, place: impl FnOnce() -> String) -> Option<Leak> {
    found.map(|Found { secret, form }| Leak { secret: secret.to_owned(), place: place(), form })
}

fn of_redirect(search: &Search<'_>, request: &RedirectRequest) -> Option<Leak> {
    let text = |text: &str, place: &str| at(search.text(text), || place.to_owned());
    text(&request.url, "the URL of the redirect")
        .or_else(|| {
            let mut pairs = request.query.iter().flat_map(|(name, value)| [name, value]);
            pairs.find_map(|part| text(part, "the query of the redirect"))
        })
        .or_else(|| text(request.factor.as_deref()?, "the factor of the redirect"))
        .or_else(|| {
            let token = request.token.as_ref()?;
            [&token.parameter, &token.key, &token.claims].into_iter().find_map(|part| text(part, "the request token"))
        })
}

fn of_command(search: &Search<'_>, command: &Command) -> Option<Leak> {
    let named = |kind: &str, of: &str, key: &str, value: Option<&Json>| {
        // A name with a secret in it is not repeated.
        at(search.text(key), || format!("the name of a {kind}{of}"))
            .or_else(|| at(search.json(value?), || format!("{kind} `{key}`{of}")))
    };
    let metadata = |of: &str, key: &str, value: &Option<Json>| named("value", of, key, value.as_ref());
    let scope = |scope: &str| at(search.text(scope), || "the name of a scope".to_owned());
    match command {
        Command::RecordFactor { name, evidence } => {
            at(search.json(evidence.as_ref()?), || format!("the evidence of factor `{name}`"))
        }
        Command::SetIdTokenClaim { name, value } => named("claim", " of the ID token", name, Some(value)),
        Command::SetAccessTokenClaim { name, value } => named("claim", " of the access token", name, Some(value)),
        Command::AddScope(name) | Command::RemoveScope(name) => scope(name),
        // The IdP carries them out: credentials of its providers are among what they are for, and no browser sees them.
        Command::SetLoginMetadata { key, .. } if key == IDP_REQUESTS => None,
        Command::SetLoginMetadata { key, value } => metadata(" of the login's metadata", key, value),
        Command::SetSessionMetadata { key, value } => metadata(" of the session's metadata", key, value),
        Command::SetAppMetadata { key, value } => metadata(" of the app metadata", key, value),
        Command::SetUserMetadata { key, value } => metadata(" of the user metadata", key, value),
        Command::Stash(value) => at(search.json(value), || "what the action put aside".to_owned()),
        Command::SetCache { key, entry } => {
            named("value", " of the cache", key, entry.as_ref().map(|entry| &entry.value))
        }
    }
}
