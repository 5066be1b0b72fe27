//! What every route shares: the host, and what the server itself counts.

use crate::metrics::HttpMetrics;
use postlude_host::Host;

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
    pub(crate) fn new(host: Host, openapi: String) -> Self {
        let metrics = host.metrics().register(HttpMetrics::register);
        Self { host, metrics, openapi }
    }
}
