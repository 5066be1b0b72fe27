//! The buffered effects of one run.

use crate::cache::CacheEntry;
use crate::json::Json;
use crate::names::FactorName;

/// The reserved key of the login's metadata for requests to the IdP. A run sets it to a list of `{"method", "arguments"}`; the record has
/// `action` in each.
pub const IDP_REQUESTS: &str = "postlude:idp_requests";

/// A buffered effect of an action: applied all or none, and only after a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The user completed a factor. The sandbox let it through, so it was declared and proved.
    RecordFactor {
        /// The factor.
        name: FactorName,
        /// For the audit trail; an object.
        evidence: Option<Json>,
    },
    /// A claim of the ID token.
    SetIdTokenClaim {
        /// The claim's name.
        name: String,
        /// The claim's value.
        value: Json,
    },
    /// A claim of the access token.
    SetAccessTokenClaim {
        /// The claim's name.
        name: String,
        /// The claim's value.
        value: Json,
    },
    /// A scope for the access token.
    AddScope(String),
    /// A scope to leave out of the access token.
    RemoveScope(String),
    /// Metadata of this login; none removes.
    SetLoginMetadata {
        /// The key.
        key: String,
        /// The value.
        value: Option<Json>,
    },
    /// Metadata of the session; none removes.
    SetSessionMetadata {
        /// The key.
        key: String,
        /// The value.
        value: Option<Json>,
    },
    /// The user's app metadata; none removes.
    SetAppMetadata {
        /// The key.
        key: String,
        /// The value.
        value: Option<Json>,
    },
    /// The user's own metadata; none removes.
    SetUserMetadata {
        /// The key.
        key: String,
        /// The value.
        value: Option<Json>,
    },
    /// A value for this action's `on-continue`.
    Stash(Json),
    /// A value of the action's cache; none removes.
    SetCache {
        /// The key.
        key: String,
        /// The value and until when it is kept.
        entry: Option<CacheEntry>,
    },
}
