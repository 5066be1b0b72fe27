//! `/healthz` and `/readyz`, without a key.

use crate::app::App;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// The process is alive
#[utoipa::path(get, path = "/healthz", tag = "health", operation_id = "healthz",
    responses((status = 200, description = "The process is alive", content_type = "text/plain", body = String),
        (status = 503, description = "The process cannot recover by itself and is about to end; the text says why", content_type = "text/plain", body = String)))]
pub(crate) async fn healthz(State(app): State<Arc<App>>) -> Response {
    match app.host.lost() {
        None => "ok\n".into_response(),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("the process must end: {why}\n")).into_response(),
    }
}

/// Logins can be served
///
/// The store answers, and the server is not stopping.
#[utoipa::path(get, path = "/readyz", tag = "health", operation_id = "readyz",
    responses((status = 200, description = "Logins can be served", content_type = "text/plain", body = String),
        (status = 503, description = "Logins cannot be served; the text says why", content_type = "text/plain", body = String)))]
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Response {
    match app.host.ready().await {
        Ok(()) => {
            let mut text = "ready\n".to_owned();
            if app.host.reloads().status().last.is_some_and(|last| last.outcome.is_err()) {
                text.push_str(
                    "the last reload was refused, and the configuration before it serves; the log says why\n",
                );
            }
            let damaged = app.host.store_condition().damaged_records();
            if damaged > 0 {
                text.push_str(&format!(
                    "{damaged} stored records are damaged and count as absent; `postlude store check` lists them\n"
                ));
            }
            if let Some(alarm) = app.host.alarm() {
                text.push_str(&alarm);
                text.push('\n');
            }
            text.into_response()
        }
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")).into_response(),
    }
}
