//! The operator's hands on sessions: the IdP's own calls, with a line in the audit.

use super::audit;
use crate::error::HostError;
use crate::services::Services;
use crate::sessions::Sessions;
use crate::tenants::Caller;
use postlude_model::names::{FactorName, SessionId};
use postlude_model::session::Session;
use postlude_store::Page;
use std::sync::Arc;

/// The sessions of a tenant, for its operators.
#[derive(Debug)]
pub struct OperatorSessions {
    services: Arc<Services>,
    sessions: Sessions,
}

impl OperatorSessions {
    pub(super) const fn new(services: Arc<Services>, sessions: Sessions) -> Self {
        Self { services, sessions }
    }

    /// A page of sessions as they are stored, in an order that stays; those that ended or were rotated are among them.
    ///
    /// # Errors
    /// [`HostError::Unavailable`].
    pub async fn page(
        &self,
        caller: &Caller,
        after: Option<&SessionId>,
        most: usize,
    ) -> Result<Page<Session>, HostError> {
        self.services.store.sessions(&caller.tenant.name, after, most).await.map_err(HostError::unavailable)
    }

    /// A session with the factors that count alone.
    #[must_use]
    pub fn with_counting_factors(&self, caller: &Caller, session: Session) -> Session {
        self.sessions.with_counting_factors(&caller.tenant, session)
    }

    /// Ends a session. The IdP's cookie stays: its next login is prompted again.
    ///
    /// # Errors
    /// [`HostError::Unavailable`].
    pub async fn end(&self, caller: Caller, id: SessionId) -> Result<Session, HostError> {
        let sessions = self.sessions.clone();
        let end = async move {
            let ended = sessions.end(&caller.tenant, &id).await?;
            audit::note(&caller, "end-session", &id, "");
            Ok(ended)
        };
        self.services.to_its_end(end).await
    }

    /// Revokes a factor of a session.
    ///
    /// # Errors
    /// [`HostError::Unavailable`].
    pub async fn revoke_factor(&self, caller: Caller, id: SessionId, name: FactorName) -> Result<Session, HostError> {
        let sessions = self.sessions.clone();
        let revoke = async move {
            let revoked = sessions.revoke_factor(&caller.tenant, &id, &name).await?;
            audit::note(&caller, "revoke-factor", &id, name.as_str());
            Ok(revoked)
        };
        self.services.to_its_end(revoke).await
    }
}
