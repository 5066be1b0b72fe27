//! The pipeline of one login as a state machine without I/O: `next_run` says which run is due, `feed` takes its report.
//!
//! It never waits. A login paused for a redirect is this state, stored as its [`LoginRecord`].

mod fold;
mod redirect;
mod resume;
mod sight;
mod working;

pub use resume::{Presented, Ruling, ended, rule, session_ended};

use crate::action::{Action, Mode, OnFailure};
use crate::decision::{Command, Decision, Denial, Failure, RedirectRequest};
use crate::factor::{self, Standing, Worth, human};
use crate::handle::{Handles, StateClaims};
use crate::json::Json;
use crate::limits;
use crate::login::{LoginRecord, Settled, Status, Suspension, Trace, Verdict};
use crate::names::{FactorName, RunId, Timestamp};
use crate::run::{Ending, FactorView, Phase, Proof, Reply, Report, RunInput, Usage};
use crate::session::Session;
use crate::token::{Profile, TokenContext, TokenError};
use sight::Sight;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use working::Working;

/// What a tenant's logins run in.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
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
    /// The answer may leave only when this is durable.
    pub synced: bool,
}

/// One passage of a login through its pipeline.
#[derive(Debug)]
pub struct Login<'a> {
    scene: Scene<'a>,
    record: LoginRecord,
    session: Working,
    event: Arc<Json>,
    /// The suspended action's reply, until its `on-continue` has run.
    reply: Option<Reply>,
    synced: bool,
    /// What the trace will say of the run that is folded, beside its verdict.
    sight: Sight,
}

impl<'a> Login<'a> {
    /// Begins a login. `record` is new, in status `Running`; `session` is the stored one, or a new one for an identifier
    /// that is not stored; none where the login has no session.
    #[must_use]
    pub fn begin(scene: Scene<'a>, mut record: LoginRecord, session: Option<Session>, event: Arc<Json>) -> Self {
        let session = Working::new(session, &record.subject.user_id);
        record.subject.generation = session.generation();
        record.subject.foreign = session.foreign();
        Self { scene, record, session, event, reply: None, synced: false, sight: Sight::default() }
    }

    /// Resumes a suspended login. [`rule`] allowed it; the reply's result token is verified here, before the run.
    #[must_use]
    pub fn resume(
        scene: Scene<'a>,
        mut record: LoginRecord,
        session: Option<Session>,
        event: Arc<Json>,
        reply: BrowserReply,
    ) -> Self {
        let mut session = Working::new(session, &record.subject.user_id);
        session.hold(&record.recorded, &record.held_metadata);
        let status = std::mem::replace(&mut record.status, Status::Running);
        let mut login = Self { scene, record, session, event, reply: None, synced: true, sight: Sight::default() };
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
        while self.record.status == Status::Running {
            let Some(action) = self.action() else {
                self.finish_pipeline();
                break;
            };
            if self.reply.is_some() || action.spec.applies_to.contains(&self.record.mode) {
                return Some(Box::new(self.input(action)));
            }
            let why = format!("does not apply to mode {}", self.record.mode.as_str());
            self.pass(&action, Phase::Login, Verdict::NotApplicable, why, Usage::default());
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
        self.sight = Sight::of(&report);
        let Report { ending, commands, usage, .. } = report;
        let run = Run { action: &action, phase, usage };
        let stops = matches!(ending, Ending::Decided(Decision::Deny(_) | Decision::Redirect(_)));
        let decided = match ending {
            Ending::Busy => return Err(Overload { resuming: false }),
            Ending::TimedOut => return Err(Overload { resuming: phase == Phase::Continue }),
            Ending::Decided(decision) => self.decide(&run, decision, &commands),
            Ending::Failed(Failure::Other(why)) => Err(why),
            Ending::Failed(Failure::Unavailable(why)) => Err(format!("unavailable: {why}")),
            Ending::Trapped(trap) => Err(trap.message),
        };
        if let Err(why) = decided {
            self.fail(&run, why, stops);
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
        Finished { record: self.record, session, session_seen, synced }
    }

    fn action(&self) -> Option<Arc<Action>> {
        self.scene.actions.get(self.record.position as usize).cloned()
    }

    fn input(&self, action: Arc<Action>) -> RunInput {
        let (record, scene) = (&self.record, &self.scene);
        let view = |policy| match factor::standing(self.session.factors(), policy, scene.epoch, scene.now) {
            Standing::Fresh(found) => Some((found, true)),
            Standing::Stale(found) => Some((found, false)),
            Standing::Absent => None,
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
            run_id: scene.handles.run_id(&record.id, record.step),
            user_id: record.subject.user_id.as_str().to_owned(),
            issuer: scene.issuer.to_owned(),
            continue_url: scene.continue_url.to_owned(),
            event: Arc::clone(&self.event),
            reply: self.reply.clone(),
            factors: factors.collect(),
            login_metadata: record.metadata.clone(),
            session_metadata: self.session.metadata().clone(),
            state: scene.handles.state(&self.state_claims()),
            now: scene.now,
            seed: scene.handles.seed(&record.id, record.step),
            action,
        }
    }

    fn state_claims(&self) -> StateClaims {
        let expires_at = self.scene.now.plus(self.scene.state_lifetime).min(self.record.deadline);
        StateClaims { epoch: self.scene.epoch, login_id: self.record.id.clone(), step: self.record.step, expires_at }
    }

    fn token_context<'c>(
        &'c self,
        action: &'c Action,
        state: &'c str,
        factor: Option<&'c FactorName>,
        run_id: &'c RunId,
    ) -> TokenContext<'c> {
        TokenContext {
            issuer: self.scene.issuer,
            continue_url: self.scene.continue_url,
            action: &action.spec.name,
            user_id: self.record.subject.user_id.as_str(),
            state,
            factor,
            now: self.scene.now,
            jti: run_id.as_str(),
        }
    }

