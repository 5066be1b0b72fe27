//! A login that goes on: its browser is back from the prompt. The order of the steps is the resume protocol's.

use super::answer::LoginAnswer;
use super::attempt::{Attempt, RERUNS, Replaces};
use super::drive::DriveError;
use super::parts::{LoginParts, stored};
use super::request::{ContinueRequest, Event};
use crate::error::HostError;
use crate::tenant::Tenant;
use postlude_crypto::handles::StateError;
use postlude_model::handle::StateClaims;
use postlude_model::login::{EndReason, LoginRecord};
use postlude_model::names::LoginId;
use postlude_model::pipeline::{BrowserReply, Finished, Login, Overload, Presented, Ruling, ended, rule};
use postlude_model::session::Session;
use std::sync::Arc;

/// A browser's reply, which arrived with its IdP's claim to the login.
pub(super) struct Resume {
    parts: Arc<LoginParts>,
    tenant: Arc<Tenant>,
    id: LoginId,
    reply: BrowserReply,
    state: StateClaims,
    resume_key_matches: bool,
    event: Event,
}

/// What the protocol says about a reply, and the session of its login as it is now.
type Ruled = (Ruling, Option<Arc<Session>>);

impl Resume {
    /// Unseals the reply and checks its state, without the store: a million guesses cost nothing.
    pub(super) fn read(
        parts: Arc<LoginParts>,
        tenant: Arc<Tenant>,
        id: LoginId,
        request: ContinueRequest,
    ) -> Result<Self, HostError> {
        let sealed = tenant.sealer.unseal(&request.reply).map_err(|_| HostError::InvalidReply)?;
        let state = match tenant.handles.verify_state(&sealed.state, parts.services.clock.now()) {
            // Expiry stops a run, never a replay: the ruling looks at the step first.
            Ok(claims) | Err(StateError::Expired(claims)) => claims,
            Err(_) => return Err(HostError::InvalidState),
        };
        if state.epoch != parts.services.store.epoch() {
            return Err(HostError::StateExpired);
        }
        if state.login_id != id {
            return Err(HostError::LoginMismatch);
        }
        let reply = BrowserReply { state: sealed.state, method: sealed.method, query: sealed.query, form: sealed.form };
        let resume_key_matches = tenant.handles.check_resume_key(&id, &request.resume_key);
        Ok(Self { parts, tenant, id, reply, state, resume_key_matches, event: request.event })
    }

    /// The step that the reply's state would resume.
    pub(super) const fn step(&self) -> u32 {
        self.state.step
    }

    /// The answer where nothing is to be run; none where the login is to be resumed. A caller that may not resume must not join
    /// a call that may: this comes before the single flight.
    pub(super) async fn without_a_run(&self) -> Result<Option<LoginAnswer>, HostError> {
        let record = self.parts.record(&self.tenant, &self.id).await?.ok_or(HostError::LoginGone)?;
        match self.rule(&record).await? {
            (Ruling::Resume, _) => Ok(None),
            (other, _) => {
                self.refuse_or_repeat(&Attempt::new(&self.parts, &self.tenant), record, other).await.map(Some)
            }
        }
    }

    /// Steps 4 to 7 of the protocol: verify and run, one transaction, durable, answer.
    pub(super) async fn run(self) -> Result<LoginAnswer, HostError> {
        let mut attempt = Attempt::new(&self.parts, &self.tenant);
        for _ in 0..=RERUNS {
            // Read within the single flight: another call may have finished between the first ruling and this one.
            let record = self.parts.record(&self.tenant, &self.id).await?;
            let record = record.ok_or_else(|| HostError::unavailable("the login record disappeared"))?;
            let (ruling, session) = self.rule(&record).await?;
            if ruling != Ruling::Resume {
                return self.refuse_or_repeat(&attempt, record, ruling).await;
            }
            let pipeline = self.parts.revisions.pipeline(&self.tenant, record.revision).await?;
            let context = self.parts.pipeline_context(&self.tenant, &pipeline, attempt.began());
            let bypasses = self.parts.bypasses(&self.tenant, &pipeline, &record).await?;
            let mut current = record.clone();
            current.subject.session_id = session.as_ref().map(|session| session.id.clone());
            let event = Arc::clone(&self.event.document);
            let login = Login::resume(context, current, session, event, self.reply.clone()).with_bypasses(bypasses);
            match attempt.run(&pipeline, login, replaces(&record)).await {
                Ok(Some(answer)) => return Ok(answer),
                Ok(None) => {}
                Err(DriveError::Overload(Overload { resuming: true })) => {
                    return self.out_of_time(&attempt, record).await;
                }
                Err(why) => return Err(why.into()),
            }
        }
        Err(HostError::unavailable("the login or its session changed at every attempt"))
    }

    async fn rule(&self, record: &LoginRecord) -> Result<Ruled, HostError> {
        let session = self.parts.session(&self.tenant, record).await?;
        // The transaction may hold an identifier that was rotated since.
        let given = match &self.event.session_id {
            Some(id) => Some(self.parts.sessions.current(&self.tenant, id).await?.id),
            None => None,
        };
        let presented = Presented {
            state: &self.state,
            resume_key_matches: self.resume_key_matches,
            user_id: &self.event.user_id,
            client_id: &self.event.client_id,
            session_id: given.as_ref(),
        };
        let id = session.as_ref().map(|session| &session.id);
        let now = self.parts.services.clock.now();
        let ruling = rule(record, stored(session.as_deref()), id, &presented, now);
        Ok((ruling, session))
    }

    /// The wall clock of `on-continue` ran out: that is load, so the step stays open, for a few attempts.
    async fn out_of_time(&self, attempt: &Attempt<'_>, record: LoginRecord) -> Result<LoginAnswer, HostError> {
        let replaces = replaces(&record);
        let finished = Box::new(Finished::of_record(Login::timed_out(record)));
        let answer = if finished.record.suspension().is_some() {
            attempt.write(finished, replaces).await?;
            None
        } else {
            attempt.commit(finished, replaces).await?
        };
        answer.ok_or_else(|| HostError::unavailable(Overload { resuming: true }))
    }

    /// Every ruling but that the login is to be resumed.
    async fn refuse_or_repeat(
        &self,
        attempt: &Attempt<'_>,
        record: LoginRecord,
        ruling: Ruling,
    ) -> Result<LoginAnswer, HostError> {
        match ruling {
            Ruling::Replay => self.parts.present_answer(&self.tenant, record).await,
            Ruling::Mismatch => Err(HostError::LoginMismatch),
            Ruling::Expired => Err(HostError::StateExpired),
            Ruling::Resume => Err(HostError::unavailable("the login changed while it was read")),
            Ruling::SessionEnded => {
                let replaces = replaces(&record);
                let record = ended(record, EndReason::SessionEnded);
                // Lost to another writer or not: the session is over, and so is the login.
                attempt.commit(Box::new(Finished::of_record(record)), replaces).await?;
                Err(HostError::LoginEnded(EndReason::SessionEnded))
            }
        }
    }
}

fn replaces(record: &LoginRecord) -> Replaces {
    Replaces { version: record.version, claim: None, trace_entries: record.trace.len() }
}
