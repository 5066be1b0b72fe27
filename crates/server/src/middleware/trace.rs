//! What every request is covered with: each line of the log names the login and the tenant that it is about, and where spans are
//! taken there is one around the request.

use super::trace_context;
use axum::extract::Request;
use axum::response::Response;
use postlude_host::log_context::{About, Covered, LogContext};
use std::convert::Infallible;
use std::task::{Context, Poll};
use tower::{Layer, Service};
use tracing::Span;
use tracing::field::Empty;

/// The layer.
#[derive(Debug, Clone, Copy)]
pub(super) struct TraceLayer;

impl<S> Layer<S> for TraceLayer {
    type Service = Traced<S>;
    fn layer(&self, inner: S) -> Traced<S> {
        Traced(inner)
    }
}

/// A service with the layer around it.
#[derive(Debug, Clone)]
pub(super) struct Traced<S>(S);

impl<S> Service<Request> for Traced<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Covered<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // The query is not logged: it may carry a state.
        let (method, path) = (request.method().as_str(), request.uri().path());
        if let Some(context) = LogContext::begin(method, path) {
            return About::new(Some(context), Span::none()).cover(self.0.call(request));
        }
        let span = tracing::info_span!("request", method, path, tenant = Empty, login_id = Empty);
        trace_context::adopt(&span, request.headers());
        About::new(None, span).cover(self.0.call(request))
    }
}
