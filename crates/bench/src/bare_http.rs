//! The HTTP subjects beside the server: a bare handler, and the action as a webhook.

use crate::engine_rows::{Subject, Subjects};
use crate::prepared;
use anyhow::Result;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;

/// The request, decoded as a handler does that wants all of it.
#[derive(Debug, Deserialize)]
struct Login {
    trigger: String,
    mode: String,
    return_url: Option<String>,
    event: Value,
}

/// Decodes a login and answers a constant.
pub(crate) fn constant() -> Router {
    Router::new().route("/v1/logins", post(answer))
}

/// Decodes a login, runs the action on an event that was prepared, and answers a constant.
pub(crate) fn running(subject: Subject, component: &Path) -> Result<Router> {
    let subjects = Arc::new((subject, Subjects::load(component)?));
    Ok(Router::new().route("/v1/logins", post(run_and_answer)).with_state(subjects))
}

async fn run_and_answer(
    State(subjects): State<Arc<(Subject, Subjects)>>,
    login: Json<Login>,
) -> Result<impl IntoResponse, (StatusCode, String)> {
    let (subject, subjects) = subjects.as_ref();
    let ran = subjects.run(*subject).await;
    ran.map_err(|why| (StatusCode::INTERNAL_SERVER_ERROR, format!("{why:#}")))?;
    Ok(answer(login).await)
}

async fn answer(Json(login): Json<Login>) -> impl IntoResponse {
    let read = login.trigger.len() + login.mode.len() + login.return_url.map_or(0, |url| url.len());
    let named = login.event.pointer("/user/user_id").is_some() && read > 0;
    let body = if named { prepared::ANSWER } else { "{}" };
    ([(header::CONTENT_TYPE, "application/json")], body)
}

/// The action of the peers: a fresh factor is enough, else the browser goes to the prompt.
pub(crate) fn webhook() -> Router {
    Router::new().route("/v1/logins", post(decide))
}

async fn decide(Json(input): Json<Value>) -> Json<Value> {
    let (now, fresh) = (prepared::NOW, prepared::MAX_AGE);
    let factors = input.get("factors").and_then(Value::as_array).into_iter().flatten();
    let mut fresh = factors.filter(|factor| {
        let at = factor.get("completed_at").and_then(Value::as_u64).unwrap_or_default();
        factor.get("name").and_then(Value::as_str) == Some(prepared::FACTOR) && now.saturating_sub(at) < fresh
    });
    let decision = if fresh.next().is_some() { "continue" } else { "redirect" };
    Json(json!({ "decision": decision }))
}

/// Serves on a free port, which it prints, until its standard input closes: its parent has gone.
pub(crate) fn serve(router: Router) -> Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        crate::report::print_line(&listener.local_addr()?.to_string());
        let parent = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
        tokio::select! {
            served = axum::serve(listener, router).into_future() => served?,
            _ = parent => {}
        }
        Ok(())
    })
}
