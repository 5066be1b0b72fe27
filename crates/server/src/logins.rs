//! The IdP's calls about logins, step by step as the resume protocol orders them.

use crate::drive::{DriveError, drive};
use crate::error::ApiError;
use crate::flight::{Call, Flight};
use crate::pipelines::Pipeline;
use crate::runtime::Runtime;
use crate::sight::News;
use crate::tenant::Tenant;
use crate::wire::{Answer, ContinueRequest, Event, LoginRequest, end_code};
use axum::http::StatusCode;
use postlude_crypto::handles::StateError;
use postlude_model::action::Mode;
use postlude_model::handle::StateClaims;
use postlude_model::limits;
use postlude_model::login::{EndReason, LoginRecord, Status, Subject, Suspension};
use postlude_model::names::LoginId;
use postlude_model::pipeline::{
    BrowserReply, Finished, Login, Overload, PipelineContext, Presented, Ruling, ended, rule, session_ended,
};
use postlude_model::policy::bypass::Bypass;
use postlude_model::policy::orders::CurrentOrders;
use postlude_model::session::Session;
use postlude_store::{ClaimGuard, Commit, CommitOutcome, Durability, LoginClaim, LoginWrite, SessionWrite, StoreError};
use std::sync::Arc;
use std::time::Instant;

/// How often a login is run anew because its session changed meanwhile. After that it is load.
const RERUNS: usize = 1;

/// `POST /v1/logins`: may the login go on?
pub(crate) async fn start(
    runtime: Arc<Runtime>,
    tenant: Arc<Tenant>,
    key: String,
    body_hash: [u8; 32],
    request: LoginRequest,
) -> Result<Answer, ApiError> {
    tenant.check_return_url(request.mode, request.return_url.as_deref())?;
    let id = tenant.handles.login_id(&key);
    tracing::Span::current().record("login_id", id.as_str());
    let flight = Flight { tenant: tenant.name.clone(), login_id: id.clone(), call: Call::Start(body_hash) };
    let flights = Arc::clone(&runtime);
    flights.flights.join(flight, || Begin { runtime, tenant, key, body_hash, id, request }.run()).await
}

/// A login that begins.
struct Begin {
    runtime: Arc<Runtime>,
    tenant: Arc<Tenant>,
    key: String,
    body_hash: [u8; 32],
    id: LoginId,
    request: LoginRequest,
}

impl Begin {
    async fn run(self) -> Result<Answer, ApiError> {
        let began = Instant::now();
        let mut began_in = None;
        let mut outside = self.runtime.outside(&self.tenant);
        let claim = match self.claim().await? {
            LoginClaim::New(claim) => claim,
            LoginClaim::Existing(record) => return self.before(&record).await,
        };
        for _ in 0..=RERUNS {
            let pipeline = self.tenant.pipeline();
            let session = self.session().await?;
            let generation = session.as_ref().map(|session| session.generation);
            if *began_in.get_or_insert(generation) != generation {
                return Err(ApiError::login_ended(end_code(EndReason::SessionEnded)));
            }
            let record = self.record(&pipeline, session.as_deref());
            let context =
                PipelineContext { now: outside.now, ..self.runtime.pipeline_context(&self.tenant, &pipeline) };
            let event = Arc::clone(&self.request.event.document);
            let bypasses = self.runtime.bypasses_of(&self.tenant, &pipeline, &record).await?;
            let login = Login::begin(context, record, session, event).with_bypasses(bypasses);
            let finished = drive(&self.runtime.sandbox, &pipeline, login, &mut outside).await.map_err(undriven)?;
            let news = News::of(&self.runtime, &finished.record, 0, began);
            let answer = self.tenant.answer(&finished.record);
            let suspended = finished.record.suspension().map(|_| finished.record.deadline);
            if commit(&self.runtime, &self.tenant, finished, 0, Some(claim.clone())).await? == CommitOutcome::Done {
                if let Some(deadline) = suspended {
                    self.runtime.earlier.suspended(&self.tenant.name, &pipeline, deadline);
                }
                news.tell(&self.runtime, &self.tenant);
                return answer;
            }
        }
        Err(ApiError::unavailable("the session changed at every attempt"))
    }