    fn verify(&self, action: &Action, suspension: Suspension, reply: BrowserReply) -> Reply {
        let run_id = self.scene.handles.run_id(&self.record.id, self.record.step);
        let context = self.token_context(action, &reply.state, suspension.factor.as_ref(), &run_id);
        let (token, proof) = match prove(action, &reply, &context) {
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
                self.pass(run.action, run.phase, Verdict::Continue, why, run.usage);
            }
            Decision::Deny(denial) => {
                redirect::check_denial(&denial)?;
                self.keep_deny(commands)?;
                self.note(run.action, run.phase, Verdict::Deny, denial.code.clone(), run.usage);
                self.deny(run.action, denial);
            }
            Decision::Redirect(request) => self.redirect(run, &request, commands)?,
        }
        Ok(())
    }

    /// The one place that knows what a redirect comes to: skipped, `interaction_required`, or a suspension.
    fn redirect(&mut self, run: &Run<'_>, request: &RedirectRequest, commands: &[Command]) -> Result<(), String> {
        let (factor, why) = match request.factor.as_deref() {
            None => (None, "no factor named".to_owned()),
            Some(name) => {
                let policy = run
                    .action
                    .spec
                    .factor(name)
                    .ok_or_else(|| format!("redirects for `{name}`, which its manifest does not declare"))?;
                let standing = factor::standing(self.session.factors(), policy, self.scene.epoch, self.scene.now);
                let why = self.explain(standing, policy.max_age);
                if matches!(standing, Standing::Fresh(_)) {
                    self.keep_redirect(commands)?;
                    self.pass(run.action, run.phase, Verdict::Skipped, format!("{why}: no prompt"), run.usage);
                    return Ok(());
                }
                (Some(policy.name.clone()), why)
            }
        };
        if self.record.mode != Mode::Interactive {
            self.note(run.action, run.phase, Verdict::InteractionRequired, why, run.usage);
            self.record.status = Status::InteractionRequired { action: run.action.spec.name.clone() };
            return Ok(());
        }
        if self.record.suspensions >= limits::SUSPENSIONS {
            self.note(
                run.action,
                run.phase,
                Verdict::Deny,
                format!("a redirect after {} suspensions", limits::SUSPENSIONS),
                run.usage,
            );
            self.deny(run.action, Denial { code: "too_many_suspensions".to_owned(), message: UNDECIDED.to_owned() });
            return Ok(());
        }
        let location = self.location(run.action, request, factor.as_ref())?;
        let stash = self.keep_redirect(commands)?;
        self.sight.to(&location);
        self.note(run.action, run.phase, Verdict::Redirect, why, run.usage);
        self.suspend(run.action, location, factor, stash);
        Ok(())
    }

    fn explain(&self, standing: Standing<'_>, max_age: Duration) -> String {
        match standing {
            Standing::Absent => "no record in this session".to_owned(),
            Standing::Fresh(record) | Standing::Stale(record) if max_age.is_zero() => {
                format!("record {} old, policy: every time", human(self.scene.now.since(record.completed_at)))
            }
            Standing::Fresh(record) | Standing::Stale(record) => {
                format!("record {} old, policy {}", human(self.scene.now.since(record.completed_at)), human(max_age))
            }
        }
    }

    fn location(
        &self,
        action: &Action,
        request: &RedirectRequest,
        factor: Option<&FactorName>,
    ) -> Result<String, String> {
        let claims = self.state_claims();
        let state = self.scene.handles.state(&claims);
        let run_id = self.scene.handles.run_id(&self.record.id, self.record.step);
        let context = self.token_context(action, &state, factor, &run_id);
        redirect::location(action, request, &context)
    }

    fn suspend(&mut self, action: &Action, location: String, factor: Option<FactorName>, stash: Option<Json>) {
        let claims = self.state_claims();
        self.record.suspensions = self.record.suspensions.saturating_add(1);
        self.record.status = Status::Suspended(Suspension {
            action: action.spec.name.clone(),
            step: claims.step,
            expires_at: claims.expires_at,
            location,
            factor,
            stash,
            timed_out: 0,
        });
        self.synced = true;
    }

    fn fail(&mut self, run: &Run<'_>, why: String, stops: bool) {
        self.note(run.action, run.phase, Verdict::Failed, why, run.usage);
        // A reply crafted to make a plugin trap must not open the door, a factor must not be passed over, and a denial or a
        // redirect that a user made unacceptable (by a long name in its message or URL) still stops the login.
        let spec = &run.action.spec;
        let open =
            spec.on_failure == OnFailure::Continue && run.phase == Phase::Login && spec.factors.is_empty() && !stops;
        if open {
            self.record.position = self.record.position.saturating_add(1);
        } else {
            self.deny(run.action, Denial { code: "action_failed".to_owned(), message: UNDECIDED.to_owned() });
        }
    }

    fn deny(&mut self, action: &Action, denial: Denial) {
        self.synced = true;
        let settled = self.settle();
        self.record.status = Status::Denied { action: action.spec.name.clone(), denial, settled };
    }

    fn finish_pipeline(&mut self) {
        self.session.continued(&mut self.record, self.scene.now);
        self.record.status = Status::Continued(self.settle());
    }

    fn settle(&self) -> Settled {
        let worth = Worth {
            actions: self.scene.actions,
            mode: self.record.mode,
            method_amr: self.scene.method_amr,
            records: self.session.factors(),
            recorded: &self.record.recorded,
            epoch: self.scene.epoch,
            now: self.scene.now,
        };
        worth.settle(&self.event)
    }

    fn pass(&mut self, action: &Action, phase: Phase, verdict: Verdict, why: String, usage: Usage) {
        self.note(action, phase, verdict, why, usage);
        self.record.position = self.record.position.saturating_add(1);
    }

    fn note(&mut self, action: &Action, phase: Phase, verdict: Verdict, why: String, usage: Usage) {
        let seen = std::mem::take(&mut self.sight);
        let trace = seen.trace(action, phase, verdict, why, usage);
        self.record.trace.push(Trace { step: self.record.step, at: self.scene.now, ..trace });
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

/// What a reply proves, by the action's profile.
fn prove(action: &Action, reply: &BrowserReply, context: &TokenContext<'_>) -> Result<(Json, Proof), TokenError> {
    let proof = &action.spec.result;
    if matches!(proof.profile, Profile::External | Profile::None) {
        return Err(TokenError::NotApplicable);
    }
    let token = parameter(reply, &proof.parameter)?;
    let result = action.keys.verify(&proof.key, token, context)?;
    match (proof.profile, result.verdict) {
        (Profile::Auth0, None) => Ok((result.claims, Proof::Judged)),
        (Profile::Postlude, Some(verdict)) => {
            Ok((result.claims, Proof::Token { factor: context.factor.cloned(), verdict }))
        }
        _ => Err(TokenError::Invalid("the key is of another profile".to_owned())),
    }
}

/// A parameter of the reply; the form wins over the query, and one that occurs twice is refused.
fn parameter<'r>(reply: &'r BrowserReply, name: &str) -> Result<&'r str, TokenError> {
    for pairs in [&reply.form, &reply.query] {
        let mut values = pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        if let Some(value) = values.next() {
            let twice = || TokenError::Invalid(format!("the parameter `{name}` occurs twice"));
            return if values.next().is_none() { Ok(value) } else { Err(twice()) };
        }
    }
    Err(TokenError::Missing)
}
