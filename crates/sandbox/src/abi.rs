//! The contract `postlude:action@0.1.0` as Rust types, and its conversion to and from the model.

use postlude_model::decision;
use postlude_model::token::TokenError as ModelTokenError;

/// What `bindgen!` makes of the WIT. Of the imports only the types are used: host functions are linked one by one in
/// `host`, where each call is counted and pays for its bytes.
mod bindings {
    wasmtime::component::bindgen!({ path: "../../wit", world: "post-login", exports: { default: async } });
}

pub use bindings::PostLoginPre;
pub use bindings::postlude::action::{cache, claims, decisions, event, http, keys, log, secrets, session, types};

/// Name and value pairs.
pub type Pairs = Vec<(String, String)>;

/// The exported functions' result, as WIT text; what a plugin exports must read the same.
pub const EXPORT_RESULT: &str = "result<variant { continue, redirect(record { url: string, \
    query: list<tuple<string, string>>, factor: option<string>, token: option<record { parameter: string, key: string, \
    claims: string, ttl-seconds: u32 }> }), deny(record { code: string, message: string }) }, \
    variant { other(string), unavailable(string) }>";

/// A decision in the model's words.
pub fn decision(from: decisions::Decision) -> decision::Decision {
    match from {
        decisions::Decision::Continue => decision::Decision::Continue,
        decisions::Decision::Redirect(request) => decision::Decision::Redirect(decision::RedirectRequest {
            url: request.url,
            query: request.query,
            factor: request.factor,
            token: request.token.map(token_request),
        }),
        decisions::Decision::Deny(denial) => {
            decision::Decision::Deny(decision::Denial { code: denial.code, message: denial.message })
        }
    }
}

/// A failure in the model's words.
pub fn failure(from: decisions::Failure) -> decision::Failure {
    match from {
        decisions::Failure::Other(text) => decision::Failure::Other(text),
        decisions::Failure::Unavailable(text) => decision::Failure::Unavailable(text),
    }
}

/// A token request in the model's words.
pub fn token_request(from: decisions::TokenRequest) -> decision::TokenRequest {
    decision::TokenRequest {
        parameter: from.parameter,
        key: from.key,
        claims: from.claims,
        ttl_seconds: from.ttl_seconds,
    }
}

/// A token error in the contract's words.
pub fn token_error(from: ModelTokenError) -> types::TokenError {
    match from {
        ModelTokenError::Other(text) => types::TokenError::Other(text),
        ModelTokenError::NotApplicable => types::TokenError::NotApplicable,
        ModelTokenError::Missing => types::TokenError::Missing,
        ModelTokenError::Invalid(text) => types::TokenError::Invalid(text),
        ModelTokenError::UnknownKey => types::TokenError::UnknownKey,
        ModelTokenError::InvalidClaims(text) => types::TokenError::InvalidClaims(text),
    }
}
