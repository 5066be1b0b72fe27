//! A login while its pipeline runs: the working copy that all rules of the pipeline read and change.

use super::context::PipelineContext;
use super::session_draft::SessionDraft;
use super::trace_details::TraceDetails;
use crate::action::Action;
use crate::cache::CacheChange;
use crate::decision::Denial;
use crate::handle::StateClaims;
use crate::json::Json;
use crate::login::{LoginRecord, Status, Trace, TraceDecision};
use crate::names::{BypassId, FactorName, RunId};
use crate::policy::bypass::Bypass;
use crate::policy::factor::{FactorContext, Worth};
use crate::policy::orders::Orders;
use crate::run::{Phase, Reply, Usage};
use crate::token::TokenContext;
use std::sync::Arc;

/// What a user may read when an action could not decide; the cause is in the trace.
const UNDECIDED: &str = "the login could not be completed";

/// The working copy of a login. Its methods are what several rules need; the rules themselves are functions over it.
#[derive(Debug)]
pub(super) struct LoginDraft<'a> {
    pub(super) context: PipelineContext<'a>,
    pub(super) record: LoginRecord,
    pub(super) session: SessionDraft,
    pub(super) event: Arc<Json>,
    /// The suspended action's reply, until its `on-continue` has run.
    pub(super) reply: Option<Reply>,
    /// Changes of the actions' caches, in order.
    pub(super) cache: Vec<CacheChange>,
    /// The user's bypasses.
    pub(super) bypasses: Vec<Bypass>,
    /// The bypasses that the login uses up.
    pub(super) consumed: Vec<BypassId>,
    /// The operator's orders as of the run that is due, or was.
    pub(super) orders: Arc<Orders>,
    /// Whether the answer may leave only when all of it is durable.
    pub(super) synced: bool,
    /// What the trace will say of the run that is folded, beside its decision.
    pub(super) trace_details: TraceDetails,
}

/// The run whose report is folded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) action: &'a Arc<Action>,
    pub(super) phase: Phase,
    pub(super) usage: Usage,
}

impl<'a> LoginDraft<'a> {
    pub(super) fn new(
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

    pub(super) fn is_running(&self) -> bool {
        self.record.status == Status::Running
    }

    /// The index of the action that is next.
    pub(super) const fn position(&self) -> usize {
        self.record.position as usize
    }

    /// The action that is next; none once the last one has passed.
    pub(super) fn action(&self) -> Option<Arc<Action>> {
        self.context.actions.get(self.position()).cloned()
    }

    /// The phase of the run that is due.
    pub(super) const fn phase(&self) -> Phase {
        if self.reply.is_some() { Phase::Continue } else { Phase::Login }
    }

    pub(super) const fn count_step(&mut self) {
        self.record.step = self.record.step.saturating_add(1);
    }

    /// Takes the operator's orders of this moment.
    pub(super) fn refresh_orders(&mut self) {
        self.orders = self.context.orders.orders();
    }

    /// Adds an entry to the trace.
    pub(super) fn note(&mut self, action: &Action, phase: Phase, decision: TraceDecision, why: String, usage: Usage) {
        let details = std::mem::take(&mut self.trace_details);
        let trace = details.trace(action, phase, decision, why, usage);
        // A growing list would begin with room for four entries, each of some 200 bytes; most pipelines have one action.
        self.record.trace.reserve_exact(usize::from(self.record.trace.is_empty()));
        self.record.trace.push(Trace { step: self.record.step, at: self.context.now, ..trace });
    }

    /// Adds an entry to the trace, and goes on to the next action.
    pub(super) fn pass(&mut self, action: &Action, phase: Phase, decision: TraceDecision, why: String, usage: Usage) {
        self.note(action, phase, decision, why, usage);
        self.record.position = self.record.position.saturating_add(1);
    }

    /// Ends the login with a denial.
    pub(super) fn deny(&mut self, action: &Action, denial: Denial) {
        self.synced = true;
        let settled = self.worth().settled(&self.event);
        self.record.status = Status::Denied { action: action.spec.name.clone(), denial, settled };
    }

    /// The login and the moment by which records of the session are judged.
    pub(super) fn factor_context(&self) -> FactorContext<'_> {
        FactorContext {
            client: &self.record.subject.client_id,
            used: &self.record.policy_state.used,
            orders: &self.orders,
            epoch: self.context.epoch,
            now: self.context.now,
        }
    }

    /// What the factors of the session are worth to the login.
    pub(super) fn worth(&self) -> Worth<'_> {
        Worth {
            actions: self.context.actions,
            mode: self.record.mode,
            method_amr: self.context.method_amr,
            records: self.session.factors(),
            recorded: &self.record.recorded,
            policy_state: &self.record.policy_state,
            context: self.factor_context(),
        }
    }

    /// What the state of a suspension by the next run says.
    pub(super) fn state_claims(&self) -> StateClaims {
        let expires_at = self.context.now.plus(self.context.state_lifetime).min(self.record.deadline);
        StateClaims { epoch: self.context.epoch, login_id: self.record.id.clone(), step: self.record.step, expires_at }
    }

    /// The identifier of the run that is due, or is folded.
    pub(super) fn run_id(&self) -> RunId {
        self.context.handles.run_id(&self.record.id, self.record.step)
    }

    /// What the tokens of that run are compared with.
    pub(super) fn token_context<'c>(
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
}

/// The codes with which the host itself denies. An IdP may rely on them, so no plugin has them.
pub(super) const HOST_CODES: [&str; 6] =
    ["action_failed", "action_missing", "action_timed_out", "factor_missing", "plugin_killed", "secret_in_output"];

/// A denial for a cause that the user does not learn.
pub(super) fn undecided(code: &str) -> Denial {
    Denial { code: code.to_owned(), message: UNDECIDED.to_owned() }
}
