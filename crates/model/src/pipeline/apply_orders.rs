//! The operator's orders in the course of a login: they beat the revision that it is pinned to, and the freshness of factors.

use super::{Login, Run, UNDECIDED};
use crate::action::{Action, FailureKind};
use crate::decision::Denial;
use crate::login::{Status, TraceDecision};
use crate::run::{Phase, Usage};
use std::sync::Arc;

impl Login<'_> {
    /// Before a run: whether orders decide in its place.
    pub(super) fn apply_orders(&mut self, action: &Arc<Action>) -> bool {
        let phase = if self.reply.is_some() { Phase::Continue } else { Phase::Login };
        let killed = self.killed(&Run { action, phase, usage: Usage::default() });
        if killed {
            self.reply = None;
        }
        killed
    }

    /// Whether the action's plugin is killed; the login then goes on without it, or is denied.
    ///
    /// A killed plugin is one that failed in every way: the operator's `on_failure` decides, under the same conditions. So it
    /// never opens where a factor or a reply is at stake. In a group the next one is asked. An action that only reports decides
    /// nothing, killed or not.
    pub(super) fn killed(&mut self, run: &Run<'_>) -> bool {
        let spec = &run.action.spec;
        let Some(kill) = self.orders.killed(&spec.digest) else { return false };
        let why = format!("killed by `{}`: {}", kill.by, kill.reason);
        let opens = FailureKind::ALL.into_iter().all(|kind| spec.on_failure.opens(kind));
        if spec.rules.report_only || (opens && run.phase == Phase::Login && spec.factors.is_empty()) {
            self.pass(run.action, run.phase, TraceDecision::Killed, why, run.usage);
        } else {
            let denial = Denial { code: "plugin_killed".to_owned(), message: UNDECIDED.to_owned() };
            self.stop(run, TraceDecision::Killed, why, denial);
        }
        true
    }

    /// Takes the orders of this moment, and denies a login that may rest on a factor which became void after it began: a
    /// prompt that was skipped is not asked again.
    pub(super) fn apply_revocations(&mut self) -> bool {
        self.orders = self.context.orders.orders();
        let Some(void) = self.orders.overtakes(&self.record, self.session.factors()) else { return false };
        let action = void.action.clone();
        self.synced = true;
        self.reply = None;
        let denial = Denial { code: "factor_revoked".to_owned(), message: UNDECIDED.to_owned() };
        let settled = self.worth().settle(&self.event);
        self.record.status = Status::Denied { action, denial, settled };
        true
    }
}
