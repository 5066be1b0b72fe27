//! What the server counts of its answers, by the route's pattern: a path that a caller makes up is no label.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use std::collections::HashMap;
use std::sync::Arc;

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
    /// Those of a route with status 200, which most are: they are looked up without a lock and without a label of their own.
    ok: Arc<HashMap<String, Counter>>,
}

/// The status of most answers.
const OK: u16 = 200;

impl HttpMetrics {
    /// Adds the server's metrics to a registry.
    pub(crate) fn register(registry: &mut Registry, routes: impl Iterator<Item = String>) -> Self {
        let answers = Family::<AnswerLabels, Counter>::default();
        registry.register("postlude_http_requests", "Answers, by the route's pattern and status", answers.clone());
        let ok = |route: String| {
            let labels = AnswerLabels { route: route.clone(), status: OK };
            (route, answers.get_or_create_owned(&labels))
        };
        let ok = Arc::new(routes.map(ok).collect());
        Self { answers, ok }
    }

    /// Counts an answer of the route with this pattern.
    pub(crate) fn answered(&self, route: &str, status: u16) {
        if status == OK
            && let Some(counter) = self.ok.get(route)
        {
            counter.inc();
            return;
        }
        self.answers.get_or_create(&AnswerLabels { route: route.to_owned(), status }).inc();
    }
}
