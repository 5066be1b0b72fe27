//! The loop that drives a pipeline: run what is due, feed its report, until the login is suspended or has its outcome.

use crate::metrics::Ran;
use crate::outside::Outside;
use crate::pipelines::Pipeline;
use crate::trace_context;
use postlude_model::action::Action;
use postlude_model::names::RunId;
use postlude_model::pipeline::{Finished, Login, Overload};
use postlude_model::run::{Ending, Level, Report, RunInput};
use postlude_sandbox::Sandbox;
use std::sync::Arc;

/// Why a login could not be driven to its end. Nothing of it may be stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DriveError {
    /// A run's wall clock ran out.
    #[error(transparent)]
    Overload(#[from] Overload),
    /// An action's plugin is not loaded.
    #[error("the plugin of action `{0}` is not loaded")]
    NotLoaded(String),
}

/// Drives a login as far as it goes without its browser.
pub(crate) async fn drive(
    sandbox: &Sandbox,
    pipeline: &Pipeline,
    mut login: Login<'_>,
    outside: &mut Outside,
) -> Result<Finished, DriveError> {
    while let Some(mut input) = login.next_run() {
        let action = Arc::clone(&input.action);
        let spec = &action.spec;
        let plugin = pipeline.plugin(&spec.digest).ok_or_else(|| DriveError::NotLoaded(spec.name.to_string()))?;
        outside.lend(plugin, &mut input).await;
        let meter = pipeline.meters.actions.get(login.record().position as usize);
        let span = span(&input);
        let told = About::of(&input);
        let running = pipeline.meters.runs.in_flight.hold();
        // A run's future has some 4 KiB, which the futures around it would be moved with, again and again.
        let run = Box::pin(sandbox.run(plugin, *input));
        let report = tracing::Instrument::instrument(run, span.clone()).await;
        drop(running);
        span.in_scope(|| told.log(&report));
        outside.record(told.run_id, &report);
        let ran = Ran::of(&report);
        let fed = login.feed(report);
        let trace = login.record().trace.last().filter(|_| fed.is_ok());
        pipeline.meters.runs.wait.took(ran.waited());
        if let Some(meter) = meter {
            meter.ran(&ran, trace);
        }
        if let Some(trace) = trace.filter(|_| !span.is_disabled()) {
            span.record("decision", trace.decision.as_str());
            span.record("fuel", trace.fuel).record("memory_bytes", trace.memory_bytes);
            span.record("host_calls", trace.host_calls).record("waited_us", trace.waited_us);
        }
        fed?;
    }
    Ok(login.finish())
}

/// The span of a run, for who takes spans; lines of the log say themselves whose they are. What it came to is recorded after
/// those lines, which would repeat it.
fn span(input: &RunInput) -> tracing::Span {
    use tracing::field::Empty;
    if !trace_context::adopted() {
        return tracing::Span::none();
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
struct About {
    action: Arc<Action>,
    run_id: RunId,
    phase: &'static str,
}

impl About {
    fn of(input: &RunInput) -> Self {
        let phase = match input.phase {
            postlude_model::run::Phase::Login => "on-login",
            postlude_model::run::Phase::Continue => "on-continue",
        };
        Self { action: Arc::clone(&input.action), run_id: input.run_id.clone(), phase }
    }

    fn log(&self, report: &Report) {
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
        let (digest, phase, usage) = (&self.action.spec.digest, self.phase, report.usage);
        let duration_us = u64::try_from(usage.duration.as_micros()).unwrap_or(u64::MAX);
        match &report.ending {
            Ending::Decided(decision) => {
                let decision = match decision {
                    postlude_model::decision::Decision::Continue => "continue",
                    postlude_model::decision::Decision::Redirect(_) => "redirect",
                    postlude_model::decision::Decision::Deny(_) => "deny",
                };
                tracing::debug!(%action, %run_id, %digest, phase, decision, fuel = usage.fuel, duration_us, "run decided");
            }
            Ending::Failed(why) => {
                tracing::warn!(%action, %run_id, %digest, phase, ?why, fuel = usage.fuel, "run failed")
            }
            Ending::Trapped(trap) => {
                let limit = trap.limit.map_or("none", postlude_model::run::Limit::as_str);
                let backtrace = trap.backtrace.join("\n");
                tracing::warn!(%action, %run_id, %digest, phase, limit, message = %trap.message, %backtrace, fuel = usage.fuel, "run trapped");
            }
            Ending::Busy => tracing::warn!(%action, %run_id, %digest, phase, "no place to run came free"),
            Ending::TimedOut => tracing::warn!(%action, %run_id, %digest, phase, fuel = usage.fuel, "run timed out"),
        }
    }
}