    /// The claim of a new login, or the login that the key began before.
    async fn claim(&self) -> Result<LoginClaim, ApiError> {
        let (store, tenant) = (&self.runtime.store, &self.tenant.name);
        for id in self.tenant.handles.earlier_login_ids(&self.key) {
            if let Some(record) = store.login(tenant, &id).await.map_err(ApiError::unavailable)? {
                return Ok(LoginClaim::Existing(Box::new(record)));
            }
        }
        store.claim_login(tenant, &self.id).await.map_err(ApiError::unavailable)
    }

    /// The answer, where the key was used before.
    async fn before(&self, record: &LoginRecord) -> Result<Answer, ApiError> {
        if record.body_hash != self.body_hash {
            let detail = "this Idempotency-Key was used with another body; use one key per transaction and user";
            return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_mismatch", detail));
        }
        self.runtime.present_answer(&self.tenant, record).await
    }

    /// The session in which the login runs. A first login in a browser gets a new one; where nobody could keep its
    /// identifier, there is none.
    async fn session(&self) -> Result<Option<Arc<Session>>, ApiError> {
        let now = self.runtime.clock.now();
        let id = match &self.request.event.session_id {
            Some(id) => id.clone(),
            None if self.request.mode == Mode::Interactive => self.tenant.handles.mint_session_id(&self.id),
            None => return Ok(None),
        };
        let stored = self.runtime.store.session(&self.tenant.name, &id).await.map_err(ApiError::unavailable)?;
        if stored.as_ref().is_some_and(|session| session.moved_to.is_some()) {
            // Following the move would hand the factors to whoever knows, or planted, the old identifier.
            let detail = "this session was rotated to another id; a new login must name the new one";
            return Err(ApiError::new(StatusCode::CONFLICT, "session_rotated", detail));
        }
        Ok(Some(stored.unwrap_or_else(|| Arc::new(Session::new(id, now)))))
    }

