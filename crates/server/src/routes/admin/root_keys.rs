//! `/v1/admin/root-keys`: the root keys of the host, and what each is needed for.

use crate::app::App;
use crate::auth::{Need, authenticate};
use crate::error::ApiError;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use postlude_host::operator::RootKeyStatus;
use postlude_host::rfc3339;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// A root key.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RootKeyView {
    /// Its public name.
    kid: String,
    /// Whether it makes everything new.
    current: bool,
    /// Stored records that need it. Those of an earlier key are given a tag of the current one in the background.
    records: u64,
    /// Logins in the login log that need it. They expire.
    light_logins: u64,
    /// Until when logins that began under it may need it; null: they do not, or it is the current key.
    #[schema(format = DateTime)]
    needed_until: Option<String>,
    /// Whether it may be removed from `previous_root_keys`.
    removable: bool,
}

/// The root keys of the host.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RootKeysView {
    /// Whether every stored record was looked at since the server started. Until then the counts are of those that were.
    complete: bool,
    /// Stored records that were looked at.
    checked: u64,
    /// Stored records that are damaged, or were made under a root key that was removed. They count as absent.
    damaged: u64,
    /// The key in `root_key`, and those in `previous_root_keys`.
    keys: Vec<RootKeyView>,
}

impl RootKeyView {
    fn of(key: RootKeyStatus) -> Self {
        let RootKeyStatus { kid, current, records, light_logins, complete: _, needed_until, removable } = key;
        Self { kid, current, records, light_logins, needed_until: needed_until.map(rfc3339), removable }
    }
}

/// Root keys
///
/// What each root key is needed for. The keys and counts are those of the host, over all its tenants.
#[utoipa::path(get, path = "/v1/admin/root-keys", tag = "keys", operation_id = "list_root_keys",
    responses((status = 200, description = "The root keys", body = RootKeysView)), security(("key" = ["operator"])))]
pub(crate) async fn list(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Json<RootKeysView>, ApiError> {
    authenticate(&app, &headers, Need::Operate)?;
    let condition = app.host.store_condition();
    let keys = app.host.operator().root_keys.list().into_iter().map(RootKeyView::of).collect();
    let (complete, checked, damaged) = (condition.complete, condition.checked, condition.damaged_records());
    Ok(Json(RootKeysView { complete, checked, damaged, keys }))
}
