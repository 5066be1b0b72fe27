//! What is counted per tenant and per action. Everything that a run needs is looked up once, when its pipeline is made.

use postlude_model::action::Action;
use postlude_model::login::{Outcome, Trace, TraceDecision};
use postlude_model::names::TenantName;
use postlude_model::run::{Ending, Report, Usage};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::time::Duration;

/// Fuel units: the plugins of this repository take 10,000 to 100,000, a JavaScript engine a million, the default budget is 50
/// million, the largest 20 billion.
const FUEL: [f64; 13] = [1e3, 5e3, 1e4, 2.5e4, 5e4, 1e5, 2.5e5, 1e6, 5e6, 2e7, 5e7, 1e9, 2e10];
/// Seconds of a run: 10 microseconds for the smallest plugin, 2 seconds are the default wall clock, 30 the longest.
const RUN: [f64; 15] = [1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 5e-3, 2.5e-2, 0.1, 0.5, 2.0, 5.0, 10.0, 30.0];
/// Seconds that an IdP waits, and that the disk takes.
pub(super) const WAIT: [f64; 16] =
    [1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1.0, 5.0, 10.0, 30.0];

/// What a run may come to beside a verdict: both are load.
const LOAD: [&str; 2] = ["timed_out", "busy"];

/// A run of an action that only reports, whatever would have come of it: the login is as if it had not run.
const REPORTED: &str = "reported";

type TenantLabels = [(&'static str, String); 1];
type ActionLabels = [(&'static str, String); 2];
type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// The families from which pipelines take their series.
#[derive(Debug)]
pub(super) struct PipelineFamilies {
    outcomes: Family<ActionLabels, Counter>,
    login_duration: Histograms<TenantLabels>,
    decisions: Family<[(&'static str, String); 3], Counter>,
    fuel: Histograms<ActionLabels>,
    run_duration: Histograms<ActionLabels>,
    wait: Histogram,
}

impl PipelineFamilies {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let families = Self {
            outcomes: Family::default(),
            login_duration: Family::new_with_constructor(|| Histogram::new(WAIT)),
            decisions: Family::default(),
            fuel: Family::new_with_constructor(|| Histogram::new(FUEL)),
            run_duration: Family::new_with_constructor(|| Histogram::new(RUN)),
            wait: Histogram::new(WAIT),
        };
        let help = "Calls about logins that ran and were committed, by what they came to";
        registry.register("postlude_logins", help, families.outcomes.clone());
        let help = "Time of such a call, runs and commit included";
        registry.register("postlude_login_duration_seconds", help, families.login_duration.clone());
        let help = "Runs of plugins, by what they came to in their login";
        registry.register("postlude_runs", help, families.decisions.clone());
        registry.register("postlude_run_fuel", "Fuel units of a run", families.fuel.clone());
        let help = "Wall clock of a run, without what it waited";
        registry.register("postlude_run_duration_seconds", help, families.run_duration.clone());
        registry.register(
            "postlude_run_wait_seconds",
            "Time a run waited for its place and turns",
            families.wait.clone(),
        );
        families
    }

    pub(super) fn of(&self, tenant: &TenantName, actions: &[Arc<Action>]) -> PipelineMetrics {
        let name = || ("tenant", tenant.to_string());
        let outcome = |outcome: &str| [name(), ("outcome", outcome.to_owned())];
        PipelineMetrics {
            outcomes: Outcome::ALL.map(|word| self.outcomes.get_or_create_owned(&outcome(word.as_str()))),
            duration: self.login_duration.get_or_create_owned(&[name()]),
            actions: actions.iter().map(|action| self.of_action(tenant, action)).collect(),
            wait: self.wait.clone(),
        }
    }

    fn of_action(&self, tenant: &TenantName, action: &Action) -> ActionMetrics {
        let labels = [("tenant", tenant.to_string()), ("action", action.spec.name.to_string())];
        let decision = |word: &str| {
            let [tenant, action] = labels.clone();
            self.decisions.get_or_create_owned(&[tenant, action, ("decision", word.to_owned())])
        };
        // An action that does not apply did not run: its counter is never shown.
        let verdict = |verdict| match verdict {
            TraceDecision::NotApplicable => Counter::default(),
            verdict => decision(verdict.as_str()),
        };
        ActionMetrics {
            verdicts: TraceDecision::ALL.map(verdict),
            load: LOAD.map(decision),
            reported: decision(REPORTED),
            fuel: self.fuel.get_or_create_owned(&labels),
            duration: self.run_duration.get_or_create_owned(&labels),
        }
    }
}

/// What one pipeline counts to.
#[derive(Debug, Clone)]
pub(crate) struct PipelineMetrics {
    /// In the order of [`Outcome::ALL`].
    outcomes: [Counter; Outcome::ALL.len()],
    duration: Histogram,
    /// In the order of its actions.
    actions: Vec<ActionMetrics>,
    wait: Histogram,
}

impl Default for PipelineMetrics {
    fn default() -> Self {
        let (duration, wait) = (Histogram::new(WAIT), Histogram::new(WAIT));
        Self { outcomes: Default::default(), duration, actions: Vec::new(), wait }
    }
}

impl PipelineMetrics {
    /// Counts a call that ran and was committed, by its outcome and how long it took. A login that still runs has none.
    pub(crate) fn answered(&self, outcome: Option<Outcome>, took: Duration) {
        if let Some(counter) = outcome.and_then(|outcome| self.outcomes.get(outcome as usize)) {
            counter.inc();
        }
        self.duration.observe(took.as_secs_f64());
    }

    /// Counts a run that ended: what the action came to in its login, and what the run used. A run that was cut short by load has
    /// no entry in the trace.
    pub(crate) fn run_ended(&self, position: usize, measure: &RunMeasure, trace: Option<&Trace>) {
        self.wait.observe(measure.usage.waited.as_secs_f64());
        let Some(action) = self.actions.get(position) else { return };
        let counter = match (trace, measure.load) {
            (Some(trace), _) if trace.report_only => Some(&action.reported),
            (_, Some(load)) => action.load.get(load),
            (Some(trace), None) => action.verdicts.get(trace.decision as usize),
            (None, None) => None,
        };
        if let Some(counter) = counter {
            counter.inc();
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "metrics are floating point; 52 bits are more than any fuel budget"
        )]
        action.fuel.observe(measure.usage.fuel as f64);
        action.duration.observe(measure.usage.duration.as_secs_f64());
    }
}

/// The runs of one action.
#[derive(Debug, Clone)]
struct ActionMetrics {
    verdicts: [Counter; TraceDecision::ALL.len()],
    load: [Counter; LOAD.len()],
    reported: Counter,
    fuel: Histogram,
    duration: Histogram,
}

/// What is counted of a report, once the report itself is gone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunMeasure {
    load: Option<usize>,
    usage: Usage,
}

impl RunMeasure {
    pub(crate) const fn of(report: &Report) -> Self {
        let load = match report.ending {
            Ending::TimedOut => Some(0),
            Ending::Busy => Some(1),
            Ending::Decided(_) | Ending::Failed(_) | Ending::Leaked(_) | Ending::Trapped(_) => None,
        };
        Self { load, usage: report.usage }
    }
}
