//! Factor policy: when a record still counts, and what it is worth in the answer.

use crate::action::{Action, ActionSpec, FactorPolicy, Mode};
use crate::json::{Json, JsonPart};
use crate::limits;
use crate::login::{FactorStanding, Settled};
use crate::names::{ClientId, FactorName, Timestamp};
use crate::policy::orders::Orders;
use crate::policy::state::PolicyState;
use crate::session::{FactorRecord, RecordKey};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

/// How a factor stands in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness<'a> {
    /// The newest record still counts.
    Fresh(&'a FactorRecord),
    /// The newest record no longer counts.
    Stale(&'a FactorRecord, Stale),
    /// The newest record counts for another client alone.
    Elsewhere(&'a FactorRecord),
    /// The session has no record of the factor.
    Absent,
}

/// Why a record no longer counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stale {
    /// The record is dated in the future.
    Future,
    /// The record is as old as `max_age`.
    Age,
    /// The record's last use is as long ago as `max_idle`.
    Idle,
    /// The record satisfied `max_uses` logins.
    Uses,
}

/// The login and the moment by which records of a session are judged.
#[derive(Debug, Clone, Copy)]
pub struct FactorContext<'a> {
    /// The login's client.
    pub client: &'a ClientId,
    /// Records that the login used already: its own use is not held against it.
    pub used: &'a [RecordKey],
    /// The operator's orders: records that they make void are absent.
    pub orders: &'a Orders,
    /// The store's epoch.
    pub epoch: u64,
    /// The host's clock.
    pub now: Timestamp,
}

/// The newest record of a factor that was made in this epoch and is not void.
#[must_use]
pub fn newest<'a>(
    records: &'a [FactorRecord],
    name: &FactorName,
    context: &FactorContext<'_>,
) -> Option<&'a FactorRecord> {
    newest_where(records, name, context, |_| true)
}

fn newest_where<'a>(
    records: &'a [FactorRecord],
    name: &FactorName,
    context: &FactorContext<'_>,
    also: impl Fn(&FactorRecord) -> bool,
) -> Option<&'a FactorRecord> {
    let counts =
        |record: &&FactorRecord| record.epoch == context.epoch && context.orders.accepts(record) && also(record);
    records.iter().filter(|record| record.name == *name).filter(counts).max_by_key(|record| record.completed_at)
}

/// How a factor stands under a policy. A record as old as `max_age` is stale, so zero prompts every time; so is one whose
/// last use is as long ago as `max_idle`, one that satisfied `max_uses` logins, and one dated more than
/// [`limits::CLOCK_SKEW`] in the future.
#[must_use]
pub fn freshness<'a>(records: &'a [FactorRecord], policy: &FactorPolicy, context: &FactorContext<'_>) -> Freshness<'a> {
    let ours = |record: &FactorRecord| !policy.per_client || record.client_id == *context.client;
    match newest_where(records, &policy.name, context, ours) {
        Some(record) => {
            stale(record, policy, context).map_or(Freshness::Fresh(record), |why| Freshness::Stale(record, why))
        }
        None => newest(records, &policy.name, context).map_or(Freshness::Absent, Freshness::Elsewhere),
    }
}

fn stale(record: &FactorRecord, policy: &FactorPolicy, context: &FactorContext<'_>) -> Option<Stale> {
    let latest = context.now.plus(limits::CLOCK_SKEW);
    if record.completed_at > latest || record.last_used_at > latest {
        return Some(Stale::Future);
    }
    if context.now.since(record.completed_at) >= policy.max_age {
        return Some(Stale::Age);
    }
    if policy.max_idle.is_some_and(|idle| context.now.since(record.last_used_at) >= idle) {
        return Some(Stale::Idle);
    }
    let own = u32::from(context.used.iter().any(|key| record.is(key)));
    policy.max_uses.is_some_and(|most| record.uses.saturating_sub(own) >= most).then_some(Stale::Uses)
}

/// How a factor stands, for a person.
#[must_use]
pub fn explain(freshness: Freshness<'_>, policy: &FactorPolicy, context: &FactorContext<'_>) -> String {
    let ago = |at: Timestamp| Human(context.now.since(at));
    match freshness {
        Freshness::Absent => "no record in this session".to_owned(),
        Freshness::Elsewhere(record) => {
            format!("completed for client `{}`, this is `{}`", record.client_id, context.client)
        }
        Freshness::Stale(_, Stale::Future) => "record dated in the future".to_owned(),
        Freshness::Stale(record, Stale::Idle) => {
            let idle = policy.max_idle.unwrap_or_default();
            format!("record idle {}, policy {}", ago(record.last_used_at), Human(idle))
        }
        Freshness::Stale(record, Stale::Uses) => {
            format!("used {} of {} times", record.uses, policy.max_uses.unwrap_or_default())
        }
        Freshness::Fresh(record) | Freshness::Stale(record, Stale::Age) => {
            let old = ago(record.completed_at);
            if policy.max_age.is_zero() {
                return format!("record {old} old, policy: every time");
            }
            // Each login says this of each factor: written once, into one text.
            let mut text = String::with_capacity(64);
            let _ = write!(text, "record {old} old, policy {}", Human(policy.max_age));
            text
        }
    }
}

