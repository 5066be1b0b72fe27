//! The pipeline of one login as a state machine without I/O: `next_run` says which run is due, `feed` takes its report.
//!
//! It never waits. A login paused for a redirect is this state, stored as its [`LoginRecord`].

mod apply_orders;
mod fold;
mod prompt;
mod proof;
mod redirect;
mod report_only;
mod resume;
mod session_draft;
mod trace_details;
mod turn;

pub use resume::{Presented, Ruling, ended, rule, session_ended};

use crate::action::{Action, ActionSpec, FailureKind};
use crate::cache::{Cache, CacheChange};
use crate::decision::{Command, Decision, Denial, Failure};
use crate::handle::{Handles, StateClaims};
use crate::http::HttpAccess;
use crate::json::Json;
use crate::limits;
use crate::login::{LoginRecord, Settled, Status, Suspension, Trace, TraceDecision};
use crate::names::{ActionName, BypassId, FactorName, RunId, Timestamp};
use crate::policy::bypass::Bypass;
use crate::policy::factor::{self, Freshness};
use crate::policy::orders::{self, Orders};
use crate::policy::state::SkipReason;
use crate::policy::when;
use crate::run::{Ending, FactorView, Limit, Phase, Proof, Reply, Report, RunInput, Trap, Usage};
use crate::session::Session;
use crate::token::TokenContext;
use session_draft::SessionDraft;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use trace_details::TraceDetails;

/// What a tenant's logins run in.
#[derive(Debug, Clone, Copy)]
pub struct PipelineContext<'a> {
    /// The actions of the login's revision, in order.
    pub actions: &'a [Arc<Action>],
    /// Derives states, run ids and seeds.
    pub handles: &'a dyn Handles,
    /// The tenant's issuer URL.
    pub issuer: &'a str,
    /// The tenant's continue URL, without a query.
    pub continue_url: &'a str,
    /// The operator's mapping of `authentication.methods` to amr values.
    pub method_amr: &'a BTreeMap<String, Vec<String>>,
    /// The operator's orders, at whatever moment they are asked for.
    pub orders: &'a dyn orders::CurrentOrders,
    /// How long a state is accepted.
    pub state_lifetime: Duration,
    /// The store's epoch.
    pub epoch: u64,
    /// The host's clock; one reading for the whole request.
    pub now: Timestamp,
}

/// What the browser brought to the continue URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowserReply {
    /// The state of the suspension.
    pub state: String,
    /// `GET` or `POST`.
    pub method: String,
    /// The query, without `state`.
    pub query: Vec<(String, String)>,
    /// The form of a POST.
    pub form: Vec<(String, String)>,
}

/// A run's wall clock ran out. That is load, not a decision: nothing of the login may be stored but
/// [`Login::timed_out`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the action ran out of time")]
pub struct Overload {
    /// It was the run of `on-continue` that began and did not end: an attempt at the suspended step.
    pub resuming: bool,
}

/// What a login wants stored, all or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The login record.
    pub record: LoginRecord,
    /// The session's new value, where it changed.
    pub session: Option<Session>,
    /// The version of the session that the runs saw; none without a session.
    pub session_seen: Option<u64>,
    /// Changes of the actions' caches, in order. They need not be durable.
    pub cache: Vec<CacheChange>,
    /// Bypasses that the login uses up: none of it may be stored unless all of them are still to be had.
    pub bypasses: Vec<BypassId>,
    /// The answer may leave only when this is durable.
    pub synced: bool,
}

impl Finished {
    /// A record that changes alone, durably.
    #[must_use]
    pub const fn of_record(record: LoginRecord) -> Self {
        Self { record, session: None, session_seen: None, cache: Vec::new(), bypasses: Vec::new(), synced: true }
    }
}

/// One passage of a login through its pipeline.
#[derive(Debug)]
pub struct Login<'a> {
    context: PipelineContext<'a>,
    record: LoginRecord,
    session: SessionDraft,
    event: Arc<Json>,
    /// The suspended action's reply, until its `on-continue` has run.
    reply: Option<Reply>,
    cache: Vec<CacheChange>,
    /// The user's bypasses, and those that the login uses up.
    bypasses: Vec<Bypass>,
    consumed: Vec<BypassId>,
    /// The operator's orders as of the run that is due, or was.
    orders: Arc<Orders>,
    synced: bool,
    /// What the trace will say of the run that is folded, beside its decision.
    trace_details: TraceDetails,
}

