//! The caller's trace context (W3C Trace Context, <https://www.w3.org/TR/trace-context/>) on a request's span.
//!
//! This crate knows no tracing system. The program that sets one up for the process, as `postlude serve` does for OpenTelemetry, gives
//! a function that makes a span the child of the caller's; without one a request costs a load and a comparison.

use axum::http::HeaderMap;
use std::sync::OnceLock;
use tracing::Span;

/// Makes a span the child of the span that `traceparent`, and `tracestate` where there is one, name. The headers come from any caller:
/// they are not checked before.
pub type Adopt = fn(span: &Span, traceparent: &str, tracestate: Option<&str>);

static ADOPT: OnceLock<Adopt> = OnceLock::new();

/// Adopts the spans of all requests from now on, and has the host make a span for each run. The function is the process's, like the
/// subscriber that it belongs to; returns whether this was the first call.
pub fn adopt_with(adopt: Adopt) -> bool {
    postlude_host::spans::enable();
    ADOPT.set(adopt).is_ok()
}

pub(super) fn adopt(span: &Span, headers: &HeaderMap) {
    let Some(adopt) = ADOPT.get() else { return };
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(traceparent) = text("traceparent") {
        adopt(span, traceparent, text("tracestate"));
    }
}
