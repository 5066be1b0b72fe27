//! `/metrics`, without a key.

use crate::app::App;
use crate::error::ApiError;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use postlude_host::OPEN_METRICS;
use std::sync::Arc;

/// Metrics
///
/// OpenMetrics text; on a listener of its own where `metrics_listen` is configured.
#[utoipa::path(get, path = "/metrics", tag = "health", operation_id = "metrics",
    responses((status = 200, description = "The metrics", body = String,
        content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8")),
    extensions(("x-postlude-errors" = json!(["internal"]))))]
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Result<impl IntoResponse, ApiError> {
    let text = app.host.metrics_text().map_err(ApiError::internal)?;
    Ok(([(header::CONTENT_TYPE, OPEN_METRICS)], text))
}
