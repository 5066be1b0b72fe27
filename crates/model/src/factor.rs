//! Factor policy: when a record still counts, and what it is worth in the answer.

use crate::action::{Action, FactorPolicy, Mode};
use crate::json::Json;
use crate::limits;
use crate::login::{FactorStanding, Settled};
use crate::names::{FactorName, Timestamp};
use crate::session::FactorRecord;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How a factor stands in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing<'a> {
    /// The newest record still counts.
    Fresh(&'a FactorRecord),
    /// There is a record, and it no longer counts.
    Stale(&'a FactorRecord),
    /// There is none.
    Absent,
}

/// The newest record of a factor that was made in this epoch.
#[must_use]
pub fn newest<'a>(records: &'a [FactorRecord], name: &FactorName, epoch: u64) -> Option<&'a FactorRecord> {
    records
        .iter()
        .filter(|record| record.name == *name && record.epoch == epoch)
        .max_by_key(|record| record.completed_at)
}

/// How a factor stands under a policy. A record as old as `max_age` is stale, so zero prompts every time; so is one dated
/// more than [`limits::CLOCK_SKEW`] in the future.
#[must_use]
pub fn standing<'a>(records: &'a [FactorRecord], policy: &FactorPolicy, epoch: u64, now: Timestamp) -> Standing<'a> {
    match newest(records, &policy.name, epoch) {
        None => Standing::Absent,
        Some(record) if counts(record, policy.max_age, now) => Standing::Fresh(record),
        Some(record) => Standing::Stale(record),
    }
}

fn counts(record: &FactorRecord, max_age: Duration, now: Timestamp) -> bool {
    record.completed_at <= now.plus(limits::CLOCK_SKEW) && now.since(record.completed_at) < max_age
}

/// What the factors of a session are worth at the outcome of a login.
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
    /// The store's epoch.
    pub epoch: u64,
    /// The host's clock.
    pub now: Timestamp,
}

impl Worth<'_> {
    /// The amr values and the factors for the answer.
    #[must_use]
    pub fn settle(&self, event: &Json) -> Settled {
        let mut settled = Settled::default();
        for value in self.mapped_methods(event) {
            add(&mut settled.amr, &value);
        }
        for policy in self.policies() {
            let Some(record) = self.counting(policy) else { continue };
            policy.amr.iter().for_each(|value| add(&mut settled.amr, value));
            stand(&mut settled.factors, record, policy.max_age);
        }
        settled
    }

    fn mapped_methods(&self, event: &Json) -> Vec<String> {
        if self.method_amr.is_empty() {
            return Vec::new();
        }
        // Of the whole event, only this part is read.
        let named: Named = serde_json::from_str(event.as_str()).unwrap_or_default();
        let methods = named.authentication.get("methods").and_then(|m| m.as_array()).into_iter().flatten();
        let names = methods.filter_map(|method| method.get("name")?.as_str());
        names.filter_map(|name| self.method_amr.get(name)).flatten().cloned().collect()
    }

    fn policies(&self) -> impl Iterator<Item = &FactorPolicy> {
        let applied = self.actions.iter().filter(|action| action.spec.applies_to.contains(&self.mode));
        applied.flat_map(|action| &action.spec.factors)
    }

    fn counting(&self, policy: &FactorPolicy) -> Option<&FactorRecord> {
        // A factor recorded in this login counts for it even where the policy prompts every time.
        newest(self.recorded, &policy.name, self.epoch).or_else(|| {
            match standing(self.records, policy, self.epoch, self.now) {
                Standing::Fresh(record) => Some(record),
                Standing::Stale(_) | Standing::Absent => None,
            }
        })
    }
}

/// The part of an event that names the methods.
#[derive(Default, serde::Deserialize)]
struct Named {
    #[serde(default)]
    authentication: serde_json::Value,
}

fn add(amr: &mut Vec<String>, value: &str) {
    if !amr.iter().any(|known| known == value) {
        amr.push(value.to_owned());
    }
}

/// Several actions may ask for one factor: the strictest policy says when it ends.
fn stand(factors: &mut Vec<FactorStanding>, record: &FactorRecord, max_age: Duration) {
    let expires_at = record.completed_at.plus(max_age);
    match factors.iter_mut().find(|known| known.name == record.name) {
        Some(known) => known.expires_at = known.expires_at.min(expires_at),
        None => {
            factors.push(FactorStanding { name: record.name.clone(), completed_at: record.completed_at, expires_at })
        }
    }
}

/// A duration for people: its two largest units.
#[must_use]
pub fn human(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)];
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (unit, size) in units {
        if rest >= size && (unit != "d" || seconds >= 2 * size) {
            parts.push(format!("{} {unit}", rest / size));
            rest %= size;
        }
    }
    parts.truncate(2);
    if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        let say = |s| human(Duration::from_secs(s));
        assert_eq!(
            [say(0), say(3), say(86_400), say(86_401), say(172_800), say(90)],
            ["0 s", "3 s", "24 h", "24 h 1 s", "2 d", "1 min 30 s"]
        );
    }
}
