//! The IdP's calls about sessions: look up, rotate, end, revoke a factor.

use crate::error::HostError;
use crate::services::Services;
use crate::tenant::Tenant;
use postlude_model::names::{FactorName, SessionId, Timestamp};
use postlude_model::policy::orders::CurrentOrders;
use postlude_model::session::{FactorRecord, Session};
use postlude_store::{Commit, CommitOutcome, Durability, SessionWrite};
use std::sync::Arc;

/// How often a call is tried against others that write the same session.
const ATTEMPTS: usize = 8;

/// How many times a session may have been rotated before its first identifier is forgotten: every five minutes for three
/// days, longer than any login record is kept by default.
const ROTATIONS: usize = 1000;

/// A session under the identifier that it has now.
#[derive(Debug, Clone)]
pub struct CurrentSession {
    /// Its present identifier.
    pub id: SessionId,
    /// What is stored of it; none where nothing was stored yet.
    pub stored: Option<Arc<Session>>,
}

impl CurrentSession {
    /// The session as a login sees it: a new one where nothing is stored.
    pub(crate) fn or_new(self, now: Timestamp) -> Arc<Session> {
        self.stored.unwrap_or_else(|| Arc::new(Session::new(self.id, now)))
    }
}

/// The sessions of all tenants.
#[derive(Debug, Clone)]
pub struct Sessions {
    services: Arc<Services>,
}

impl Sessions {
    pub(crate) const fn new(services: Arc<Services>) -> Self {
        Self { services }
    }

    /// A session as it is now, under the identifier that it has now: rotations are followed. One read says both, so that a
    /// rotation in between is never taken for the session itself.
    ///
    /// # Errors
    /// [`HostError::Unavailable`] when the store does not answer.
    pub async fn current(&self, tenant: &Tenant, id: &SessionId) -> Result<CurrentSession, HostError> {
        let mut id = id.clone();
        for _ in 0..ROTATIONS {
            let stored = self.stored(tenant, &id).await?;
            match stored.as_ref().and_then(|session| session.moved_to.clone()) {
                Some(next) => id = next,
                None => return Ok(CurrentSession { id, stored }),
            }
        }
        Err(HostError::internal(format!("the session was rotated more than {ROTATIONS} times")))
    }

    /// A session with the factors that count.
    ///
    /// # Errors
    /// [`HostError::SessionUnknown`] where nothing is stored of it.
    pub async fn get(&self, tenant: &Tenant, id: &SessionId) -> Result<Session, HostError> {
        let current = self.current(tenant, id).await?;
        let stored = current.stored.ok_or(HostError::SessionUnknown)?;
        Ok(self.with_counting_factors(tenant, Arc::unwrap_or_clone(stored)))
    }

    /// Gives a session another identifier: its factors move along, and so do suspended logins. Repeating it changes nothing.
    ///
    /// # Errors
    /// [`HostError::SessionExists`] where `to` was used before, or `id` was rotated to another one.
    pub async fn rotate(&self, tenant: &Tenant, id: &SessionId, to: &SessionId) -> Result<Session, HostError> {
        for _ in 0..ATTEMPTS {
            let now = self.services.clock.now();
            let stored = self.stored(tenant, id).await?;
            let old = stored.map_or_else(|| Session::new(id.clone(), now), Arc::unwrap_or_clone);
            let target = self.stored(tenant, to).await?;
            if let (Some(moved_to), Some(target)) = (&old.moved_to, &target)
                && moved_to == to
            {
                return Ok(self.with_counting_factors(tenant, Session::clone(target)));
            }
            if target.is_some() || old.moved_to.is_some() || id == to {
                return Err(HostError::SessionExists);
            }
            let new = Session { id: to.clone(), version: 0, moved_to: None, last_used_at: now, ..old.clone() };
            let sign = Session {
                user: None,
                factors: Vec::new(),
                metadata: Default::default(),
                moved_to: Some(to.clone()),
                ..old.clone()
            };
            let writes = vec![
                SessionWrite { expect: old.version, session: sign },
                SessionWrite { expect: 0, session: new.clone() },
            ];
            if self.write(tenant, writes, now).await? {
                return Ok(self.with_counting_factors(tenant, new));
            }
        }
        Err(HostError::unavailable("the session changed at every attempt"))
    }

    /// Ends a session, as a logout does: its factors and suspended logins are over, and the identifier may begin anew.
    ///
    /// # Errors
    /// [`HostError::Unavailable`] when the store does not take the change.
    pub async fn end(&self, tenant: &Tenant, id: &SessionId) -> Result<Session, HostError> {
        self.change(tenant, id, |session| {
            session.user = None;
            session.factors.clear();
            session.metadata.clear();
            session.generation = session.generation.saturating_add(1);
        })
        .await
    }

    /// Revokes a factor: its records and the session's suspended logins are over.
    ///
    /// # Errors
    /// [`HostError::Unavailable`] when the store does not take the change.
    pub async fn revoke_factor(
        &self,
        tenant: &Tenant,
        id: &SessionId,
        name: &FactorName,
    ) -> Result<Session, HostError> {
        self.change(tenant, id, |session| {
            session.factors.retain(|factor| factor.name != *name);
            session.generation = session.generation.saturating_add(1);
        })
        .await
    }

    /// The session without the factors that a restored backup or an operator's order made void.
    pub(crate) fn with_counting_factors(&self, tenant: &Tenant, mut session: Session) -> Session {
        let (epoch, orders) = (self.services.store.epoch(), tenant.orders.orders());
        let counts = |factor: &FactorRecord| factor.epoch == epoch && orders.accepts(factor);
        session.factors.retain(counts);
        session
    }

    /// A session as it is stored under this identifier; a rotation is not followed.
    pub(crate) async fn stored(&self, tenant: &Tenant, id: &SessionId) -> Result<Option<Arc<Session>>, HostError> {
        self.services.store.session(&tenant.name, id).await.map_err(HostError::unavailable)
    }

    async fn change(
        &self,
        tenant: &Tenant,
        id: &SessionId,
        change: impl Fn(&mut Session),
    ) -> Result<Session, HostError> {
        for _ in 0..ATTEMPTS {
            let now = self.services.clock.now();
            // A session that was never stored may have suspended logins as well.
            let mut session = Arc::unwrap_or_clone(self.current(tenant, id).await?.or_new(now));
            let expect = session.version;
            change(&mut session);
            session.last_used_at = now;
            if self.write(tenant, vec![SessionWrite { expect, session: session.clone() }], now).await? {
                return Ok(self.with_counting_factors(tenant, session));
            }
        }
        Err(HostError::unavailable("the session changed at every attempt"))
    }

    async fn write(&self, tenant: &Tenant, sessions: Vec<SessionWrite>, now: Timestamp) -> Result<bool, HostError> {
        let commit = Commit {
            tenant: tenant.name.clone(),
            login: None,
            sessions,
            check_session: None,
            orders_seen: None,
            cache: Vec::new(),
            now,
            settled: self.services.clock.is_settled(),
            durability: Durability::Synced,
        };
        let outcome = self.services.store.commit(commit).await.map_err(HostError::unavailable)?;
        Ok(matches!(outcome, CommitOutcome::Done))
    }
}
