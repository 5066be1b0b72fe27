//! Uploading a plugin: streamed, capped while it is read, hashed, checked and compiled as any other, and stored by digest.

use super::plugins::{PluginDetail, detail};
use super::{audit, enter, to_its_end};
use crate::auth::{Caller, Need};
use crate::compiling::CompileError;
use crate::error::ApiError;
use crate::runtime::Runtime;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt as _;
use postlude_model::limits;
use postlude_model::names::{Digest, TenantName};
use postlude_sandbox::Plugin;
use postlude_store::{StoreError, Upload};
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How long an upload may take: the largest component over a slow line.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(60);

/// Uploads at a time, one for each tenant: each holds a component in memory. How many compile at once is the compiler's.
const AT_A_TIME: usize = 8;

/// Uploads that a tenant may have. Files are kept for as long as a login may need them, so this bounds its part of the disk.
const UPLOADS: usize = 1000;

/// The uploads that are under way, by tenant: a slow one holds up its own tenant alone.
#[derive(Debug, Default)]
pub(crate) struct Uploads(Mutex<HashSet<TenantName>>);

/// Given back when it is dropped.
struct Place<'a> {
    uploads: &'a Uploads,
    tenant: TenantName,
}

impl Uploads {
    fn place(&self, tenant: &TenantName) -> Result<Place<'_>, ApiError> {
        let mut under_way = self.under_way();
        if under_way.contains(tenant) {
            return Err(busy("another upload of this tenant is under way; send this one when it has ended"));
        }
        if under_way.len() >= AT_A_TIME {
            return Err(busy("as many uploads as this server takes are under way; send this one a little later"));
        }
        under_way.insert(tenant.clone());
        Ok(Place { uploads: self, tenant: tenant.clone() })
    }

    fn under_way(&self) -> MutexGuard<'_, HashSet<TenantName>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.uploads.under_way().remove(&self.tenant);
    }
}

pub(super) fn routes() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::default().routes(routes!(upload))
}

/// Upload a plugin
///
/// The component as it is, as `application/wasm`. It is checked and compiled as the configuration's plugins are, and stored by its
/// digest; nothing runs it until a configuration names it. Repeating it changes nothing. Core modules, text and precompiled
/// code are refused.
#[utoipa::path(post, path = "/v1/admin/plugins", tag = "plugins", operation_id = "upload_plugin",
    request_body(content = crate::openapi::Component, content_type = "application/wasm", description = "The component"),
    responses((status = 200, description = "It is stored", body = PluginDetail)),
    extensions(("x-postlude-errors" = json!(["plugin_too_large", "unsupported_media_type", "plugin_refused", "limit_reached"]))),
    security(("key" = ["operator"])))]
async fn upload(State(runtime): State<Arc<Runtime>>, request: Request) -> Result<Json<PluginDetail>, ApiError> {
    let caller = enter(&runtime, &request, Need::Operate)?;
    let (parts, body) = request.into_parts();
    acceptable(&parts.headers)?;
    let _place = runtime.uploads.place(&caller.tenant.name)?;
    let late =
        |_| ApiError::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "the upload took longer than a minute");
    let (digest, bytes) = tokio::time::timeout(UPLOAD_TIMEOUT, receive(body)).await.map_err(late)??;
    let known = runtime.store.uploads(&caller.tenant.name).await.map_err(ApiError::unavailable)?;
    if !known.iter().any(|upload| upload.digest == digest) {
        if known.len() >= UPLOADS {
            return Err(full());
        }
        keep(&runtime, &caller, digest, bytes).await?;
    }
    detail(&runtime, &caller, digest).await.map(Json)
}

/// What can be refused before a byte of the body is read.
fn acceptable(headers: &HeaderMap) -> Result<(), ApiError> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let kind = text(header::CONTENT_TYPE).and_then(|kind| kind.split(';').next()).map(str::trim);
    if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application/wasm")) {
        let detail = "send the component itself, with `Content-Type: application/wasm`";
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail));
    }
    match text(header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok()) {
        Some(length) if length > limits::COMPONENT_BYTES => Err(too_large()),
        _ => Ok(()),
    }
}

