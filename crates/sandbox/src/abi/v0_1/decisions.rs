//! `decisions`: what an action returns, in the model's words.

use super::bindings::decisions;
use postlude_model::decision::{Decision, Denial, Failure, RedirectRequest, TokenRequest};

/// The exported functions' result, as WIT text; what a plugin exports must read the same.
pub const EXPORT_RESULT: &str = "result<variant { continue, redirect(record { url: string, \
    query: list<tuple<string, string>>, factor: option<string>, token: option<record { parameter: string, key: string, \
    claims: string, ttl-seconds: u32 }> }), deny(record { code: string, message: string }) }, \
    variant { other(string), unavailable(string) }>";

/// A decision in the model's words.
pub fn decision(from: decisions::Decision) -> Decision {
    match from {
        decisions::Decision::Continue => Decision::Continue,
        decisions::Decision::Redirect(request) => Decision::Redirect(RedirectRequest {
            url: request.url,
            query: request.query,
            factor: request.factor,
            token: request.token.map(token_request),
        }),
        decisions::Decision::Deny(denial) => Decision::Deny(Denial { code: denial.code, message: denial.message }),
    }
}

/// A failure in the model's words.
pub fn failure(from: decisions::Failure) -> Failure {
    match from {
        decisions::Failure::Other(text) => Failure::Other(text),
        decisions::Failure::Unavailable(text) => Failure::Unavailable(text),
    }
}

/// A token request in the model's words.
pub fn token_request(from: decisions::TokenRequest) -> TokenRequest {
    TokenRequest { parameter: from.parameter, key: from.key, claims: from.claims, ttl_seconds: from.ttl_seconds }
}
