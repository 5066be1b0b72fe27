//! Around every request: its span, its meter, and the headers that keep answers from being kept, leaked or framed.

use crate::runtime::Runtime;
use crate::trace_context;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower::{Layer, Service};
use tracing::{Instrument as _, field};

/// The headers of every answer that does not have them already.
const FIXED: [(HeaderName, HeaderValue); 4] = [
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
];

/// The layer. A service of its own, because axum's middleware by functions boxes the rest of the stack for each request.
#[derive(Clone)]
pub(crate) struct Around(pub(crate) Arc<Runtime>);

impl<S> Layer<S> for Around {
    type Service = Surrounded<S>;
    fn layer(&self, inner: S) -> Surrounded<S> {
        Surrounded { runtime: Arc::clone(&self.0), inner }
    }
}

/// A service with the layer around it.
#[derive(Clone)]
pub(crate) struct Surrounded<S> {
    runtime: Arc<Runtime>,
    inner: S,
}

impl<S> Service<Request> for Surrounded<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // Each line of the log says whose login it is about. The query is not logged: it may carry a state.
        let (method, path) = (request.method().as_str(), request.uri().path());
        let span = tracing::info_span!("request", method, path, tenant = field::Empty, login_id = field::Empty);
        trace_context::adopt(&span, request.headers());
        let route = self.runtime.metrics.route(pattern(&request));
        let answering = self.inner.call(request).instrument(span);
        Box::pin(async move {
            let mut response = answering.await?;
            route.answered(response.status().as_u16());
            for (name, value) in FIXED {
                response.headers_mut().entry(name).or_insert(value);
            }
            Ok(response)
        })
    }
}

/// The route that a request takes, by its pattern: what a caller makes up is no label.
fn pattern(request: &Request) -> &str {
    match (request.extensions().get::<MatchedPath>(), request.uri().path()) {
        (Some(matched), _) => matched.as_str(),
        (None, path) if path.ends_with("/continue") => "{issuer}/continue",
        (None, path) if path.ends_with("/.well-known/jwks.json") => "{issuer}/.well-known/jwks.json",
        (None, _) => "other",
    }
}
