//! What every route shares: the host, and what the server itself counts.

use crate::metrics::HttpMetrics;
use postlude_host::Host;
use serde_json::Value;

/// The state of the router. It holds no request's data.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) host: Host,
    pub(crate) metrics: HttpMetrics,
    /// The OpenAPI document, as text.
    pub(crate) openapi: String,
}

impl App {
    /// Serves a host; what the server counts joins the host's metrics.
    pub(crate) fn new(host: Host, openapi: &Value) -> Self {
        let routes = openapi.get("paths").and_then(Value::as_object);
        let patterns = routes.into_iter().flat_map(|routes| routes.keys().cloned());
        let metrics = host.metrics().register(|registry| HttpMetrics::register(registry, patterns));
        Self { host, metrics, openapi: openapi.to_string() }
    }
}