impl<'a> Login<'a> {
    /// Begins a login. `record` is new, in status `Running`; `session` is the stored one, or a new one for an identifier
    /// that is not stored; none where the login has no session.
    #[must_use]
    pub fn begin(
        context: PipelineContext<'a>,
        mut record: LoginRecord,
        session: Option<Arc<Session>>,
        event: Arc<Json>,
    ) -> Self {
        let session = SessionDraft::new(session, &record.subject.user_id);
        record.subject.generation = session.generation();
        record.subject.foreign = session.foreign();
        // Once, from the event that began the login: what a later call of the IdP leaves out switches nothing off.
        record.policy_state.skipped.extend(unmet(context.actions, &event));
        Self::new(context, record, session, event, false)
    }

    fn new(
        context: PipelineContext<'a>,
        record: LoginRecord,
        session: SessionDraft,
        event: Arc<Json>,
        synced: bool,
    ) -> Self {
        Self {
            record,
            session,
            event,
            reply: None,
            cache: Vec::new(),
            bypasses: Vec::new(),
            consumed: Vec::new(),
            orders: context.orders.orders(),
            context,
            synced,
            trace_details: TraceDetails::default(),
        }
    }

    /// The same with the user's bypasses. The login uses up those that it needs.
    #[must_use]
    pub fn with_bypasses(mut self, bypasses: Vec<Bypass>) -> Self {
        self.bypasses = bypasses;
        self
    }

    /// Resumes a suspended login. [`rule`] allowed it; the reply's result token is verified here, before the run.
    #[must_use]
    pub fn resume(
        context: PipelineContext<'a>,
        mut record: LoginRecord,
        session: Option<Arc<Session>>,
        event: Arc<Json>,
        reply: BrowserReply,
    ) -> Self {
        let mut session = SessionDraft::new(session, &record.subject.user_id);
        session.hold(&record.recorded, &record.held_metadata);
        let status = std::mem::replace(&mut record.status, Status::Running);
        let mut login = Self::new(context, record, session, event, true);
        match (status, login.action()) {
            (Status::Suspended(suspension), Some(action)) if suspension.action == action.spec.name => {
                login.reply = Some(login.verify(&action, suspension, reply));
            }
            // Not a suspended login, or not its revision: fail closed.
            (Status::Suspended(Suspension { action, .. }), _) => {
                let denial = Denial { code: "action_missing".to_owned(), message: UNDECIDED.to_owned() };
                login.record.status = Status::Denied { action, denial, settled: Settled::default() };
            }
            (settled, _) => login.record.status = settled,
        }
        login
    }

    /// The login record as it stands.
    #[must_use]
    pub const fn record(&self) -> &LoginRecord {
        &self.record
    }

    /// The run that is due; none once the login is suspended or has its outcome.
    pub fn next_run(&mut self) -> Option<Box<RunInput>> {
        while self.record.status == Status::Running && !self.apply_revocations() {
            let Some(action) = self.action() else {
                self.finish_pipeline();
                break;
            };
            let over = if self.reply.is_some() { None } else { self.passed_over(&action) };
            if let Some((decision, why)) = over {
                self.pass(&action, Phase::Login, decision, why, Usage::default());
            } else if !self.apply_orders(&action) {
                return Some(Box::new(self.input(action)));
            }
        }
        None
    }

    /// Takes the report of the run that was due and folds it into the login. A report that no run asked for changes nothing.
    ///
    /// # Errors
    /// [`Overload`] when the run's wall clock ran out.
    pub fn feed(&mut self, report: Report) -> Result<(), Overload> {
        let Some(action) = self.action().filter(|_| self.record.status == Status::Running) else { return Ok(()) };
        let phase = if self.reply.take().is_some() { Phase::Continue } else { Phase::Login };
        self.trace_details = TraceDetails::of(&report);
        let Report { ending, commands, usage, .. } = report;
        let run = Run { action: &action, phase, usage };
        // A plugin that was killed while it ran decides nothing.
        self.orders = self.context.orders.orders();
        if self.killed(&run) {
            self.record.step = self.record.step.saturating_add(1);
            return Ok(());
        }
        if action.spec.rules.report_only {
            self.fold_report_only(&run, ending, &commands);
            self.record.step = self.record.step.saturating_add(1);
            return Ok(());
        }
        let stops = matches!(ending, Ending::Decided(Decision::Deny(_) | Decision::Redirect(_)));
        let decided = match ending {
            Ending::Busy => return Err(Overload { resuming: false }),
            Ending::TimedOut => return Err(Overload { resuming: phase == Phase::Continue }),
            Ending::Decided(decision) => {
                self.decide(&run, decision, &commands).map_err(|why| Failing { kind: FailureKind::Other, why })
            }
            Ending::Failed(failure) => Err(Failing::of_failure(failure)),
            Ending::Trapped(trap) => Err(Failing::of_trap(trap)),
        };
        if let Err(failing) = decided {
            self.fail(&run, failing, stops);
        }
        self.record.step = self.record.step.saturating_add(1);
        Ok(())
    }