    fn record(&self, pipeline: &Pipeline, session: Option<&Session>) -> LoginRecord {
        let now = self.runtime.clock.now();
        let lifetimes = &self.tenant.lifetimes;
        LoginRecord {
            id: self.id.clone(),
            body_hash: self.body_hash,
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

/// `POST /v1/logins/{login_id}/continue`: the browser is back.
pub(crate) async fn resume(
    runtime: Arc<Runtime>,
    tenant: Arc<Tenant>,
    id: LoginId,
    request: ContinueRequest,
) -> Result<Answer, ApiError> {
    let arrival = Arrival::read(&runtime, &tenant, &id, request)?;
    let Some(record) = runtime.store.login(&tenant.name, &id).await.map_err(ApiError::unavailable)? else {
        return Err(ApiError::new(StatusCode::NOT_FOUND, "login_unknown", "no login of that id; start a new login"));
    };
    // Who may not resume must not join a call that may: the ruling comes before the claim.
    let (ruling, _) = arrival.rule(&runtime, &tenant, &record).await?;
    match ruling {
        Ruling::Resume => {
            let call = Call::Resume(arrival.state.step);
            let flight = Flight { tenant: tenant.name.clone(), login_id: id.clone(), call };
            let flights = Arc::clone(&runtime);
            flights.flights.join(flight, || arrival.run(runtime, tenant, id)).await
        }
        other => arrival.settle(&runtime, &tenant, record, other).await,
    }
}

/// A browser's reply that arrived with its IdP's claim to the login.
struct Arrival {
    reply: BrowserReply,
    state: StateClaims,
    resume_key_matches: bool,
    event: Event,
}

impl Arrival {
    /// Unseals the reply and checks its state, without the store: a million guesses cost nothing.
    fn read(runtime: &Runtime, tenant: &Tenant, id: &LoginId, request: ContinueRequest) -> Result<Self, ApiError> {
        let tampered = |_| {
            let detail =
                "`reply` was not made by this tenant's continue URL; send the query parameter `postlude` as it came";
            ApiError::new(StatusCode::BAD_REQUEST, "invalid_reply", detail)
        };
        let sealed = tenant.sealer.unseal(&request.reply).map_err(tampered)?;
        let state = match tenant.handles.verify_state(&sealed.state, runtime.clock.now()) {
            // Expiry stops a run, never a replay: the ruling looks at the step first.
            Ok(claims) | Err(StateError::Expired(claims)) => claims,
            Err(_) => {
                return Err(ApiError::new(
                    StatusCode::BAD_REQUEST,
                    "invalid_state",
                    "the reply's state is not one of this tenant",
                ));
            }
        };
        if state.epoch != runtime.store.epoch() {
            return Err(ApiError::state_expired());
        }
        if state.login_id != *id {
            return Err(ApiError::login_mismatch());
        }
        let reply = BrowserReply { state: sealed.state, method: sealed.method, query: sealed.query, form: sealed.form };
        let resume_key_matches = tenant.handles.check_resume_key(id, &request.resume_key);
        Ok(Self { reply, state, resume_key_matches, event: request.event })
    }

    async fn rule(
        &self,
        runtime: &Runtime,
        tenant: &Tenant,
        record: &LoginRecord,
    ) -> Result<(Ruling, Option<Arc<Session>>), ApiError> {
        let session = runtime.session_of(tenant, record).await?;
        // The transaction may hold an identifier that was rotated since.
        let given = match &self.event.session_id {
            Some(id) => Some(runtime.present(tenant, id).await?.0),
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
        let stored = session.as_deref().filter(|session| session.version > 0);
        let ruling = rule(record, stored, id, &presented, runtime.clock.now());
        Ok((ruling, session))
    }

    /// Steps 4 to 7 of the protocol: verify and run, one transaction, durable, answer.
    async fn run(self, runtime: Arc<Runtime>, tenant: Arc<Tenant>, id: LoginId) -> Result<Answer, ApiError> {
        let (mut outside, began) = (runtime.outside(&tenant), Instant::now());
        for _ in 0..=RERUNS {
            // Read under the claim: another call may have finished between the first ruling and this one.
            let record = reread(&runtime, &tenant, &id).await?;
            let (ruling, session) = self.rule(&runtime, &tenant, &record).await?;
            if ruling != Ruling::Resume {
                return self.settle(&runtime, &tenant, record, ruling).await;
            }
            let pipeline = runtime.pipeline_of(&tenant, record.revision).await?;
            let mut current = record.clone();
            current.subject.session_id = session.as_ref().map(|session| session.id.clone());
            let context = PipelineContext { now: outside.now, ..runtime.pipeline_context(&tenant, &pipeline) };
            let event = Arc::clone(&self.event.document);
            let bypasses = runtime.bypasses_of(&tenant, &pipeline, &record).await?;
            let login = Login::resume(context, current, session, event, self.reply.clone()).with_bypasses(bypasses);
            let finished = match drive(&runtime.sandbox, &pipeline, login, &mut outside).await {
                Ok(finished) => finished,
                Err(DriveError::Overload(Overload { resuming: true })) => {
                    return self.out_of_time(&runtime, &tenant, record).await;
                }
                Err(why) => return Err(undriven(why)),
            };
            let news = News::of(&runtime, &finished.record, record.trace.len(), began);
            let answer = tenant.answer(&finished.record);
            if commit(&runtime, &tenant, finished, record.version, None).await? == CommitOutcome::Done {
                news.tell(&runtime, &tenant);
                return answer;
            }
        }
        Err(ApiError::unavailable("the login or its session changed at every attempt"))
    }

    /// The wall clock of `on-continue` ran out: load, so the step stays open, for a few attempts.
    async fn out_of_time(&self, runtime: &Runtime, tenant: &Tenant, record: LoginRecord) -> Result<Answer, ApiError> {
        let (expect, ran, began) = (record.version, record.trace.len(), Instant::now());
        let record = Login::timed_out(record);
        let over = record.suspension().is_none();
        let (news, answer) = (News::of(runtime, &record, ran, began), tenant.answer(&record));
        let outcome = commit(runtime, tenant, Finished::of_record(record), expect, None).await?;
        if over && outcome == CommitOutcome::Done {
            news.tell(runtime, tenant);
            answer
        } else {
            Err(ApiError::unavailable(Overload { resuming: true }))
        }
    }

    /// Everything but a run.
    async fn settle(
        &self,
        runtime: &Runtime,
        tenant: &Tenant,
        record: LoginRecord,
        ruling: Ruling,
    ) -> Result<Answer, ApiError> {
        match ruling {
            Ruling::Replay => runtime.present_answer(tenant, &record).await,
            Ruling::Mismatch => Err(ApiError::login_mismatch()),
            Ruling::Expired => Err(ApiError::state_expired()),
            Ruling::Resume => Err(ApiError::unavailable("the login changed while it was read")),
            Ruling::SessionEnded => {
                let (expect, ran, began) = (record.version, record.trace.len(), Instant::now());
                let record = ended(record, EndReason::SessionEnded);
                let news = News::of(runtime, &record, ran, began);
                // Lost to another writer or not: the session is over, and so is the login.
                let outcome = commit(runtime, tenant, Finished::of_record(record), expect, None).await?;
                if outcome == CommitOutcome::Done {
                    news.tell(runtime, tenant);
                }
                Err(ApiError::login_ended(end_code(EndReason::SessionEnded)))
            }
        }
    }
}

/// `GET /v1/logins/{login_id}`: the outcome again, without the resume key.
pub(crate) async fn show(runtime: &Runtime, tenant: &Tenant, id: &LoginId) -> Result<Answer, ApiError> {
    let Some(record) = runtime.store.login(&tenant.name, id).await.map_err(ApiError::unavailable)? else {
        return Err(ApiError::new(
            StatusCode::NOT_FOUND,
            "login_unknown",
            "no login of that id; records are kept for `lifetimes.record`",
        ));
    };
    let session = runtime.session_of(tenant, &record).await?;
    let stored = session.as_deref().filter(|session| session.version > 0);
    let over = record.subject.session_id.is_some() && session_ended(&record, stored);
    if over || tenant.overtook(&record, stored) {
        return Ok(Answer::ended(&record));
    }
    // The way to the prompt is for the IdP that asked; this call is for looking.
    Ok(Answer { location: None, ..Answer::of(&record, None) })
}

/// Whether its outcome is told again as it was. A suspended login is judged when its browser is back.
const fn settled(record: &LoginRecord) -> bool {
    matches!(record.status, Status::Continued(_))
}

impl Tenant {
    /// Whether an order made void what a login's `continue` may rest on.
    fn overtook(&self, record: &LoginRecord, session: Option<&Session>) -> bool {
        let factors = session.map_or(&[][..], |session| &session.factors);
        settled(record) && self.orders.orders().overtakes(record, factors).is_some()
    }

    /// The answer to an IdP that may resume the login.
    fn answer(&self, record: &LoginRecord) -> Result<Answer, ApiError> {
        if let Status::Ended(why) = record.status {
            return Err(ApiError::login_ended(end_code(why)));
        }
        let resume_key = record.suspension().map(|_| self.handles.resume_key(&record.id));
        Ok(Answer::of(record, resume_key))
    }
}

impl Runtime {
    /// What the user may be let past, where the login could use it; used and expired ones among them.
    async fn bypasses_of(
        &self,
        tenant: &Tenant,
        pipeline: &Pipeline,
        record: &LoginRecord,
    ) -> Result<Vec<Bypass>, ApiError> {
        let asks = pipeline.actions.iter().any(|action| !action.spec.factors.is_empty());
        if record.mode != Mode::Interactive || !asks {
            return Ok(Vec::new());
        }
        self.store.bypasses(&tenant.name, &record.subject.user_id).await.map_err(ApiError::unavailable)
    }

    /// A login's session as it is now, under its present identifier; a new one where none is stored.
    async fn session_of(&self, tenant: &Tenant, record: &LoginRecord) -> Result<Option<Arc<Session>>, ApiError> {
        let Some(id) = &record.subject.session_id else { return Ok(None) };
        let (id, stored) = self.present(tenant, id).await?;
        Ok(Some(stored.unwrap_or_else(|| Arc::new(Session::new(id, self.clock.now())))))
    }

    /// The answer that a login's record stands for now, without side effects: what a repeated call gets.
    async fn present_answer(&self, tenant: &Tenant, record: &LoginRecord) -> Result<Answer, ApiError> {
        let session = self.session_of(tenant, record).await?;
        let stored = session.as_deref().filter(|session| session.version > 0);
        let over = session.is_some() && session_ended(record, stored);
        if over || tenant.overtook(record, stored) {
            return Err(ApiError::login_ended(end_code(EndReason::SessionEnded)));
        }
        if record.suspension().is_some_and(|suspension| !self.may_come_back(tenant, suspension)) {
            return Err(ApiError::state_expired());
        }
        tenant.answer(record)
    }

    /// Whether the prompt that a suspension leads to could still be answered.
    fn may_come_back(&self, tenant: &Tenant, suspension: &Suspension) -> bool {
        let url = url::Url::parse(&suspension.location).ok();
        let state = url.and_then(|url| Some(url.query_pairs().find(|(name, _)| name == "state")?.1.into_owned()));
        let claims = state.and_then(|state| tenant.handles.verify_state(&state, self.clock.now()).ok());
        claims.is_some_and(|claims| claims.epoch == self.store.epoch())
    }
}

async fn reread(runtime: &Runtime, tenant: &Tenant, id: &LoginId) -> Result<LoginRecord, ApiError> {
    let record = runtime.store.login(&tenant.name, id).await.map_err(ApiError::unavailable)?;
    record.ok_or_else(|| ApiError::unavailable("the login record disappeared"))
}

/// One transaction: the login record, the session, and that the session is still what the runs saw.
async fn commit(
    runtime: &Runtime,
    tenant: &Tenant,
    finished: Finished,
    expect: u64,
    claim: Option<ClaimGuard>,
) -> Result<CommitOutcome, ApiError> {
    let Finished { record, session, session_seen, cache, bypasses, synced } = finished;
    let sessions = session.map(|session| SessionWrite { expect: session_seen.unwrap_or(0), session });
    let mut used = record.policy_state.bypasses.clone();
    used.retain(|bypass| bypasses.contains(&bypass.id));
    // As long as logins are suspended on a revision, its code stays in memory.
    let ended = (expect > 0 && record.suspension().is_none()).then_some(record.revision);
    let commit = Commit {
        tenant: tenant.name.clone(),
        sessions: sessions.into_iter().collect(),
        check_session: record.subject.session_id.clone().zip(session_seen),
        login: Some(LoginWrite { record, expect, claim, max_open: limits::OPEN_LOGINS, bypasses }),
        cache,
        now: runtime.clock.now(),
        durability: if synced { Durability::Synced } else { Durability::Batched },
    };
    let outcome = runtime.store.commit(commit).await.map_err(|why| match why {
        // A retry would meet the same.
        StoreError::Encoding(..) => ApiError::internal(why),
        why => ApiError::unavailable(why),
    })?;
    if outcome == CommitOutcome::Done {
        for bypass in used {
            tracing::info!(target: "postlude::audit", bypass = %bypass.id, issued_by = bypass.issued_by, "bypass used");
        }
        if let Some(revision) = ended {
            runtime.earlier.ended(&tenant.name, revision);
        }
    }
    Ok(outcome)
}

fn undriven(why: DriveError) -> ApiError {
    match why {
        DriveError::Overload(overload) => ApiError::unavailable(overload),
        DriveError::NotLoaded(_) => ApiError::internal(why),
    }
}