/// When a record stops to count: the strictest of its policy's limits, as far as time tells.
fn ends_at(record: &FactorRecord, policy: &FactorPolicy, now: Timestamp) -> Timestamp {
    let age = record.completed_at.plus(policy.max_age);
    let idle = policy.max_idle.map_or(age, |idle| record.last_used_at.plus(idle));
    let used_up = policy.max_uses.is_some_and(|most| record.uses >= most);
    age.min(idle).min(if used_up { now } else { age })
}

/// What the factors of a session are worth to a login.
#[derive(Debug, Clone, Copy)]
pub struct Worth<'a> {
    /// The actions of the pipeline.
    pub actions: &'a [Arc<Action>],
    /// The mode of the login.
    pub mode: Mode,
    /// The operator's mapping of `authentication.methods` to amr values.
    pub method_amr: &'a BTreeMap<String, Vec<String>>,
    /// The session's records.
    pub records: &'a [FactorRecord],
    /// The records made in this login.
    pub recorded: &'a [FactorRecord],
    /// What the login's policy decided.
    pub policy_state: &'a PolicyState,
    /// The login and the moment by which the records are judged.
    pub context: FactorContext<'a>,
}

impl<'a> Worth<'a> {
    /// The amr values and the factors for the answer.
    #[must_use]
    pub fn settled(&self, event: &Json) -> Settled {
        let mut settled = Settled::default();
        if !self.method_amr.is_empty() {
            let mapped = methods(event).filter_map(|name| self.method_amr.get(name.as_ref()));
            mapped.flatten().for_each(|value| add(&mut settled.amr, value));
        }
        for policy in self.policies() {
            let Some(record) = self.counting(policy) else { continue };
            policy.amr.iter().for_each(|value| add(&mut settled.amr, value));
            add_standing(&mut settled.factors, record, ends_at(record, policy, self.context.now));
        }
        settled
    }

    /// The policies of the actions that applied to the login: not those of one that only reports, or was set aside.
    pub fn policies(&self) -> impl Iterator<Item = &'a FactorPolicy> {
        let (mode, course) = (self.mode, self.policy_state);
        let applied = move |spec: &ActionSpec| {
            spec.applies_to.contains(&mode) && !spec.rules.report_only && course.takes_part(&spec.name)
        };
        let actions = self.actions.iter().map(|action| &action.spec);
        actions.filter(move |spec| applied(spec)).flat_map(|spec| &spec.factors)
    }

    /// The record that counts under a policy. One made in this login counts for it even where the policy prompts every time.
    #[must_use]
    pub fn counting(&self, policy: &FactorPolicy) -> Option<&'a FactorRecord> {
        newest(self.recorded, &policy.name, &self.context).or_else(|| {
            match freshness(self.records, policy, &self.context) {
                Freshness::Fresh(record) => Some(record),
                Freshness::Stale(..) | Freshness::Elsewhere(_) | Freshness::Absent => None,
            }
        })
    }
}

/// The names at `/authentication/methods`; what is no name among them is passed over.
fn methods(event: &Json) -> impl Iterator<Item = Cow<'_, str>> {
    let methods = || JsonPart::from(event).member("authentication")?.member("methods")?.items();
    methods().into_iter().flatten().filter_map(|method| method.member("name")?.text())
}

fn add(amr: &mut Vec<String>, value: &str) {
    if !amr.iter().any(|known| known == value) {
        amr.push(value.to_owned());
    }
}

/// Several actions may ask for one factor: the strictest policy says when it ends.
fn add_standing(factors: &mut Vec<FactorStanding>, record: &FactorRecord, expires_at: Timestamp) {
    match factors.iter_mut().find(|known| known.name == record.name) {
        Some(known) => known.expires_at = known.expires_at.min(expires_at),
        None => {
            factors.push(FactorStanding { name: record.name.clone(), completed_at: record.completed_at, expires_at })
        }
    }
}

/// A duration for people: its two largest units.
#[derive(Debug, Clone, Copy)]
pub struct Human(pub Duration);

impl fmt::Display for Human {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (mut rest, mut parts) = (seconds, 0);
        for (unit, size) in [("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)] {
            if rest >= size && parts < 2 && (unit != "d" || seconds >= 2 * size) {
                let space = if parts == 0 { "" } else { " " };
                write!(f, "{space}{} {unit}", rest / size)?;
                rest %= size;
                parts += 1;
            }
        }
        if parts == 0 { f.write_str("0 s") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        let say = |s| Human(Duration::from_secs(s)).to_string();
        assert_eq!(
            [say(0), say(3), say(86_400), say(86_401), say(172_800), say(90)],
            ["0 s", "3 s", "24 h", "24 h 1 s", "2 d", "1 min 30 s"]
        );
    }
}
