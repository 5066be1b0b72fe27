//! What becomes of an action before it runs, and of its group when it did not help.

use super::Login;
use crate::action::{Action, ActionSpec, Mode};
use crate::decision::Denial;
use crate::login::TraceDecision;
use crate::names::GroupName;
use crate::policy::bypass::{Bypass, BypassUse};
use crate::policy::factor::Worth;
use crate::policy::state::SkipReason;

/// What satisfies a group.
enum Holder {
    /// An action's factor counts; in words.
    Factor(usize, String),
    /// An action is bypassed, or can be.
    Bypass(usize),
}

impl Login<'_> {
    /// What the action at the login's position comes to without running; none where it runs.
    pub(super) fn passed_over(&mut self, action: &Action) -> Option<(TraceDecision, String)> {
        let spec = &action.spec;
        if !spec.applies_to.contains(&self.record.mode) {
            let why = format!("does not apply to mode {}", self.record.mode.as_str());
            return Some((TraceDecision::NotApplicable, why));
        }
        if let Some(why) = self.record.policy_state.unmet(&spec.name) {
            return Some((TraceDecision::NotApplicable, why.to_owned()));
        }
        if spec.rules.report_only {
            return None;
        }
        let Some(group) = &spec.rules.any_of else { return self.bypass_alone(spec) };
        let here = self.record.position as usize;
        match self.holder(group)? {
            Holder::Factor(at, _) if at == here => None,
            Holder::Bypass(at) if at == here => self.bypass(spec),
            Holder::Factor(_, by) => {
                let why = format!("group `{group}` is satisfied by {by}");
                Some(self.set_aside(spec, SkipReason::Satisfied, TraceDecision::Satisfied, why))
            }
            Holder::Bypass(at) => {
                let other = self.context.actions.get(at).map_or("", |other| other.spec.name.as_str());
                let why = format!("group `{group}` is satisfied by a bypass of `{other}`");
                Some(self.set_aside(spec, SkipReason::Satisfied, TraceDecision::Satisfied, why))
            }
        }
    }

    /// Without a group a bypass is used up only where one of the action's factors does not count.
    fn bypass_alone(&mut self, spec: &ActionSpec) -> Option<(TraceDecision, String)> {
        let worth = self.worth();
        let all = spec.factors.iter().all(|policy| worth.counting(policy).is_some());
        if all { None } else { self.bypass(spec) }
    }

    fn bypass(&mut self, spec: &ActionSpec) -> Option<(TraceDecision, String)> {
        let used = self.record.policy_state.bypasses.iter().find(|bypass| bypass.covers(spec)).cloned();
        let bypass = used.or_else(|| self.use_up(spec))?;
        Some(self.set_aside(spec, SkipReason::Bypassed, TraceDecision::Bypassed, bypass.to_string()))
    }

    /// Takes a live bypass for the action: the store lets one login alone have it.
    fn use_up(&mut self, spec: &ActionSpec) -> Option<Bypass> {
        let mut bypass = self.live_bypass(spec)?.clone();
        bypass.used = Some(BypassUse { login_id: self.record.id.clone(), at: self.context.now });
        self.consumed.push(bypass.id.clone());
        self.record.policy_state.bypasses.push(bypass.clone());
        self.synced = true;
        Some(bypass)
    }

    /// Only for a browser: a refresh in the background must not use up what a person was given.
    fn live_bypass(&self, spec: &ActionSpec) -> Option<&Bypass> {
        let (epoch, now) = (self.context.epoch, self.context.now);
        let live = |bypass: &&Bypass| bypass.is_live(epoch, now) && bypass.user_id == self.record.subject.user_id;
        let mut live = self.bypasses.iter().filter(live).filter(|_| self.record.mode == Mode::Interactive);
        live.find(|bypass| bypass.covers(spec))
    }

    fn set_aside(
        &mut self,
        spec: &ActionSpec,
        aside: SkipReason,
        decision: TraceDecision,
        why: String,
    ) -> (TraceDecision, String) {
        self.record.policy_state.skipped.insert(spec.name.clone(), aside);
        (decision, why)
    }

    /// The members of a group that could satisfy it in this login, in order.
    fn members<'s>(&'s self, group: &'s GroupName) -> impl Iterator<Item = (usize, &'s ActionSpec)> {
        let specs = self.context.actions.iter().map(|action| &action.spec).enumerate();
        specs.filter(move |(_, spec)| {
            spec.rules.any_of.as_ref() == Some(group)
                && !spec.rules.report_only
                && spec.applies_to.contains(&self.record.mode)
                && self.record.policy_state.may_satisfy(&spec.name)
        })
    }

    /// What satisfies a group, or would when its turn comes: the first factor that counts, else a bypass.
    fn holder(&self, group: &GroupName) -> Option<Holder> {
        let worth = self.worth();
        let by_factor = |(at, spec): (usize, &ActionSpec)| {
            let policy = spec.factors.iter().find(|policy| worth.counting(policy).is_some())?;
            Some(Holder::Factor(at, format!("`{}`", policy.name)))
        };
        let here = self.record.position as usize;
        let by_bypass = |(at, spec): (usize, &ActionSpec)| {
            let used = self.record.policy_state.bypasses.iter().any(|bypass| bypass.covers(spec));
            // One whose turn is over cannot use up a bypass any more.
            (used || (at >= here && self.live_bypass(spec).is_some())).then_some(Holder::Bypass(at))
        };
        self.members(group).find_map(by_factor).or_else(|| self.members(group).find_map(by_bypass))
    }

    /// The next member of the action's group, where its turn is still to come: a refusal of this one is not the last word.
    pub(super) fn next_of_group(&self, action: &Action) -> Option<String> {
        let rules = &action.spec.rules;
        let group = rules.any_of.as_ref().filter(|_| !rules.report_only)?;
        let here = self.record.position as usize;
        let next = self.members(group).find(|(at, _)| *at > here);
        next.map(|(_, spec)| format!("group `{group}` goes on to `{}`", spec.name))
    }

    /// The action denied or failed, and another one of its group may still satisfy the group.
    pub(super) fn refused(&mut self, action: &Action) {
        self.record.policy_state.skipped.insert(action.spec.name.clone(), SkipReason::Refused);
        self.record.position = self.record.position.saturating_add(1);
        self.synced = true;
    }

    /// A group is satisfied by a factor, never by a mere continue of its last member.
    pub(super) fn close_group(&mut self, action: &Action) {
        let rules = &action.spec.rules;
        let Some(group) = rules.any_of.as_ref().filter(|_| !rules.report_only) else { return };
        // The position is past the action already.
        let here = self.record.position as usize;
        if self.members(group).all(|(at, _)| at < here) && self.holder(group).is_none() {
            if let Some(last) = self.record.trace.last_mut() {
                last.why = format!("no factor satisfies group `{group}`");
            }
            let message = "no accepted factor was completed".to_owned();
            self.deny(action, Denial { code: "factor_missing".to_owned(), message });
        }
    }

    /// Counts this login as a use of every record that counts for it and was made in an earlier one.
    pub(super) fn use_records(&mut self) {
        let worth = self.worth();
        let counting = worth.policies().filter_map(|policy| Some((policy.clone(), worth.counting(policy)?.key())));
        for (policy, key) in counting.collect::<Vec<_>>() {
            self.use_record(&policy, &key);
        }
    }

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
}