    /// The suspended record with one more timed-out attempt: all that an [`Overload`] in `on-continue` may store. Past
    /// [`limits::TIMED_OUT_ATTEMPTS`] the step is consumed and the login denied.
    #[must_use]
    pub fn timed_out(mut suspended: LoginRecord) -> LoginRecord {
        let Status::Suspended(suspension) = &mut suspended.status else { return suspended };
        suspension.timed_out = suspension.timed_out.saturating_add(1);
        if suspension.timed_out >= limits::TIMED_OUT_ATTEMPTS {
            let denial = Denial { code: "action_timed_out".to_owned(), message: UNDECIDED.to_owned() };
            let action = suspension.action.clone();
            suspended.status = Status::Denied { action, denial, settled: Settled::default() };
            suspended.step = suspended.step.saturating_add(1);
        }
        suspended
    }

    /// What to store.
    #[must_use]
    pub fn finish(mut self) -> Finished {
        self.session.release(&mut self.record);
        let session_seen = self.session.seen_version();
        let session = self.session.changed();
        let synced = self.synced || self.session.must_sync();
        Finished { record: self.record, session, session_seen, cache: self.cache, bypasses: self.consumed, synced }
    }

    fn action(&self) -> Option<Arc<Action>> {
        self.context.actions.get(self.record.position as usize).cloned()
    }

    fn input(&self, action: Arc<Action>) -> RunInput {
        let (record, context) = (&self.record, &self.context);
        let view = |policy| match factor::freshness(self.session.factors(), policy, &self.factor_context()) {
            Freshness::Fresh(found) => Some((found, true)),
            Freshness::Stale(found, _) => Some((found, false)),
            Freshness::Elsewhere(_) | Freshness::Absent => None,
        };
        let factors = action.spec.factors.iter().filter_map(view).map(|(found, fresh)| FactorView {
            name: found.name.clone(),
            completed_at: found.completed_at,
            fresh,
        });
        RunInput {
            phase: if self.reply.is_some() { Phase::Continue } else { Phase::Login },
            mode: record.mode,
            login_id: record.id.clone(),
            run_id: context.handles.run_id(&record.id, record.step),
            user_id: record.subject.user_id.as_str().to_owned(),
            issuer: context.issuer.to_owned(),
            continue_url: context.continue_url.to_owned(),
            event: Arc::clone(&self.event),
            reply: self.reply.clone(),
            factors: factors.collect(),
            login_metadata: record.metadata.clone(),
            session_metadata: self.session.metadata().clone(),
            state: context.handles.state(&self.state_claims()),
            now: context.now,
            seed: context.handles.seed(&record.id, record.step),
            cache: Cache::new(),
            http: HttpAccess::default(),
            action,
        }
    }

    fn state_claims(&self) -> StateClaims {
        let expires_at = self.context.now.plus(self.context.state_lifetime).min(self.record.deadline);
        StateClaims { epoch: self.context.epoch, login_id: self.record.id.clone(), step: self.record.step, expires_at }
    }

