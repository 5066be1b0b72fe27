//! What becomes of an action before it runs, and of its group when it did not help.

use super::login_draft::{LoginDraft, Run};
use crate::action::{Action, ActionSpec, Mode};
use crate::decision::Denial;
use crate::login::TraceDecision;
use crate::names::GroupName;
use crate::policy::bypass::{Bypass, BypassUse};
use crate::policy::state::SkipReason;
use crate::run::Phase;

/// What satisfies a group.
enum Holder {
    /// An action's factor counts; in words.
    Factor(usize, String),
    /// An action is bypassed, or can be.
    Bypass(usize),
}

/// What the action at the login's position comes to without running; none where it runs. An action that has a reply runs.
pub(super) fn passed_over(login: &mut LoginDraft<'_>, action: &Action) -> Option<(TraceDecision, String)> {
    if login.phase() == Phase::Continue {
        return None;
    }
    let spec = &action.spec;
    if !spec.applies_to.contains(&login.record.mode) {
        let why = format!("does not apply to mode {}", login.record.mode.as_str());
        return Some((TraceDecision::NotApplicable, why));
    }
    if let Some(why) = login.record.policy_state.unmet(&spec.name) {
        return Some((TraceDecision::NotApplicable, why.to_owned()));
    }
    if spec.rules.report_only {
        return None;
    }
    let Some(group) = &spec.rules.any_of else { return bypass_alone(login, spec) };
    let here = login.position();
    match holder(login, group)? {
        Holder::Factor(at, _) if at == here => None,
        Holder::Bypass(at) if at == here => bypass(login, spec),
        Holder::Factor(_, by) => {
            let why = format!("group `{group}` is satisfied by {by}");
            Some(skip(login, spec, SkipReason::Satisfied, TraceDecision::Satisfied, why))
        }
        Holder::Bypass(at) => {
            let other = login.context.actions.get(at).map_or("", |other| other.spec.name.as_str());
            let why = format!("group `{group}` is satisfied by a bypass of `{other}`");
            Some(skip(login, spec, SkipReason::Satisfied, TraceDecision::Satisfied, why))
        }
    }
}

/// Without a group a bypass is used up only where one of the action's factors does not count.
fn bypass_alone(login: &mut LoginDraft<'_>, spec: &ActionSpec) -> Option<(TraceDecision, String)> {
    let worth = login.worth();
    let all = spec.factors.iter().all(|policy| worth.counting(policy).is_some());
    if all { None } else { bypass(login, spec) }
}

fn bypass(login: &mut LoginDraft<'_>, spec: &ActionSpec) -> Option<(TraceDecision, String)> {
    let used = login.record.policy_state.bypasses.iter().find(|bypass| bypass.covers(spec)).cloned();
    let bypass = used.or_else(|| use_up(login, spec))?;
    Some(skip(login, spec, SkipReason::Bypassed, TraceDecision::Bypassed, bypass.to_string()))
}

/// Takes a live bypass for the action: the store lets one login alone have it.
fn use_up(login: &mut LoginDraft<'_>, spec: &ActionSpec) -> Option<Bypass> {
    let mut bypass = live_bypass(login, spec)?.clone();
    bypass.used = Some(BypassUse { login_id: login.record.id.clone(), at: login.context.now });
    login.consumed.push(bypass.id.clone());
    login.record.policy_state.bypasses.push(bypass.clone());
    login.synced = true;
    Some(bypass)
}

/// Only for a browser: a refresh in the background must not use up what a person was given.
fn live_bypass<'l>(login: &'l LoginDraft<'_>, spec: &ActionSpec) -> Option<&'l Bypass> {
    let (epoch, now) = (login.context.epoch, login.context.now);
    let live = |bypass: &&Bypass| bypass.is_live(epoch, now) && bypass.user_id == login.record.subject.user_id;
    let mut live = login.bypasses.iter().filter(live).filter(|_| login.record.mode == Mode::Interactive);
    live.find(|bypass| bypass.covers(spec))
}

