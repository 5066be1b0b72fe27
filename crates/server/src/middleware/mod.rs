//! The layers around every route, one a file, from the outside in: trace, metrics, headers. Each is a service of its own, because
//! axum's middleware by functions boxes the rest of the stack for each request.

mod headers;
mod metrics;
mod trace;
pub mod trace_context;

use crate::app::App;
use axum::Router;
use std::sync::Arc;

/// Puts all layers around a router.
pub(crate) fn around<S: Clone + Send + Sync + 'static>(router: Router<S>, app: &Arc<App>) -> Router<S> {
    router.layer((trace::TraceLayer, metrics::MetricsLayer(Arc::clone(app)), headers::HeadersLayer))
}
