//! Counts every answer by the pattern of its route.

use crate::app::App;
use crate::public_routes::PublicRoute;
use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tower::{Layer, Service};

/// The layer.
#[derive(Debug, Clone)]
pub(super) struct MetricsLayer(pub(super) Arc<App>);

impl<S> Layer<S> for MetricsLayer {
    type Service = Metered<S>;
    fn layer(&self, inner: S) -> Metered<S> {
        Metered { app: Arc::clone(&self.0), inner }
    }
}

/// A service with the layer around it.
#[derive(Debug, Clone)]
pub(super) struct Metered<S> {
    app: Arc<App>,
    inner: S,
}

impl<S> Service<Request> for Metered<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Counted<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let route = match (request.extensions().get::<MatchedPath>(), PublicRoute::of_path(request.uri().path())) {
            (Some(matched), _) => Route::Matched(matched.clone()),
            (None, Some((public, _))) => Route::Fixed(public.pattern()),
            (None, None) => Route::Fixed("other"),
        };
        Counted { app: Arc::clone(&self.app), route, answering: self.inner.call(request) }
    }
}

/// The route that a request takes.
enum Route {
    Matched(MatchedPath),
    Fixed(&'static str),
}

pin_project_lite::pin_project! {
    /// An answer that is counted once it is there.
    pub(super) struct Counted<F> {
        app: Arc<App>,
        route: Route,
        #[pin]
        answering: F,
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for Counted<F> {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.answering.poll(context))?;
        let route = match this.route {
            Route::Matched(matched) => matched.as_str(),
            Route::Fixed(pattern) => pattern,
        };
        this.app.metrics.answered(route, response.status().as_u16());
        Poll::Ready(Ok(response))
    }
}
