//! The page that explains: two browsers, and every message as it is sent.

mod diagram;
mod editor;
mod events;
mod meaning;
mod page;
mod shown;
mod steps;
mod story;
mod trial;

use crate::site;
use crate::time::A_DAY_LATER;
use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use std::sync::Arc;

pub(crate) use editor::Editor;
pub(crate) use shown::{PluginStatus, Stage, Theme};
pub(crate) use trial::Trial;

const STYLE: &str = include_str!("stage.css");
const SCRIPT: &str = include_str!("stage.js");

#[derive(Debug, Deserialize)]
struct Open {
    browser: String,
    link: String,
}

#[derive(Debug, Deserialize)]
struct TypedForm {
    source: String,
    #[serde(default)]
    out: String,
}

/// The page's routes.
pub(crate) fn router(stage: Arc<Stage>) -> Router {
    Router::new()
        .route("/", get(front))
        .route("/events", get(events::follow))
        .route("/open", get(open))
        .route("/later", post(later).get(home))
        .route("/story", get(async |stage, wanted| (SAFE, story::save(stage, wanted).await)))
        .route("/typed", post(typed).get(home))
        .route("/assets/stage.css", get(async || ([(header::CONTENT_TYPE, "text/css")], SAFE, STYLE)))
        .route("/assets/stage.js", get(async || ([(header::CONTENT_TYPE, "text/javascript")], SAFE, SCRIPT)))
        .fallback(async || site::nowhere())
        .with_state(stage)
}

/// What every answer of the page has.
const SAFE: [(HeaderName, &str); 3] = [
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

async fn front(State(stage): State<Arc<Stage>>) -> Response {
    let mut response = (SAFE, axum::response::Html(page::render(&stage))).into_response();
    if let Ok(policy) = HeaderValue::from_str(&stage.policy()) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

async fn home() -> Response {
    site::see_other("/", &[])
}

/// Opens a link in one of the browsers, as its own address bar would.
async fn open(State(stage): State<Arc<Stage>>, Query(Open { browser, link }): Query<Open>) -> Response {
    let browser = stage.journal.panes().into_iter().find(|pane| *pane == browser);
    let link = browser.and_then(|browser| Some((browser, stage.names.link_for(browser, link.trim())?)));
    let Some((browser, link)) = link else { return site::foreign_link(&stage.names.stage()) };
    stage.journal.begin(browser, "a link is opened");
    site::see_other(&link, &[])
}

/// Moves the demo's clock forward.
async fn later(State(stage): State<Arc<Stage>>, headers: HeaderMap) -> Response {
    if !stage.is_own(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    stage.time.forward(A_DAY_LATER);
    stage.journal.note(|_| {});
    site::see_other("/", &[])
}

/// Puts what was typed into force.
async fn typed(State(stage): State<Arc<Stage>>, headers: HeaderMap, Form(form): Form<TypedForm>) -> Response {
    let Some(editor) = stage.theme.editor().filter(|_| stage.is_own(&headers)) else {
        return StatusCode::FORBIDDEN.into_response();
    };
    let source = form.source.replace("\r\n", "\n");
    editor.change(form.out.is_empty().then_some(source)).await;
    stage.journal.note(|_| {});
    site::see_other("/#typed", &[])
}
