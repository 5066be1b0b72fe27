//! `types`: the errors that several interfaces share, in the contract's words.

use super::bindings::types::TokenError;
use postlude_model::token::TokenError as ModelTokenError;

/// A token error in the contract's words.
pub fn token_error(from: ModelTokenError) -> TokenError {
    match from {
        ModelTokenError::Other(text) => TokenError::Other(text),
        ModelTokenError::NotApplicable => TokenError::NotApplicable,
        ModelTokenError::Missing => TokenError::Missing,
        ModelTokenError::Invalid(text) => TokenError::Invalid(text),
        ModelTokenError::UnknownKey => TokenError::UnknownKey,
        ModelTokenError::InvalidClaims(text) => TokenError::InvalidClaims(text),
    }
}
