//! What a host counts, as OpenMetrics text (<https://prometheus.io/docs/specs/om/open_metrics_spec/>, version 1.0). Labels come from
//! the configuration or from lists in the code, never from a request, so no caller can make series.

mod log;
mod pipeline;
mod process;
mod store;

pub use log::LostLines;
pub(crate) use pipeline::{PipelineMetrics, RunMeasure};
pub(crate) use process::gauge;
pub(crate) use store::{StoreMetrics, store_condition};

use pipeline::PipelineFamilies;
use postlude_model::action::Action;
use postlude_model::names::TenantName;
use process::ProcessMetrics;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// The content type of the text that [`Metrics::text`] writes.
pub const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics of a process. Each subsystem registers its own.
#[derive(Debug)]
pub struct Metrics {
    registry: RwLock<Registry>,
    pipelines: PipelineFamilies,
    store: Arc<StoreMetrics>,
    reloads: Family<[(&'static str, &'static str); 1], Counter>,
    /// Events that slow readers of the live tail missed.
    missed_events: Counter,
}

impl Metrics {
    /// The metrics of a host that begins now.
    pub(crate) fn new() -> Self {
        let mut registry = Registry::default();
        let pipelines = PipelineFamilies::register(&mut registry);
        let store = Arc::new(StoreMetrics::register(&mut registry));
        let reloads = Family::<_, Counter>::default();
        registry.register("postlude_reloads", "Reloads of the configuration", reloads.clone());
        for outcome in ["taken", "refused"] {
            reloads.get_or_create_owned(&[("outcome", outcome)]);
        }
        let missed_events = Counter::default();
        let help = "Events that slow readers of the live tail missed";
        registry.register("postlude_tail_missed", help, missed_events.clone());
        ProcessMetrics::register(&mut registry);
        Self { registry: RwLock::new(registry), pipelines, store, reloads, missed_events }
    }

    /// Adds the metrics of another subsystem, such as an HTTP server's.
    pub fn register<T>(&self, register: impl FnOnce(&mut Registry) -> T) -> T {
        register(&mut self.registry.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// What the runs of a pipeline count to. A tenant or action that was there before keeps its numbers.
    pub(crate) fn of_pipeline(&self, tenant: &TenantName, actions: &[Arc<Action>]) -> PipelineMetrics {
        self.pipelines.of(tenant, actions)
    }

    /// Where the store counts its commits.
    pub(crate) fn store(&self) -> Arc<StoreMetrics> {
        Arc::clone(&self.store)
    }

    /// Counts a reload that was taken, or refused.
    pub(crate) fn reloaded(&self, taken: bool) {
        self.reloads.get_or_create(&[("outcome", if taken { "taken" } else { "refused" })]).inc();
    }

    /// Counts events that a slow reader of the live tail missed.
    pub fn missed_events(&self, count: u64) {
        self.missed_events.inc_by(count);
    }

    /// All series as text: the registered ones, and those that are read at this moment.
    pub(crate) fn text(&self, now: Box<dyn Collector>) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode_registry(&mut text, &self.registry.read().unwrap_or_else(PoisonError::into_inner))?;
        let mut moment = Registry::default();
        moment.register_collector(now);
        encode_registry(&mut text, &moment)?;
        encode_eof(&mut text)?;
        Ok(text)
    }
}
