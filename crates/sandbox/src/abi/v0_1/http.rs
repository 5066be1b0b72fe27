//! `http`: requests to granted hosts. What is granted, refused and measured at the wire is the client's matter; here are the
//! number of requests in a run, its clock, and the recording.

use super::bindings::http::{HttpError, Request, Response};
use crate::abi::meter::CallProgress;
use crate::price::Work;
use crate::state::RunState;
use postlude_model::http as model;
use postlude_model::limits::{HTTP_CALLS, HTTP_MARGIN, HTTP_TIMEOUT};
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};

/// `send`, up to the wait for an answer.
pub fn send(run: &mut RunState, (request,): (Request,)) -> CallProgress<model::Exchange, Result<Response, HttpError>> {
    if run.requests >= HTTP_CALLS {
        return CallProgress::Ready(Err(HttpError::Other(format!("a run may make {HTTP_CALLS} requests"))));
    }
    run.requests = run.requests.saturating_add(1);
    run.owe(Work::Request);
    let request =
        model::Request { method: request.method, url: request.url, headers: request.headers, body: request.body };
    if let Some(answer) = run.input.http.replay(&request) {
        return CallProgress::Ready(sent(run, model::Exchange { request, answer }));
    }
    let hosts: Arc<[String]> = run.input.action.spec.grants.hosts.as_slice().into();
    let sent = run.input.http.client.send(request.clone(), hosts);
    let deadline = deadline(run);
    CallProgress::Pending(Box::pin(async move {
        let answer = timeout_at(deadline, sent).await.unwrap_or(Err(model::HttpError::Timeout));
        model::Exchange { request, answer }
    }))
}

/// A request ends before the run does, so that the plugin can still decide.
fn deadline(run: &RunState) -> Instant {
    let latest = run.latest(HTTP_MARGIN);
    Instant::now().checked_add(HTTP_TIMEOUT).map_or(latest, |deadline| deadline.min(latest))
}

/// `send`, once an answer is there.
pub fn sent(run: &mut RunState, exchange: model::Exchange) -> Result<Response, HttpError> {
    let answer = exchange.answer.clone();
    run.http.push(exchange);
    match answer {
        Ok(model::Response { status, headers, body }) => Ok(Response { status, headers, body }),
        Err(why) => Err(match why {
            model::HttpError::Other(text) => HttpError::Other(text),
            model::HttpError::NotAvailable => HttpError::NotAvailable,
            model::HttpError::NotGranted => HttpError::NotGranted,
            model::HttpError::InvalidRequest(text) => HttpError::InvalidRequest(text),
            model::HttpError::Timeout => HttpError::Timeout,
            model::HttpError::TooLarge => HttpError::TooLarge,
        }),
    }
}