fn skip(
    login: &mut LoginDraft<'_>,
    spec: &ActionSpec,
    reason: SkipReason,
    decision: TraceDecision,
    why: String,
) -> (TraceDecision, String) {
    login.record.policy_state.skipped.insert(spec.name.clone(), reason);
    (decision, why)
}

/// The members of a group that could satisfy it in this login, in order.
fn members<'s>(login: &'s LoginDraft<'_>, group: &'s GroupName) -> impl Iterator<Item = (usize, &'s ActionSpec)> {
    let specs = login.context.actions.iter().map(|action| &action.spec).enumerate();
    specs.filter(move |(_, spec)| {
        spec.rules.any_of.as_ref() == Some(group)
            && !spec.rules.report_only
            && spec.applies_to.contains(&login.record.mode)
            && login.record.policy_state.may_satisfy(&spec.name)
    })
}

/// What satisfies a group, or would when its turn comes: the first factor that counts, else a bypass.
fn holder(login: &LoginDraft<'_>, group: &GroupName) -> Option<Holder> {
    let worth = login.worth();
    let by_factor = |(at, spec): (usize, &ActionSpec)| {
        let policy = spec.factors.iter().find(|policy| worth.counting(policy).is_some())?;
        Some(Holder::Factor(at, format!("`{}`", policy.name)))
    };
    let here = login.position();
    let by_bypass = |(at, spec): (usize, &ActionSpec)| {
        let used = login.record.policy_state.bypasses.iter().any(|bypass| bypass.covers(spec));
        // An action whose turn is over cannot use up a bypass any more.
        (used || (at >= here && live_bypass(login, spec).is_some())).then_some(Holder::Bypass(at))
    };
    members(login, group).find_map(by_factor).or_else(|| members(login, group).find_map(by_bypass))
}

/// The action stops the login, unless its group has another one to ask.
pub(super) fn stop(login: &mut LoginDraft<'_>, run: &Run<'_>, decision: TraceDecision, why: String, denial: Denial) {
    if let Some(next) = next_of_group(login, run.action) {
        login.note(run.action, run.phase, decision, format!("{why}; {next}"), run.usage);
        refused(login, run.action);
    } else {
        login.note(run.action, run.phase, decision, why, run.usage);
        login.deny(run.action, denial);
    }
}

/// The next member of the action's group, where its turn is still to come: a refusal of this one is not the last word.
fn next_of_group(login: &LoginDraft<'_>, action: &Action) -> Option<String> {
    let rules = &action.spec.rules;
    let group = rules.any_of.as_ref().filter(|_| !rules.report_only)?;
    let here = login.position();
    let next = members(login, group).find(|(at, _)| *at > here);
    next.map(|(_, spec)| format!("group `{group}` goes on to `{}`", spec.name))
}

/// The action denied or failed, and another one of its group may still satisfy the group.
fn refused(login: &mut LoginDraft<'_>, action: &Action) {
    login.record.policy_state.skipped.insert(action.spec.name.clone(), SkipReason::Refused);
    login.record.position = login.record.position.saturating_add(1);
    login.synced = true;
}

/// A group is satisfied by a factor, never by a mere continue of its last member.
pub(super) fn close_group(login: &mut LoginDraft<'_>, action: &Action) {
    let rules = &action.spec.rules;
    let Some(group) = rules.any_of.as_ref().filter(|_| !rules.report_only) else { return };
    // The position is past the action already.
    let here = login.position();
    if members(login, group).all(|(at, _)| at < here) && holder(login, group).is_none() {
        if let Some(last) = login.record.trace.last_mut() {
            last.why = format!("no factor satisfies group `{group}`");
        }
        let message = "no accepted factor was completed".to_owned();
        login.deny(action, Denial { code: "factor_missing".to_owned(), message });
    }
}
