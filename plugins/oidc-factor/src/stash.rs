//! What the action keeps in the login between its redirect and the reply.

use serde::{Deserialize, Serialize};

/// What the action keeps between its redirect and the reply.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Stash {
    pub(crate) verifier: String,
    pub(crate) nonce: String,
    /// When the provider was asked, in milliseconds.
    pub(crate) asked_at: u64,
}
