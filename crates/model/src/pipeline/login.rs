//! One passage of a login through its pipeline: which run is due, and what its report changes.

use super::context::PipelineContext;
use super::finished::{Finished, Overload};
use super::login_draft::{LoginDraft, Run, undecided};
use super::reply::{self, BrowserReply};
use super::run_input::run_input;
use super::session_draft::SessionDraft;
use super::trace_details::TraceDetails;
use super::{apply_orders, decide, record_use, report_only, turn};
use crate::action::{Action, ActionSpec};
use crate::json::Json;
use crate::limits;
use crate::login::{LoginRecord, Settled, Status, Suspension};
use crate::names::ActionName;
use crate::policy::bypass::Bypass;
use crate::policy::state::SkipReason;
use crate::policy::when;
use crate::run::{Phase, Report, RunInput, Usage};
use crate::session::Session;
use std::sync::Arc;

/// One passage of a login through its pipeline.
// In a box: it is handed from one step to the next, and is as large as a login record.
#[derive(Debug)]
pub struct Login<'a>(Box<LoginDraft<'a>>);

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
        record.orders_seen = Some(context.orders_seen);
        // Once, from the event that began the login: what a later call of the IdP leaves out switches nothing off.
        record.policy_state.skipped.extend(unmet(context.actions, &event));
        Self(Box::new(LoginDraft::new(context, record, session, event, false)))
    }

    /// Gives the login the user's bypasses. The login uses up those that it needs.
    #[must_use]
    pub fn with_bypasses(mut self, bypasses: Vec<Bypass>) -> Self {
        self.0.bypasses = bypasses;
        self
    }

    /// Resumes a suspended login. [`rule`](super::rule) allowed it; the reply's result token is verified here, before the run.
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
        let mut login = LoginDraft::new(context, record, session, event, true);
        match (status, login.action()) {
            (Status::Suspended(suspension), Some(action)) if suspension.action == action.spec.name => {
                login.reply = Some(reply::verified(&login, &action, suspension, reply));
            }
            // Not a suspended login, or not its revision: fail closed.
            (Status::Suspended(Suspension { action, .. }), _) => {
                login.record.status = denied(action, "action_missing");
            }
            (settled, _) => login.record.status = settled,
        }
        Self(Box::new(login))
    }

    /// The login record as it stands.
    #[must_use]
    pub const fn record(&self) -> &LoginRecord {
        &self.0.record
    }

    /// The run that is due; none once the login is suspended or has its outcome.
    pub fn next_run(&mut self) -> Option<Box<RunInput>> {
        let login = &mut *self.0;
        while login.is_running() && !apply_orders::apply_revocations(login) {
            let Some(action) = login.action() else {
                finish_pipeline(login);
                break;
            };
            if let Some((decision, why)) = turn::passed_over(login, &action) {
                login.pass(&action, Phase::Login, decision, why, Usage::default());
            } else if !apply_orders::apply_orders(login, &action) {
                return Some(Box::new(run_input(login, action)));
            }
        }
        None
    }

    /// Takes the report of the run that was due and folds it into the login. A report that no run asked for changes nothing.
    ///
    /// # Errors
    /// [`Overload`] when the run's wall clock ran out.
    pub fn feed(&mut self, report: Report) -> Result<(), Overload> {
        let login = &mut *self.0;
        let Some(action) = login.action().filter(|_| login.is_running()) else { return Ok(()) };
        let phase = login.phase();
        login.reply = None;
        login.trace_details = TraceDetails::of(&report);
        let Report { ending, commands, usage, .. } = report;
        let run = Run { action: &action, phase, usage };
        login.refresh_orders();
        // A plugin that was killed while it ran decides nothing.
        let killed = apply_orders::killed(login, &run);
        if !killed && action.spec.rules.report_only {
            report_only::fold_report_only(login, &run, ending, &commands);
        } else if !killed {
            decide::fold(login, &run, ending, &commands)?;
        }
        login.count_step();
        Ok(())
    }

    /// The suspended record with one more timed-out attempt: all that an [`Overload`] in `on-continue` may store. Past
    /// [`limits::TIMED_OUT_ATTEMPTS`] the step is consumed and the login denied.
    #[must_use]
    pub fn timed_out(mut suspended: LoginRecord) -> LoginRecord {
        let Status::Suspended(suspension) = &mut suspended.status else { return suspended };
        suspension.timed_out = suspension.timed_out.saturating_add(1);
        if suspension.timed_out >= limits::TIMED_OUT_ATTEMPTS {
            suspended.status = denied(suspension.action.clone(), "action_timed_out");
            suspended.step = suspended.step.saturating_add(1);
        }
        suspended
    }

    /// What to store.
    #[must_use]
    pub fn finish(self) -> Finished {
        let mut login = *self.0;
        login.session.release(&mut login.record);
        Finished {
            session: login.session.changed(),
            session_seen: login.session.seen_version(),
            synced: login.synced || login.session.must_sync(),
            record: login.record,
            orders_seen: Some(login.orders.version),
            cache: login.cache,
            bypasses: login.consumed,
        }
    }
}

/// All actions have passed: the login may go on.
fn finish_pipeline(login: &mut LoginDraft<'_>) {
    login.session.continued(&mut login.record, login.context.now);
    record_use::use_records(login);
    login.record.status = Status::Continued(login.worth().settled(&login.event));
}

/// A denial of a login that no longer has, or never had, its pipeline: nothing is known of its factors.
fn denied(action: ActionName, code: &str) -> Status {
    Status::Denied { action, denial: undecided(code), settled: Settled::default() }
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
