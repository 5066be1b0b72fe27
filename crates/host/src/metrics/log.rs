//! Lines of the log that were lost.

use super::Metrics;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

/// Counts lines of a process's log that were lost because the log was not read in time. Cheap to clone; all clones count together.
#[derive(Debug, Clone, Default)]
pub struct LostLines(Family<[(&'static str, String); 1], Counter>);

impl LostLines {
    /// Counts lost lines of a tenant; the empty name: of no tenant.
    pub fn count(&self, tenant: &str, lines: u64) {
        self.0.get_or_create(&[("tenant", tenant.to_owned())]).inc_by(lines);
    }

    /// Adds the numbers to the metrics of a host, as `postlude_log_lines_lost_total`.
    pub fn register(&self, metrics: &Metrics) {
        let help = "Lines of the log that were lost because it was not read in time";
        metrics.register(|registry| registry.register("postlude_log_lines_lost", help, self.0.clone()));
    }
}
