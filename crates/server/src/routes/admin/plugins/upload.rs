//! `POST /v1/admin/plugins`: an upload is streamed, capped while it is read, hashed, checked and compiled as any other plugin, and stored
//! by digest.

use super::view::PluginDetail;
use crate::app::App;
use crate::auth::{Need, authenticate};
use crate::body::discard;
use crate::codes::ErrorCode;
use crate::error::ApiError;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use postlude_model::limits;
use postlude_model::names::Digest;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::time::Duration;

/// How long an upload may take: the largest component over a slow line.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(60);

/// Bytes of a refused upload that are read all the same: twice the largest component.
const DISCARDED: usize = 2 * limits::CLOSED_WASI_COMPONENT_BYTES;

/// Upload a plugin
///
/// The component as it is, as `application/wasm`. It is checked and compiled as the configuration's plugins are, and stored by its
/// digest; nothing runs it until a configuration names it. Repeating it changes nothing. Core modules, text and precompiled
/// code are refused.
#[utoipa::path(post, path = "/v1/admin/plugins", tag = "plugins", operation_id = "upload_plugin",
    request_body(content = crate::openapi::Component, content_type = "application/wasm", description = "The component"),
    responses((status = 200, description = "The plugin is stored", body = PluginDetail)),
    extensions(("x-postlude-errors" = json!(["plugin_too_large", "unsupported_media_type", "plugin_refused", "limit_reached"]))),
    security(("key" = ["operator"])))]
pub(crate) async fn upload(State(app): State<Arc<App>>, request: Request) -> Result<Json<PluginDetail>, ApiError> {
    let caller = authenticate(&app, request.headers(), Need::Operate)?;
    let (parts, mut body) = request.into_parts();
    if let Err(refused) = acceptable(&parts.headers) {
        discard(&parts.headers, body, DISCARDED).await;
        return Err(refused);
    }
    let operator = app.host.operator();
    let place = operator.uploads.place(&caller)?;
    let late = |_| ApiError::new(ErrorCode::RequestTimeout, "the upload took longer than a minute");
    let (digest, bytes) = match tokio::time::timeout(UPLOAD_TIMEOUT, receive(&mut body)).await.map_err(late)? {
        Ok(received) => received,
        Err(refused) => {
            discard(&parts.headers, body, DISCARDED).await;
            return Err(refused);
        }
    };
    operator.uploads.put(&place, &caller, digest, bytes).await?;
    PluginDetail::of(operator.plugins.get(&caller, digest).await?).map(Json)
}

/// What can be refused before a byte of the body is read.
fn acceptable(headers: &HeaderMap) -> Result<(), ApiError> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let kind = text(header::CONTENT_TYPE).and_then(|kind| kind.split(';').next()).map(str::trim);
    if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application/wasm")) {
        let detail = "send the component itself, with `Content-Type: application/wasm`";
        return Err(ApiError::new(ErrorCode::UnsupportedMediaType, detail));
    }
    match text(header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok()) {
        Some(length) if length > limits::CLOSED_WASI_COMPONENT_BYTES => Err(too_large()),
        _ => Ok(()),
    }
}

/// Reads and hashes; stops at the limit, whatever the header said.
async fn receive(body: &mut Body) -> Result<(Digest, Vec<u8>), ApiError> {
    let (mut bytes, mut hash) = (Vec::new(), Sha256::new());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|why| ApiError::invalid_request(format!("the body did not arrive whole: {why}")))?;
        let Ok(data): Result<Bytes, _> = frame.into_data() else { continue };
        if bytes.len() + data.len() > limits::CLOSED_WASI_COMPONENT_BYTES {
            return Err(too_large());
        }
        hash.update(&data);
        bytes.extend_from_slice(&data);
    }
    Ok((Digest::from_bytes(hash.finalize().into()), bytes))
}

fn too_large() -> ApiError {
    let detail = format!("a component may have {} bytes", limits::CLOSED_WASI_COMPONENT_BYTES);
    ApiError::new(ErrorCode::PluginTooLarge, detail)
}
