//! `GET /v1/admin/events`: the live tail, as server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use crate::app::App;
use crate::auth::{Need, authenticate};
use crate::error::ApiError;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::IntoResponse;
use axum::response::sse::{Event, Sse};
use futures_util::stream::{self, Stream};
use postlude_host::HostError;
use postlude_host::events::{EventReader, READERS_OF_A_TENANT, TailItem};
use postlude_host::rfc3339;
use serde_json::json;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// How often a comment keeps the connection alive, and the key is looked at again. Common proxies close after 60 seconds of
/// silence.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The live tail
///
/// Follows what happens in the caller's tenant until the reader goes, its key is withdrawn, or the server stops.
#[utoipa::path(get, path = "/v1/admin/events", tag = "logins", operation_id = "follow_events",
    responses((status = 200, description = "Server-sent events; each is a JSON object with `kind` and `at`", body = String,
        content_type = "text/event-stream")),
    extensions(("x-postlude-errors" = json!(["too_many_tails"]))),
    security(("key" = ["operator"]), ("key" = ["reader"])))]
pub(crate) async fn follow(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<impl IntoResponse, ApiError> {
    let caller = authenticate(&app, &headers, Need::Inspect)?;
    let reader = app.host.events().read(&caller.tenant.name).ok_or(HostError::TooManyTails(READERS_OF_A_TENANT))?;
    let fixed = [(header::CACHE_CONTROL, "no-store"), (HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((fixed, Sse::new(tail(app, headers, reader))))
}

struct Tail {
    app: Arc<App>,
    /// The caller's, to check again that its key is known.
    headers: HeaderMap,
    reader: EventReader,
    keep_alive: Interval,
}

fn tail(app: Arc<App>, headers: HeaderMap, reader: EventReader) -> impl Stream<Item = Result<Event, Infallible>> {
    let mut keep_alive = interval(KEEP_ALIVE);
    keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let tail = Tail { app, headers, reader, keep_alive };
    stream::unfold(tail, |mut tail| async {
        let item = tokio::select! {
            biased;
            item = tail.reader.next() => Some(item?),
            // The first tick is at once: the reader sees that it is connected.
            _ = tail.keep_alive.tick() => None,
        };
        // A reload may have withdrawn the key, or its role.
        authenticate(&tail.app, &tail.headers, Need::Inspect).ok()?;
        let event = match item {
            None => Event::default().comment("alive"),
            Some(TailItem::Missed(missed)) => {
                tail.app.host.metrics().missed_events(missed);
                let at = rfc3339(tail.app.host.clock().now());
                let data = json!({ "kind": "lagged", "at": at, "missed": missed });
                Event::default().event("lagged").data(data.to_string())
            }
            Some(TailItem::Event(event)) => {
                Event::default().event(event.kind).id(event.number.to_string()).data(event.data.as_str())
            }
        };
        Some((Ok(event), tail))
    })
}