    fn token_context<'c>(
        &'c self,
        action: &'c Action,
        state: &'c str,
        factor: Option<&'c FactorName>,
        run_id: &'c RunId,
    ) -> TokenContext<'c> {
        TokenContext {
            issuer: self.context.issuer,
            continue_url: self.context.continue_url,
            action: &action.spec.name,
            user_id: self.record.subject.user_id.as_str(),
            state,
            factor,
            now: self.context.now,
            jti: run_id.as_str(),
        }
    }

    fn verify(&self, action: &Action, suspension: Suspension, reply: BrowserReply) -> Reply {
        let run_id = self.context.handles.run_id(&self.record.id, self.record.step);
        let context = self.token_context(action, &reply.state, suspension.factor.as_ref(), &run_id);
        let (token, proof) = match proof::prove(action, &reply, &context) {
            Ok((claims, proof)) => (Ok(claims), proof),
            Err(why) => (Err(why), Proof::Nothing),
        };
        Reply {
            method: reply.method,
            query: reply.query,
            form: reply.form,
            resumed_state: reply.state,
            asked_for: suspension.factor,
            token,
            proof,
            stash: suspension.stash,
        }
    }

    fn decide(&mut self, run: &Run<'_>, decision: Decision, commands: &[Command]) -> Result<(), String> {
        match decision {
            Decision::Continue => {
                let recorded = self.keep_continue(run, commands)?;
                let why = if recorded.is_empty() { String::new() } else { format!("recorded {}", recorded.join(", ")) };
                self.pass(run.action, run.phase, TraceDecision::Continue, why, run.usage);
                self.close_group(run.action);
            }
            Decision::Deny(denial) => {
                redirect::check_denial(&denial)?;
                self.keep_deny(commands)?;
                self.stop(run, TraceDecision::Deny, denial.code.clone(), denial);
            }
            Decision::Redirect(request) => self.redirect(run, &request, commands)?,
        }
        Ok(())
    }

    fn fail(&mut self, run: &Run<'_>, Failing { kind, why }: Failing, stops: bool) {
        // A reply crafted to make a plugin trap must not open the door, a factor must not be passed over, and a denial or a
        // redirect that a user made unacceptable (by a long name in its message or URL) still stops the login.
        let spec = &run.action.spec;
        if spec.on_failure.opens(kind) && run.phase == Phase::Login && spec.factors.is_empty() && !stops {
            self.pass(run.action, run.phase, TraceDecision::Failed, why, run.usage);
        } else {
            let denial = Denial { code: "action_failed".to_owned(), message: UNDECIDED.to_owned() };
            self.stop(run, TraceDecision::Failed, why, denial);
        }
    }

    /// The action stops the login, unless its group has another one to ask.
    fn stop(&mut self, run: &Run<'_>, decision: TraceDecision, why: String, denial: Denial) {
        if let Some(next) = self.next_of_group(run.action) {
            self.note(run.action, run.phase, decision, format!("{why}; {next}"), run.usage);
            self.refused(run.action);
        } else {
            self.note(run.action, run.phase, decision, why, run.usage);
            self.deny(run.action, denial);
        }
    }

    fn deny(&mut self, action: &Action, denial: Denial) {
        self.synced = true;
        let settled = self.worth().settle(&self.event);
        self.record.status = Status::Denied { action: action.spec.name.clone(), denial, settled };
    }

    fn finish_pipeline(&mut self) {
        self.session.continued(&mut self.record, self.context.now);
        self.use_records();
        self.record.status = Status::Continued(self.worth().settle(&self.event));
    }

    fn pass(&mut self, action: &Action, phase: Phase, decision: TraceDecision, why: String, usage: Usage) {
        self.note(action, phase, decision, why, usage);
        self.record.position = self.record.position.saturating_add(1);
    }

    fn note(&mut self, action: &Action, phase: Phase, decision: TraceDecision, why: String, usage: Usage) {
        let seen = std::mem::take(&mut self.trace_details);
        let trace = seen.trace(action, phase, decision, why, usage);
        self.record.trace.push(Trace { step: self.record.step, at: self.context.now, ..trace });
    }
}

/// What a user may read when an action could not decide; the cause is in the trace.
const UNDECIDED: &str = "the login could not be completed";

/// The run whose report is folded.
#[derive(Debug, Clone, Copy)]
struct Run<'a> {
    action: &'a Arc<Action>,
    phase: Phase,
    usage: Usage,
}

/// How a run failed, and why.
struct Failing {
    kind: FailureKind,
    why: String,
}

impl Failing {
    fn of_failure(failure: Failure) -> Self {
        match failure {
            Failure::Other(why) => Self { kind: FailureKind::Other, why },
            Failure::Unavailable(why) => Self { kind: FailureKind::Unavailable, why: format!("unavailable: {why}") },
        }
    }

    fn of_trap(trap: Trap) -> Self {
        let kind = if trap.limit == Some(Limit::Fuel) { FailureKind::Fuel } else { FailureKind::Trap };
        Self { kind, why: trap.message }
    }
}

/// The actions whose conditions do not hold for an event.
fn unmet(actions: &[Arc<Action>], event: &Json) -> Vec<(ActionName, SkipReason)> {
    let mut conditional =
        actions.iter().map(|action| &action.spec).filter(|spec| !spec.rules.when.is_empty()).peekable();
    // Most pipelines have no conditions, and an event is large.
    let event = if conditional.peek().is_some() { event.to_value() } else { return Vec::new() };
    let unmet =
        |spec: &ActionSpec| Some((spec.name.clone(), SkipReason::Unmet(when::unmet(&spec.rules.when, &event)?)));
    conditional.filter_map(unmet).collect()
}
