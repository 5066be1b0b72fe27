//! The event of a login that came to a new answer: published once, to the metrics and to the live tail. Repeated answers are no events.

use crate::services::Services;
use crate::tenant::Tenant;
use postlude_model::login::{LoginRecord, Outcome, Status, Trace};
use serde_json::{Map, Value, json};
use std::time::Instant;

/// The event of a call that ran, to be published once the call is committed.
pub(super) struct LoginEvent {
    outcome: Option<Outcome>,
    /// None where the live tail has no reader.
    data: Option<Map<String, Value>>,
    began: Instant,
}

impl LoginEvent {
    /// The event of a login as it will be committed. `trace_entries` is how many entries its trace had before.
    pub(super) fn new(services: &Services, record: &LoginRecord, trace_entries: usize, began: Instant) -> Self {
        let data = (services.events.readers() > 0).then(|| event(record, trace_entries));
        Self { outcome: record.status.outcome(), data, began }
    }

    /// Publishes the event: it is committed.
    pub(super) fn publish(self, services: &Services, tenant: &Tenant) {
        let took = self.began.elapsed();
        tenant.pipeline().metrics.answered(self.outcome, took);
        let Some(mut data) = self.data else { return };
        data.insert("duration_us".to_owned(), u64::try_from(took.as_micros()).unwrap_or(u64::MAX).into());
        services.events.publish(Some(&tenant.name), "login", &services.clock, || data);
    }
}

/// The name of the outcome that a status stands for.
#[must_use]
pub fn outcome(status: &Status) -> &'static str {
    status.outcome().map_or("running", Outcome::as_str)
}

/// The action and the code that a status names.
#[must_use]
pub fn cause(status: &Status) -> (Option<&str>, Option<&str>) {
    match status {
        Status::Running | Status::Continued(_) => (None, None),
        Status::Suspended(suspension) => (Some(suspension.action.as_str()), None),
        Status::Denied { action, denial, .. } => (Some(action.as_str()), Some(&denial.code)),
        Status::InteractionRequired { action } => (Some(action.as_str()), None),
        Status::Ended(why) => (None, Some(why.as_str())),
    }
}

fn event(record: &LoginRecord, trace_entries: usize) -> Map<String, Value> {
    let (action, code) = cause(&record.status);
    let runs: Vec<Value> = record.trace.iter().skip(trace_entries).map(run).collect();
    let event = json!({
        "login_id": record.id.as_str(),
        "outcome": outcome(&record.status),
        "action": action,
        "code": code,
        "user_id": record.subject.user_id.as_str(),
        "client_id": record.subject.client_id.as_str(),
        "mode": record.mode.as_str(),
        "revision": record.revision,
        "resumed": trace_entries > 0,
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
