//! `GET /v1/admin/events`: the live tail, as server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use crate::auth::{Need, authenticate};
use crate::clock::rfc3339;
use crate::error::ApiError;
use crate::events::{Heard, READERS_OF_A_TENANT, Reader};
use crate::runtime::Runtime;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::IntoResponse;
use axum::response::sse::{Event, Sse};
use futures_util::stream::{self, Stream};
use serde_json::json;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior, interval};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How often a comment keeps the connection alive, and the key is looked at again. Common proxies close after 60 seconds of
/// silence.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(super) fn routes() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::default().routes(routes!(follow))
}

/// The live tail
///
/// Follows what happens in the caller's tenant until the reader goes, its key is withdrawn, or the server stops.
#[utoipa::path(get, path = "/v1/admin/events", tag = "logins", operation_id = "follow_events",
    responses((status = 200, description = "Server-sent events; each is a JSON object with `kind` and `at`", body = String,
        content_type = "text/event-stream")),
    extensions(("x-postlude-errors" = json!(["too_many_tails"]))),
    security(("key" = ["operator"]), ("key" = ["reader"])))]
async fn follow(State(runtime): State<Arc<Runtime>>, headers: HeaderMap) -> Result<impl IntoResponse, ApiError> {
    let tenant = authenticate(&runtime, &headers, Need::Inspect)?;
    let reader = runtime.events.read(&tenant.name).ok_or_else(|| {
        let detail = format!("a tenant may have {READERS_OF_A_TENANT} live tails; end one of them");
        ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_tails", detail)
    })?;
    let fixed = [(header::CACHE_CONTROL, "no-store"), (HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((fixed, Sse::new(tail(runtime, headers, reader))))
}

struct Tail {
    runtime: Arc<Runtime>,
    /// The caller's, to ask again whether its key is known.
    headers: HeaderMap,
    reader: Reader,
    keep_alive: Interval,
}

fn tail(runtime: Arc<Runtime>, headers: HeaderMap, reader: Reader) -> impl Stream<Item = Result<Event, Infallible>> {
    let mut keep_alive = interval(KEEP_ALIVE);
    keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let tail = Tail { runtime, headers, reader, keep_alive };
    stream::unfold(tail, |mut tail| async {
        let heard = tokio::select! {
            biased;
            heard = tail.reader.next() => Some(heard?),
            // The first tick is at once: the reader sees that it is connected.
            _ = tail.keep_alive.tick() => None,
        };
        // A reload may have withdrawn the key, or its role.
        authenticate(&tail.runtime, &tail.headers, Need::Inspect).ok()?;
        let event = match heard {
            None => Event::default().comment("alive"),
            Some(Heard::Missed(missed)) => {
                tail.runtime.metrics.missed_events.add(missed);
                let at = rfc3339(tail.runtime.clock.now());
                let data = json!({ "kind": "lagged", "at": at, "missed": missed });
                Event::default().event("lagged").data(data.to_string())
            }
            Some(Heard::Event(event)) => {
                Event::default().event(event.kind).id(event.number.to_string()).data(event.data.as_str())
            }
        };
        Some((Ok(event), tail))
    })
}
