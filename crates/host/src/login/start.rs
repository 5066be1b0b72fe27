//! A login that begins.

use super::answer::LoginAnswer;
use super::attempt::{Attempt, RERUNS, Replaces};
use super::parts::LoginParts;
use super::request::{IdempotencyKey, LoginRequest};
use crate::error::HostError;
use crate::pipeline::Pipeline;
use crate::tenant::Tenant;
use postlude_model::action::Mode;
use postlude_model::login::{EndReason, LoginRecord, Status, Subject};
use postlude_model::names::LoginId;
use postlude_model::pipeline::Login;
use postlude_model::session::Session;
use postlude_store::LoginClaim;
use std::sync::Arc;

/// One call that begins a login, or repeats the call that began it.
pub(super) struct Start {
    pub(super) parts: Arc<LoginParts>,
    pub(super) tenant: Arc<Tenant>,
    pub(super) idempotency: IdempotencyKey,
    pub(super) id: LoginId,
    pub(super) request: LoginRequest,
}

impl Start {
    pub(super) async fn run(self) -> Result<LoginAnswer, HostError> {
        let mut attempt = Attempt::new(&self.parts, &self.tenant);
        let claim = match self.claim().await? {
            LoginClaim::New(claim) => claim,
            LoginClaim::Existing(record) => return self.repeated(*record).await,
        };
        let mut began_in = None;
        for _ in 0..=RERUNS {
            let pipeline = self.tenant.pipeline_of(self.request.trigger);
            let session = self.session().await?;
            let generation = session.as_ref().map(|session| session.generation);
            if *began_in.get_or_insert(generation) != generation {
                return Err(HostError::LoginEnded(EndReason::SessionEnded));
            }
            let record = self.record(&pipeline, session.as_deref());
            let context = self.parts.pipeline_context(&self.tenant, &pipeline, attempt.began());
            let bypasses = self.parts.bypasses(&self.tenant, &pipeline, &record).await?;
            let event = Arc::clone(&self.request.event.document);
            let login = Login::begin(context, record, session, event).with_bypasses(bypasses);
            let replaces = Replaces { claim: Some(claim.clone()), ..Replaces::default() };
            if let Some(answer) = attempt.run(&pipeline, login, replaces).await? {
                return Ok(answer);
            }
        }
        Err(HostError::unavailable("the session changed at every attempt"))
    }

    /// The claim of a new login, or the login that the key began before.
    async fn claim(&self) -> Result<LoginClaim, HostError> {
        let IdempotencyKey { key, body_hash } = &self.idempotency;
        let store = &self.parts.services.store;
        for id in self.tenant.handles.earlier_login_ids(key, body_hash) {
            let earlier = store.login_in_place(&self.tenant.name, &id).await;
            if let Some(record) = earlier.map_err(HostError::unavailable)? {
                return Ok(LoginClaim::Existing(Box::new(record)));
            }
        }
        // Most logins are new: nothing is to be waited for.
        match store.try_claim_login(&self.tenant.name, &self.id).map_err(HostError::unavailable)? {
            Some(claim) => Ok(claim),
            None => store.claim_login(&self.tenant.name, &self.id).await.map_err(HostError::unavailable),
        }
    }

    /// The answer, where the key was used before.
    async fn repeated(&self, record: LoginRecord) -> Result<LoginAnswer, HostError> {
        if record.body_hash != self.idempotency.body_hash {
            return Err(HostError::IdempotencyMismatch);
        }
        self.parts.present_answer(&self.tenant, record).await
    }

    /// The session in which the login runs. A first login in a browser gets a new one; where no browser could keep its
    /// identifier, there is none.
    async fn session(&self) -> Result<Option<Arc<Session>>, HostError> {
        let id = match &self.request.event.session_id {
            Some(id) => id.clone(),
            None if self.request.mode == Mode::Interactive => self.tenant.handles.mint_session_id(&self.id),
            None => return Ok(None),
        };
        let stored = self.parts.sessions.stored(&self.tenant, &id).await?;
        if stored.as_ref().is_some_and(|session| session.moved_to.is_some()) {
            // Following the move would hand the factors to whoever knows, or planted, the old identifier.
            return Err(HostError::SessionRotated);
        }
        Ok(Some(stored.unwrap_or_else(|| Arc::new(Session::new(id, self.parts.services.clock.now())))))
    }

    fn record(&self, pipeline: &Pipeline, session: Option<&Session>) -> LoginRecord {
        let now = self.parts.services.clock.now();
        let lifetimes = &self.tenant.lifetimes;
        LoginRecord {
            id: self.id.clone(),
            body_hash: self.idempotency.body_hash,
            version: 0,
            subject: Subject {
                user_id: self.request.event.user_id.clone(),
                client_id: self.request.event.client_id.clone(),
                session_id: session.map(|session| session.id.clone()),
                minted: self.request.event.session_id.is_none() && session.is_some(),
                generation: 0,
                foreign: false,
            },
            mode: self.request.mode,
            return_url: self.request.return_url.clone(),
            revision: pipeline.revision,
            created_at: now,
            orders_seen: None,
            changed_at: now,
            deadline: now.plus(lifetimes.login),
            expires_at: now.plus(lifetimes.record),
            position: 0,
            step: 0,
            suspensions: 0,
            status: Status::Running,
            metadata: Default::default(),
            effects: Default::default(),
            recorded: Vec::new(),
            held_metadata: Default::default(),
            policy_state: Default::default(),
            trace: Vec::new(),
        }
    }
}
