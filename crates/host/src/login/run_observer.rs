//! What the log, the metrics and the spans get of a run.

use crate::metrics::{PipelineMetrics, RunMeasure};
use crate::pipeline::Pipeline;
use crate::spans;
use postlude_model::action::Action;
use postlude_model::decision::Decision;
use postlude_model::login::Outcome;
use postlude_model::names::RunId;
use postlude_model::pipeline::{Login, Overload};
use postlude_model::run::{Ending, Level, Limit, Phase, Report, RunInput};
use std::sync::Arc;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

/// Observes one run: its span, the lines of its log, and what it is counted as.
pub(super) struct RunObserver<'p> {
    metrics: &'p PipelineMetrics,
    position: usize,
    log: RunLog,
    span: Span,
    measure: Option<RunMeasure>,
}

impl<'p> RunObserver<'p> {
    /// Begins with the run that is due.
    pub(super) fn new(pipeline: &'p Pipeline, login: &Login<'_>, input: &RunInput) -> Self {
        let position = login.record().position as usize;
        Self { metrics: &pipeline.metrics, position, log: RunLog::of(input), span: span(input), measure: None }
    }

    /// The run.
    pub(super) const fn id(&self) -> &RunId {
        &self.log.run_id
    }

    /// Observes the run itself.
    pub(super) async fn observe(&mut self, run: impl Future<Output = Report>) -> Report {
        // A run's future has some 4 KiB, which the futures around it would be moved with, again and again.
        let report = Box::pin(run).instrument(self.span.clone()).await;
        self.span.in_scope(|| self.log.write(&report));
        self.measure = Some(RunMeasure::of(&report));
        report
    }

    /// Counts what the run came to in its login. What it came to is recorded in the span after the lines of its log, which would
    /// repeat it.
    pub(super) fn finish(self, fed: Result<(), Overload>, login: &Login<'_>) -> Result<(), Overload> {
        let trace = login.record().trace.last().filter(|_| fed.is_ok());
        if let Some(measure) = &self.measure {
            self.metrics.run_ended(self.position, measure, trace);
        }
        if let Some(trace) = trace.filter(|_| !self.span.is_disabled()) {
            self.span.record("decision", trace.decision.as_str());
            self.span.record("fuel", trace.fuel).record("memory_bytes", trace.memory_bytes);
            self.span.record("host_calls", trace.host_calls).record("waited_us", trace.waited_us);
        }
        fed
    }
}

/// The span of a run, where the process takes spans; lines of the log name their action and run themselves.
fn span(input: &RunInput) -> Span {
    if !spans::are_taken() {
        return Span::none();
    }
    let (action, run_id) = (&input.action.spec.name, &input.run_id);
    tracing::info_span!(
        "run",
        %action,
        %run_id,
        decision = Empty,
        fuel = Empty,
        memory_bytes = Empty,
        host_calls = Empty,
        waited_us = Empty
    )
}

/// What the log says about a run beside its report.
struct RunLog {
    action: Arc<Action>,
    run_id: RunId,
    phase: Phase,
}

impl RunLog {
    fn of(input: &RunInput) -> Self {
        Self { action: Arc::clone(&input.action), run_id: input.run_id.clone(), phase: input.phase }
    }

    fn write(&self, report: &Report) {
        self.write_lines(report);
        let (action, run_id, digest) = (&self.action.spec.name, &self.run_id, &self.action.spec.digest);
        let (phase, usage) = (self.phase.as_str(), report.usage);
        let duration_us = u64::try_from(usage.duration.as_micros()).unwrap_or(u64::MAX);
        match &report.ending {
            Ending::Decided(decision) => {
                let decision = decision_name(decision);
                tracing::debug!(%action, %run_id, %digest, phase, decision, fuel = usage.fuel, duration_us, "run decided");
            }
            Ending::Failed(why) => {
                tracing::warn!(%action, %run_id, %digest, phase, ?why, fuel = usage.fuel, "run failed");
            }
            Ending::Trapped(trap) => {
                let limit = trap.limit.map_or("none", Limit::as_str);
                let backtrace = trap.backtrace.join("\n");
                tracing::warn!(%action, %run_id, %digest, phase, limit, message = %trap.message, %backtrace, fuel = usage.fuel, "run trapped");
            }
            Ending::Leaked(leak) => {
                tracing::warn!(%action, %run_id, %digest, phase, message = %leak, fuel = usage.fuel, "run gave out a secret");
            }
            Ending::Busy => tracing::warn!(%action, %run_id, %digest, phase, "the run got no turn in time"),
            Ending::TimedOut => tracing::warn!(%action, %run_id, %digest, phase, fuel = usage.fuel, "run timed out"),
        }
    }

    /// The plugin's own lines.
    fn write_lines(&self, report: &Report) {
        let (action, run_id) = (&self.action.spec.name, &self.run_id);
        for line in &report.log.lines {
            let fields = serde_json::to_string(&line.fields).unwrap_or_default();
            let message = &line.message;
            match line.level {
                Level::Debug => tracing::debug!(target: "postlude::plugin", %action, %run_id, %fields, "{message}"),
                Level::Info => tracing::info!(target: "postlude::plugin", %action, %run_id, %fields, "{message}"),
                Level::Warn => tracing::warn!(target: "postlude::plugin", %action, %run_id, %fields, "{message}"),
                Level::Error => tracing::error!(target: "postlude::plugin", %action, %run_id, %fields, "{message}"),
            }
        }
        if report.log.dropped > 0 {
            tracing::warn!(target: "postlude::plugin", %action, %run_id, dropped = report.log.dropped, "log truncated");
        }
    }
}

/// The outcome that a decision asks for, in its name.
const fn decision_name(decision: &Decision) -> &'static str {
    match decision {
        Decision::Continue => Outcome::Continue.as_str(),
        Decision::Redirect(_) => Outcome::Redirect.as_str(),
        Decision::Deny(_) => Outcome::Deny.as_str(),
    }
}
