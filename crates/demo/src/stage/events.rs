//! The messages as they happen, as server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use super::diagram;
use super::shown::Stage;
use crate::journal::{Flow, Message, State as Shown};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::watch;

#[derive(Debug, Default, Deserialize)]
pub(super) struct After {
    /// The last message that the page has.
    #[serde(default)]
    after: u64,
}

/// Follows the journal from a message on.
pub(super) async fn follow(
    State(stage): State<Arc<Stage>>,
    headers: HeaderMap,
    Query(After { after }): Query<After>,
) -> impl IntoResponse {
    // A browser that lost the connection names the last event that it has.
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok()).and_then(|id| id.parse().ok());
    let changes = stage.journal.follow();
    let tail = Tail { stage, changes, last: last.unwrap_or(after), is_first: true };
    ([(header::CACHE_CONTROL, "no-store")], Sse::new(events(tail)).keep_alive(KeepAlive::default()))
}

struct Tail {
    stage: Arc<Stage>,
    changes: watch::Receiver<u64>,
    last: u64,
    is_first: bool,
}

fn events(tail: Tail) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(tail, |mut tail| async {
        if !tail.is_first {
            tail.changes.changed().await.ok()?;
        }
        tail.is_first = false;
        tail.changes.mark_unchanged();
        let event = tail.event();
        Some((Ok(event), tail))
    })
}

impl Tail {
    /// What is new, and the state as it is now.
    fn event(&mut self) -> Event {
        let (flows, state) = self.stage.journal.now();
        let mut new: Vec<(&Flow, &Message)> = flows
            .iter()
            .flat_map(|flow| flow.messages.iter().map(move |message| (flow, message.as_ref())))
            .filter(|(_, message)| message.id > self.last)
            .collect();
        new.sort_by_key(|(_, message)| message.id);
        self.last = new.last().map_or(self.last, |(_, message)| message.id);
        let messages: Vec<Value> = new.iter().map(|(flow, message)| self.message(flow, message)).collect();
        let data = json!({ "messages": messages, "state": self.state(&flows, &state) });
        Event::default().event("journal").id(self.last.to_string()).data(data.to_string())
    }

    fn message(&self, flow: &Flow, message: &Message) -> Value {
        let is_pane = self.stage.journal.panes().contains(&flow.browser.as_str());
        json!({
            "flow": flow.id,
            "pane": is_pane,
            "flowHtml": diagram::empty_flow(flow),
            "html": diagram::message(flow, message),
        })
    }

    fn state(&self, flows: &[Flow], state: &Shown) -> Value {
        let outcomes = flows.iter().filter_map(|flow| Some((flow.id.to_string(), json!(flow.outcome.as_ref()?))));
        let logins = flows.iter().filter_map(|flow| Some((flow.id.to_string(), json!(flow.login.as_ref()?))));
        json!({
            "seen": state.seen.iter().map(|seen| seen.word()).collect::<Vec<_>>(),
            "addresses": state.addresses,
            "link": state.link.as_ref().map(|(_, link)| link),
            "plugin": self.stage.theme.status().map(|status| json!({ "about": status.about, "failure": status.failure })),
            "typed": self.stage.theme.editor().map(|editor| {
                let typed = editor.typed();
                json!({ "said": typed.said, "refused": typed.is_refused })
            }),
            "hours": self.stage.time.hours_ahead(),
            "logins": logins.collect::<serde_json::Map<_, _>>(),
            "outcomes": outcomes.collect::<serde_json::Map<_, _>>(),
        })
    }
}
