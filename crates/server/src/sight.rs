//! A login came to a new answer: told once to the metrics and to the live tail. Replays of an answer are not told.

use crate::metrics::TenantMeter;
use crate::runtime::Runtime;
use crate::tenant::Tenant;
use postlude_model::login::{EndReason, LoginRecord, Status, Trace};
use serde_json::{Map, Value, json};
use std::time::Instant;

/// What is to be told of a call that ran, once it is committed.
pub(crate) struct News {
    outcome: usize,
    /// None where nobody listens.
    event: Option<Map<String, Value>>,
    began: Instant,
}

impl News {
    /// Of a login as it will be committed. `since` is how many entries its trace had before.
    pub(crate) fn of(runtime: &Runtime, record: &LoginRecord, since: usize, began: Instant) -> Self {
        let event = (runtime.events.readers() > 0).then(|| event(record, since));
        Self { outcome: TenantMeter::outcome(&record.status), event, began }
    }

    /// It is committed.
    pub(crate) fn tell(self, runtime: &Runtime, tenant: &Tenant) {
        let took = self.began.elapsed();
        tenant.pipeline().meters.tenant.answered(self.outcome, took);
        let Some(mut event) = self.event else { return };
        event.insert("duration_us".to_owned(), u64::try_from(took.as_micros()).unwrap_or(u64::MAX).into());
        runtime.events.publish(Some(&tenant.name), "login", &runtime.clock, || event);
    }
}

impl Runtime {
    /// Tells each tenant's readers which revision is in force.
    pub(crate) fn tell_revisions(&self) {
        for (tenant, revision) in self.revisions() {
            self.events.publish(Some(&tenant), "reload", &self.clock, || {
                [("outcome".to_owned(), "taken".into()), ("revision".to_owned(), revision.into())].into_iter().collect()
            });
        }
    }

    /// Counts and tells a refused reload. Why is in the log alone: it may be another tenant's affair.
    pub(crate) fn tell_refused_reload(&self) {
        self.metrics.reloaded(false);
        self.events.publish(None, "reload", &self.clock, || {
            [("outcome".to_owned(), Value::from("refused"))].into_iter().collect()
        });
    }
}

/// Where a login stands, in a word.
pub(crate) const fn outcome(status: &Status) -> &'static str {
    match status {
        Status::Running => "running",
        Status::Suspended(_) => "redirect",
        Status::Continued(_) => "continue",
        Status::Denied { .. } => "deny",
        Status::InteractionRequired { .. } => "interaction_required",
        Status::Ended(_) => "ended",
    }
}

/// The action and the code that an outcome names.
pub(crate) fn cause(status: &Status) -> (Option<&str>, Option<&str>) {
    match status {
        Status::Running | Status::Continued(_) => (None, None),
        Status::Suspended(suspension) => (Some(suspension.action.as_str()), None),
        Status::Denied { action, denial, .. } => (Some(action.as_str()), Some(&denial.code)),
        Status::InteractionRequired { action } => (Some(action.as_str()), None),
        Status::Ended(EndReason::SessionEnded) => (None, Some("session_ended")),
        Status::Ended(EndReason::Evicted) => (None, Some("evicted")),
    }
}

fn event(record: &LoginRecord, since: usize) -> Map<String, Value> {
    let (action, code) = cause(&record.status);
    let runs: Vec<Value> = record.trace.iter().skip(since).map(run).collect();
    let event = json!({
        "login_id": record.id.as_str(),
        "outcome": outcome(&record.status),
        "action": action,
        "code": code,
        "user_id": record.subject.user_id.as_str(),
        "client_id": record.subject.client_id.as_str(),
        "mode": record.mode.as_str(),
        "revision": record.revision,
        "resumed": since > 0,
        "runs": runs,
    });
    match event {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn run(trace: &Trace) -> Value {
    json!({
        "action": trace.action.as_str(),
        "version": trace.version,
        "digest": trace.digest.to_string(),
        "decision": trace.decision.as_str(),
        "report_only": trace.report_only,
        "why": trace.why,
        "fuel": trace.fuel,
        "duration_us": trace.duration_us,
    })
}
