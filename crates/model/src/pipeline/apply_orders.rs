//! The operator's orders in the course of a login: they beat the revision that it is pinned to, and the freshness of factors.

use super::login_draft::{LoginDraft, Run, undecided};
use super::turn;
use crate::action::{Action, FailureKind};
use crate::login::{Status, TraceDecision};
use crate::run::{Phase, Usage};
use std::sync::Arc;

/// Whether orders decide in the place of a run that is due.
pub(super) fn apply_orders(login: &mut LoginDraft<'_>, action: &Arc<Action>) -> bool {
    let run = Run { action, phase: login.phase(), usage: Usage::default() };
    let killed = killed(login, &run);
    if killed {
        login.reply = None;
    }
    killed
}

/// Whether the action's plugin is killed; the login then goes on without it, or is denied.
///
/// A killed plugin is one that failed in every way: the operator's `on_failure` decides, under the same conditions. So it
/// never opens where a factor or a reply is at stake. In a group the next one is asked. An action that only reports decides
/// nothing, killed or not.
pub(super) fn killed(login: &mut LoginDraft<'_>, run: &Run<'_>) -> bool {
    let spec = &run.action.spec;
    let Some(kill) = login.orders.killed(&spec.digest) else { return false };
    let why = format!("killed by `{}`: {}", kill.by, kill.reason);
    let opens = FailureKind::ALL.into_iter().all(|kind| spec.on_failure.opens(kind));
    if spec.rules.report_only || (opens && run.phase == Phase::Login && spec.factors.is_empty()) {
        login.pass(run.action, run.phase, TraceDecision::Killed, why, run.usage);
    } else {
        turn::stop(login, run, TraceDecision::Killed, why, undecided("plugin_killed"));
    }
    true
}

/// Takes the orders of this moment, and denies a login that may rest on a factor which became void after it began: a
/// prompt that was skipped is not asked again.
pub(super) fn apply_revocations(login: &mut LoginDraft<'_>) -> bool {
    login.refresh_orders();
    let Some(void) = login.orders.overtakes(&login.record, login.session.factors()) else { return false };
    let action = void.action.clone();
    login.synced = true;
    login.reply = None;
    let settled = login.worth().settled(&login.event);
    login.record.status = Status::Denied { action, denial: undecided("factor_revoked"), settled };
    true
}
