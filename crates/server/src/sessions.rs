//! The IdP's calls about sessions: look up, rotate, end, revoke a factor.

use crate::clock::rfc3339;
use crate::error::ApiError;
use crate::runtime::Runtime;
use crate::tenant::Tenant;
use crate::wire::{RevokeRequest, RotateRequest, SessionRequest};
use axum::http::StatusCode;
use postlude_model::names::{SessionId, Timestamp};
use postlude_model::policy::orders::{CurrentOrders, Orders};
use postlude_model::session::{FactorRecord, Session};
use postlude_store::{Commit, CommitOutcome, Durability, SessionWrite};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// How often a call is tried against others that write the same session.
const ATTEMPTS: usize = 8;

/// How many times a session may have been rotated before its first identifier is forgotten: every five minutes for three
/// days, longer than any login record is kept by default.
const ROTATIONS: usize = 1000;

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
    pub(crate) fn of(session: &Session, epoch: u64, orders: &Orders) -> Self {
        let counts = |factor: &&FactorRecord| factor.epoch == epoch && orders.accepts(factor);
        let factors = session.factors.iter().filter(counts).map(|factor| FactorView {
            name: factor.name.to_string(),
            completed_at: rfc3339(factor.completed_at),
            action: factor.action.to_string(),
            digest: factor.digest.to_string(),
        });
        Self {
            id: session.id.to_string(),
            user_id: session.user.as_ref().map(ToString::to_string),
            factors: factors.collect(),
            created_at: rfc3339(session.created_at),
            last_used_at: rfc3339(session.last_used_at),
        }
    }
}

fn view(runtime: &Runtime, tenant: &Tenant, session: &Session) -> SessionView {
    SessionView::of(session, runtime.store.epoch(), &tenant.orders.orders())
}

/// `POST /v1/sessions/get`.
pub(crate) async fn get(runtime: &Runtime, tenant: &Tenant, request: &SessionRequest) -> Result<SessionView, ApiError> {
    let (_, session) = runtime.present(tenant, &request.id).await?;
    let unknown = || ApiError::new(StatusCode::NOT_FOUND, "session_unknown", "no session of that id holds anything");
    session.map(|session| view(runtime, tenant, &session)).ok_or_else(unknown)
}

/// `POST /v1/sessions/rotate`: the factors move along, and so do suspended logins. Repeating it changes nothing.
pub(crate) async fn rotate(
    runtime: &Runtime,
    tenant: &Tenant,
    request: &RotateRequest,
) -> Result<SessionView, ApiError> {
    for _ in 0..ATTEMPTS {
        let now = runtime.clock.now();
        let stored = runtime.store.session(&tenant.name, &request.id).await.map_err(ApiError::unavailable)?;
        let old = stored.map_or_else(|| Session::new(request.id.clone(), now), Arc::unwrap_or_clone);
        let target = runtime.store.session(&tenant.name, &request.to).await.map_err(ApiError::unavailable)?;
        if let (Some(moved_to), Some(target)) = (&old.moved_to, &target)
            && *moved_to == request.to
        {
            return Ok(view(runtime, tenant, target));
        }
        if target.is_some() || old.moved_to.is_some() || request.id == request.to {
            let detail = "the session `to` exists already, or `id` was rotated to another one; rotate to an id that was never used";
            return Err(ApiError::new(StatusCode::CONFLICT, "session_exists", detail));
        }
        let new = Session { id: request.to.clone(), version: 0, moved_to: None, last_used_at: now, ..old.clone() };
        let sign = Session {
            user: None,
            factors: Vec::new(),
            metadata: Default::default(),
            moved_to: Some(request.to.clone()),
            ..old.clone()
        };
        let writes =
            vec![SessionWrite { expect: old.version, session: sign }, SessionWrite { expect: 0, session: new.clone() }];
        if write(runtime, tenant, writes, now).await? {
            return Ok(view(runtime, tenant, &new));
        }
    }
    Err(ApiError::unavailable("the session changed at every attempt"))
}

/// `POST /v1/sessions/end`: logout. Its factors and suspended logins are over; the id may begin anew.
pub(crate) async fn end(runtime: &Runtime, tenant: &Tenant, request: &SessionRequest) -> Result<SessionView, ApiError> {
    change(runtime, tenant, &request.id, |session| {
        session.user = None;
        session.factors.clear();
        session.metadata.clear();
        session.generation = session.generation.saturating_add(1);
    })
    .await
}

/// `POST /v1/sessions/revoke-factor`: the factor's records and the session's suspended logins are over.
pub(crate) async fn revoke_factor(
    runtime: &Runtime,
    tenant: &Tenant,
    request: &RevokeRequest,
) -> Result<SessionView, ApiError> {
    change(runtime, tenant, &request.id, |session| {
        session.factors.retain(|factor| factor.name != request.name);
        session.generation = session.generation.saturating_add(1);
    })
    .await
}

async fn change(
    runtime: &Runtime,
    tenant: &Tenant,
    id: &SessionId,
    change: impl Fn(&mut Session),
) -> Result<SessionView, ApiError> {
    for _ in 0..ATTEMPTS {
        let now = runtime.clock.now();
        let (id, stored) = runtime.present(tenant, id).await?;
        // A session that was never stored may have suspended logins as well.
        let mut session = stored.map_or_else(|| Session::new(id, now), Arc::unwrap_or_clone);
        let expect = session.version;
        change(&mut session);
        session.last_used_at = now;
        if write(runtime, tenant, vec![SessionWrite { expect, session: session.clone() }], now).await? {
            return Ok(view(runtime, tenant, &session));
        }
    }
    Err(ApiError::unavailable("the session changed at every attempt"))
}

async fn write(
    runtime: &Runtime,
    tenant: &Tenant,
    sessions: Vec<SessionWrite>,
    now: Timestamp,
) -> Result<bool, ApiError> {
    let commit = Commit {
        tenant: tenant.name.clone(),
        login: None,
        sessions,
        check_session: None,
        cache: Vec::new(),
        now,
        durability: Durability::Synced,
    };
    let outcome = runtime.store.commit(commit).await.map_err(ApiError::unavailable)?;
    Ok(matches!(outcome, CommitOutcome::Done))
}

impl Runtime {
    /// A session as it is now, under the identifier that it has now: rotations are followed. One read says both, so that a
    /// rotation in between is never taken for the session itself.
    pub(crate) async fn present(
        &self,
        tenant: &Tenant,
        id: &SessionId,
    ) -> Result<(SessionId, Option<Arc<Session>>), ApiError> {
        let mut id = id.clone();
        for _ in 0..ROTATIONS {
            let stored = self.store.session(&tenant.name, &id).await.map_err(ApiError::unavailable)?;
            match stored.as_ref().and_then(|session| session.moved_to.clone()) {
                Some(next) => id = next,
                None => return Ok((id, stored)),
            }
        }
        Err(ApiError::internal(format!("the session was rotated more than {ROTATIONS} times")))
    }
}
