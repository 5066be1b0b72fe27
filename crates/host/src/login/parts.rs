//! What starting, resuming and showing a login have in common: reads, and the values that a pipeline runs with.

use super::answer::LoginAnswer;
use crate::error::HostError;
use crate::pipeline::Pipeline;
use crate::revision::Revisions;
use crate::services::Services;
use crate::sessions::Sessions;
use crate::tenant::Tenant;
use postlude_model::action::Mode;
use postlude_model::login::{EndReason, LoginRecord, Status, Suspension};
use postlude_model::names::{LoginId, Timestamp};
use postlude_model::pipeline::{PipelineContext, session_ended};
use postlude_model::policy::bypass::Bypass;
use postlude_model::policy::orders::CurrentOrders;
use postlude_model::session::Session;
use std::sync::Arc;

/// The parts of a host that logins need.
#[derive(Debug)]
pub(super) struct LoginParts {
    pub(super) services: Arc<Services>,
    pub(super) revisions: Arc<Revisions>,
    pub(super) sessions: Sessions,
}

impl LoginParts {
    /// The context in which a tenant's pipeline runs, at this moment of the host's clock and under the orders that the call knew.
    pub(super) fn pipeline_context<'a>(
        &self,
        tenant: &'a Tenant,
        pipeline: &'a Pipeline,
        (orders_seen, now): (u64, Timestamp),
    ) -> PipelineContext<'a> {
        PipelineContext {
            actions: &pipeline.actions,
            handles: &tenant.handles,
            issuer: &tenant.issuer,
            continue_url: &tenant.continue_url,
            method_amr: &tenant.method_amr,
            orders: &*tenant.orders,
            orders_seen,
            state_lifetime: tenant.lifetimes.state,
            epoch: self.services.store.epoch(),
            now,
        }
    }

    /// A login record, where one is stored.
    pub(super) async fn record(&self, tenant: &Tenant, id: &LoginId) -> Result<Option<LoginRecord>, HostError> {
        self.services.store.login(&tenant.name, id).await.map_err(HostError::unavailable)
    }

    /// The bypasses of the user, where the login could use one; used and expired ones are among them.
    pub(super) async fn bypasses(
        &self,
        tenant: &Tenant,
        pipeline: &Pipeline,
        record: &LoginRecord,
    ) -> Result<Vec<Bypass>, HostError> {
        let asks = pipeline.actions.iter().any(|action| !action.spec.factors.is_empty());
        if record.mode != Mode::Interactive || !asks {
            return Ok(Vec::new());
        }
        self.services.store.bypasses(&tenant.name, &record.subject.user_id).await.map_err(HostError::unavailable)
    }

    /// The session of a login as it is now, under its present identifier; a new one where none is stored.
    pub(super) async fn session(
        &self,
        tenant: &Tenant,
        record: &LoginRecord,
    ) -> Result<Option<Arc<Session>>, HostError> {
        let Some(id) = &record.subject.session_id else { return Ok(None) };
        let current = self.sessions.current(tenant, id).await?;
        Ok(Some(current.or_new(self.services.clock.now())))
    }

    /// The answer that a login's record stands for now, without side effects: a repeated call gets it.
    pub(super) async fn present_answer(&self, tenant: &Tenant, record: LoginRecord) -> Result<LoginAnswer, HostError> {
        let session = self.session(tenant, &record).await?;
        if is_over(tenant, &record, session.as_deref()) {
            return Err(HostError::LoginEnded(EndReason::SessionEnded));
        }
        if record.suspension().is_some_and(|suspension| !self.may_come_back(tenant, &record, suspension)) {
            return Err(HostError::StateExpired);
        }
        answer_for_idp(tenant, record)
    }

    /// Whether the prompt to which a suspension leads could still be answered.
    fn may_come_back(&self, tenant: &Tenant, record: &LoginRecord, suspension: &Suspension) -> bool {
        let location = tenant.handles.open_location(&record.id, suspension.step, &suspension.location);
        let url = location.and_then(|location| url::Url::parse(&location).ok());
        let state = url.and_then(|url| Some(url.query_pairs().find(|(name, _)| name == "state")?.1.into_owned()));
        let now = self.services.clock.now();
        let claims = state.and_then(|state| tenant.handles.verify_state(&state, now).ok());
        claims.is_some_and(|claims| claims.epoch == self.services.store.epoch())
    }
}

/// The answer to an IdP that may resume the login.
pub(super) fn answer_for_idp(tenant: &Tenant, record: LoginRecord) -> Result<LoginAnswer, HostError> {
    LoginAnswer::for_idp(record, &tenant.handles)
}

/// The session where it is stored; a login holds a new one where it is not.
pub(super) fn stored(session: Option<&Session>) -> Option<&Session> {
    session.filter(|session| session.version > 0)
}

/// Whether the outcome of a login no longer holds: its session ended or changed hands, or an order made void a factor on which
/// its `continue` may rest. A suspended login is judged by orders when its browser is back.
pub(super) fn is_over(tenant: &Tenant, record: &LoginRecord, session: Option<&Session>) -> bool {
    let stored = stored(session);
    let factors = stored.map_or(&[][..], |session| &session.factors);
    let continued = matches!(record.status, Status::Continued(_));
    (record.subject.session_id.is_some() && session_ended(record, stored))
        || (continued && tenant.orders.orders().overtakes(record, factors).is_some())
}
