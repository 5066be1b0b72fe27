//! Keys that an action uses by name and never sees; the cryptography behind them is another crate's.

use crate::http::HttpClient;
use crate::json::Json;
use crate::names::Timestamp;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// Why a key was not used; the cases of the contract's `key-error`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Anything without a case of its own.
    #[error("{0}")]
    Other(String),
    /// This host offers no keys to plugins.
    #[error("this host offers no keys to plugins")]
    NotAvailable,
    /// No such key for this action.
    #[error("the key is not granted")]
    NotGranted,
    /// The token or signature does not verify, or the text to sign is not acceptable.
    #[error("{0}")]
    Invalid(String),
}

/// What a signature takes, for its price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// A hash: microseconds.
    Hash,
    /// A curve in software: a few hundred microseconds.
    Curve,
    /// A private RSA operation: a millisecond and more.
    Rsa,
}

/// Claims that are being verified.
pub type Verifying<'a> = Pin<Box<dyn Future<Output = Result<Json, KeyError>> + Send + 'a>>;

/// The keys that one action may use itself. The key that proves its replies is never among them.
pub trait OwnKeys: Send + Sync + fmt::Debug {
    /// HMAC-SHA-256 (RFC 2104).
    ///
    /// # Errors
    /// When there is no such key, or it is none for this.
    fn hmac(&self, key: &str, data: &[u8]) -> Result<Vec<u8>, KeyError>;

    /// A compact JWS (RFC 7515, section 7.1) of the claims, with extra header parameters; both are objects. The same texts
    /// give the same token.
    ///
    /// # Errors
    /// When there is no such key, it does not sign, or the texts are not acceptable.
    fn sign(&self, key: &str, header: &Json, claims: &Json) -> Result<String, KeyError>;

    /// The claims of a compact JWS, once its signature verifies. A key whose public keys are somewhere else gets them
    /// through `client`.
    fn verify(&self, key: &str, token: &str, client: &Arc<dyn HttpClient>, now: Timestamp) -> Verifying<'static>;

    /// What signing with the key takes.
    fn work(&self, key: &str) -> Work;
}

/// The keys of an action that has none.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoOwnKeys;

impl OwnKeys for NoOwnKeys {
    fn hmac(&self, _: &str, _: &[u8]) -> Result<Vec<u8>, KeyError> {
        Err(KeyError::NotGranted)
    }
    fn sign(&self, _: &str, _: &Json, _: &Json) -> Result<String, KeyError> {
        Err(KeyError::NotGranted)
    }
    fn verify(&self, _: &str, _: &str, _: &Arc<dyn HttpClient>, _: Timestamp) -> Verifying<'static> {
        Box::pin(std::future::ready(Err(KeyError::NotGranted)))
    }
    fn work(&self, _: &str) -> Work {
        Work::Hash
    }
}
