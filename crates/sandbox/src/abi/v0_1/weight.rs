//! What the contract's own types weigh when they cross the boundary.

use super::bindings::{cache, claims, decisions, event, http, keys, log, secrets, session, types};
use crate::abi::meter::{Weight, weightless};

// Errors carry a sentence at most.
weightless!(
    log::Level,
    types::ValueError,
    types::TokenError,
    event::EventError,
    claims::ClaimError,
    session::FactorError,
    cache::CacheError,
    secrets::SecretError,
    keys::KeyError,
    http::HttpError,
);

impl Weight for decisions::TokenRequest {
    fn bytes(&self) -> usize {
        [&self.parameter, &self.key, &self.claims].iter().map(|text| text.len()).fold(0, usize::saturating_add)
    }
}

impl Weight for http::Request {
    fn bytes(&self) -> usize {
        let texts = self.method.len().saturating_add(self.url.len());
        texts.saturating_add(self.headers.bytes()).saturating_add(self.body.bytes())
    }
    fn items(&self) -> usize {
        self.headers.items()
    }
}

impl Weight for http::Response {
    fn bytes(&self) -> usize {
        self.headers.bytes().saturating_add(self.body.bytes())
    }
    fn items(&self) -> usize {
        self.headers.items()
    }
}