/// Reads and hashes; stops at the limit, whatever the header said.
async fn receive(mut body: Body) -> Result<(Digest, Vec<u8>), ApiError> {
    let (mut bytes, mut hash) = (Vec::new(), Sha256::new());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|why| ApiError::invalid_request(format!("the body did not arrive whole: {why}")))?;
        let Ok(data): Result<Bytes, _> = frame.into_data() else { continue };
        if bytes.len() + data.len() > limits::COMPONENT_BYTES {
            return Err(too_large());
        }
        hash.update(&data);
        bytes.extend_from_slice(&data);
    }
    Ok((Digest::from_bytes(hash.finalize().into()), bytes))
}

/// Checks, compiles, stores the file and then the note of it.
async fn keep(runtime: &Arc<Runtime>, caller: &Caller, digest: Digest, bytes: Vec<u8>) -> Result<(), ApiError> {
    let bytes: Arc<[u8]> = bytes.into();
    let plugin = compile(runtime, digest, Arc::clone(&bytes)).await?;
    if plugin.digest() != digest {
        return Err(ApiError::internal("an upload has two digests"));
    }
    let manifest = plugin.manifest();
    let upload = Upload {
        digest,
        manifest: serde_json::to_string(manifest).map_err(ApiError::internal)?,
        imports: plugin.imports().to_vec(),
        bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        at: runtime.clock.now(),
        by: caller.key.to_string(),
    };
    let (storing, caller) = (Arc::clone(runtime), caller.clone());
    let stored = to_its_end(runtime, async move {
        // While it is tidied up, a file without its note would be taken for one that nobody needs.
        let _turn = storing.reloads.turn.lock().await;
        storing.store.put_plugin(&bytes).await.map_err(ApiError::unavailable)?;
        let noted = storing.store.put_upload(&caller.tenant.name, upload, UPLOADS).await.map_err(|why| match why {
            StoreError::Encoding(..) => refused("its manifest is too large to be kept"),
            why => ApiError::unavailable(why),
        })?;
        if noted {
            audit::note(&caller, "upload", digest, "");
        }
        noted.then_some(()).ok_or_else(full)
    });
    stored.await
}

/// The way of every plugin into the host.
async fn compile(runtime: &Runtime, digest: Digest, bytes: Arc<[u8]>) -> Result<Plugin, ApiError> {
    runtime.compiler.plugin(digest, bytes).await.map_err(|why| match why {
        CompileError::Worker { .. } | CompileError::Deadline(_) => ApiError::unavailable(why),
        why => refused(why),
    })
}

fn refused(why: impl ToString) -> ApiError {
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "plugin_refused", why.to_string())
}

fn busy(detail: &str) -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
}

fn too_large() -> ApiError {
    let detail = format!("a component may have {} bytes", limits::COMPONENT_BYTES);
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "plugin_too_large", detail)
}

fn full() -> ApiError {
    let detail = format!("this tenant has uploaded {UPLOADS} plugins, as many as it may have; name others by file");
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "limit_reached", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_one_for_each_tenant_and_limited_at_the_edge() {
        let uploads = Uploads::default();
        let tenant = |number: usize| TenantName::new(format!("t{number}")).unwrap();
        let mut places: Vec<_> = (0..AT_A_TIME).map(|number| uploads.place(&tenant(number)).unwrap()).collect();
        assert!(uploads.place(&tenant(AT_A_TIME)).is_err(), "all are taken");
        assert!(uploads.place(&tenant(0)).is_err());
        places.pop();
        assert!(uploads.place(&tenant(0)).is_err(), "a tenant has one");
        assert!(uploads.place(&tenant(AT_A_TIME)).is_ok());
    }
}
