//! What the server counts of its answers, by the route's pattern: a path that a caller makes up is no label.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// The labels of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnswerLabels {
    route: String,
    status: u16,
}

/// The answers of the server.
#[derive(Debug, Clone)]
pub(crate) struct HttpMetrics {
    answers: Family<AnswerLabels, Counter>,
}

impl HttpMetrics {
    /// Adds the server's metrics to a registry.
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let answers = Family::default();
        registry.register("postlude_http_requests", "Answers, by the route's pattern and status", answers.clone());
        Self { answers }
    }

    /// Counts an answer of the route with this pattern.
    pub(crate) fn answered(&self, route: &str, status: u16) {
        self.answers.get_or_create(&AnswerLabels { route: route.to_owned(), status }).inc();
    }
}
