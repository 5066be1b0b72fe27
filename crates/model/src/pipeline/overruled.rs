//! The operator's orders in the course of a login: they beat the revision that it is pinned to, and the freshness of factors.

use super::{Login, Run, UNDECIDED};
use crate::action::{Action, OnFailure};
use crate::decision::Denial;
use crate::login::{Status, Verdict};
use crate::run::{Phase, Usage};
use crate::session::FactorRecord;
use std::borrow::Cow;
use std::sync::Arc;

impl Login<'_> {
    /// The session's records that count by the orders of this moment.
    pub(super) fn records(&self) -> Cow<'_, [FactorRecord]> {
        self.accepted(self.session.factors())
    }

    /// The records of this login that count by the orders of this moment.
    pub(super) fn recorded(&self) -> Cow<'_, [FactorRecord]> {
        self.accepted(&self.record.recorded)
    }

    fn accepted<'r>(&self, records: &'r [FactorRecord]) -> Cow<'r, [FactorRecord]> {
        let orders = self.scene.orders.orders();
        if orders.is_empty() {
            return Cow::Borrowed(records);
        }
        Cow::Owned(records.iter().filter(|record| orders.accepts(record)).cloned().collect())
    }

    /// Before a run: whether orders decide in its place.
    pub(super) fn overruled(&mut self, action: &Arc<Action>) -> bool {
        let phase = if self.reply.is_some() { Phase::Continue } else { Phase::Login };
        let killed = self.killed(&Run { action, phase, usage: Usage::default() });
        if killed {
            self.reply = None;
        }
        killed
    }

    /// Whether the action's plugin is killed; the login then goes on without it, or is denied.
    ///
    /// A killed plugin is one that failed: the operator's `on_failure` decides, under the same conditions. So it never
    /// opens where a factor or a reply is at stake.
    pub(super) fn killed(&mut self, run: &Run<'_>) -> bool {
        let orders = self.scene.orders.orders();
        let spec = &run.action.spec;
        let Some(kill) = orders.killed(&spec.digest) else { return false };
        let why = format!("killed by `{}`: {}", kill.by, kill.reason);
        if spec.on_failure == OnFailure::Continue && run.phase == Phase::Login && spec.factors.is_empty() {
            self.pass(run.action, run.phase, Verdict::Killed, why, run.usage);
        } else {
            self.note(run.action, run.phase, Verdict::Killed, why, run.usage);
            self.deny(run.action, Denial { code: "plugin_killed".to_owned(), message: UNDECIDED.to_owned() });
        }
        true
    }

    /// Denies a login that may rest on a factor which became void after it began: a skipped prompt is not asked again.
    pub(super) fn overtaken(&mut self) -> bool {
        let orders = self.scene.orders.orders();
        let Some(void) = orders.overtakes(&self.record, self.session.factors()) else { return false };
        let action = void.action.clone();
        self.synced = true;
        self.reply = None;
        let denial = Denial { code: "factor_revoked".to_owned(), message: UNDECIDED.to_owned() };
        let settled = self.settle();
        self.record.status = Status::Denied { action, denial, settled };
        true
    }
}
