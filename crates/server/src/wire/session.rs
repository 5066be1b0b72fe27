//! Sessions as JSON.

use postlude_host::rfc3339;
use postlude_model::session::{FactorRecord, Session};
use serde::Serialize;
use utoipa::ToSchema;

/// A session as it is now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionView {
    /// Its present identifier.
    id: String,
    /// Whose it is; null where it is new or ended.
    user_id: Option<String>,
    /// The factors that count, oldest first.
    factors: Vec<FactorView>,
    /// When it was first stored.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last used, to the hour.
    #[schema(format = DateTime)]
    last_used_at: String,
}

/// A factor in a session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FactorView {
    /// The factor.
    name: String,
    /// When it was completed.
    #[schema(format = DateTime)]
    completed_at: String,
    /// The action that recorded it.
    action: String,
    /// The plugin that recorded it.
    #[schema(value_type = crate::openapi::DigestText)]
    digest: String,
}

impl SessionView {
    /// A session whose factors all count.
    pub(crate) fn of(session: &Session) -> Self {
        Self {
            id: session.id.to_string(),
            user_id: session.user.as_ref().map(ToString::to_string),
            factors: session.factors.iter().map(FactorView::of).collect(),
            created_at: rfc3339(session.created_at),
            last_used_at: rfc3339(session.last_used_at),
        }
    }
}

impl FactorView {
    fn of(factor: &FactorRecord) -> Self {
        Self {
            name: factor.name.to_string(),
            completed_at: rfc3339(factor.completed_at),
            action: factor.action.to_string(),
            digest: factor.digest.to_string(),
        }
    }
}
