//! `/v1/admin/reload`: reloading the configuration file, as SIGHUP does, with the outcome in the answer.

use crate::app::App;
use crate::auth::{Need, authenticate};
use crate::error::ApiError;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use postlude_config::Problem;
use postlude_host::{Caller, ReloadRefused};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What a reload put into force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReloadView {
    /// The revision of the tenant's pipeline now; null when the tenant is no longer configured.
    revision: Option<u64>,
    /// What a person should look at.
    warnings: Vec<String>,
    /// Keys of `[server]` that changed and are taken at the next start.
    waiting_for_restart: Vec<String>,
}

/// Reload the configuration
///
/// Reads the configuration file and the plugin files again, for all tenants, and puts all of it into force or nothing. Suspended
/// logins stay on the revision that they began with. On a host of several tenants the answer has the problems that surely are the
/// caller's, and counts the others; the server's log has them all.
#[utoipa::path(post, path = "/v1/admin/reload", tag = "pipeline", operation_id = "reload",
    responses((status = 200, description = "The configuration is in force", body = ReloadView)),
    extensions(("x-postlude-errors" = json!(["configuration_refused"]))), security(("key" = ["operator"])))]
pub(crate) async fn reload(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Json<ReloadView>, ApiError> {
    let caller = authenticate(&app, &headers, Need::Operate)?;
    let alone = app.host.tenants().count() == 1;
    match app.host.operator().reload.reload(&caller).await {
        Ok(reloaded) => {
            let revision = app.host.tenants().get(&caller.tenant.name).map(|tenant| tenant.pipeline().revision);
            let waiting_for_restart = reloaded.waiting_for_restart.iter().map(ToString::to_string).collect();
            Ok(Json(ReloadView { revision, warnings: own(&reloaded.warnings, &caller, alone).0, waiting_for_restart }))
        }
        Err(why) => Err(refused(&why, &caller, alone)),
    }
}

fn refused(why: &ReloadRefused, caller: &Caller, alone: bool) -> ApiError {
    let ReloadRefused::Config(problems) = why else { return ApiError::unavailable(why) };
    let (own, others) = own(problems.as_slice(), caller, alone);
    let elsewhere = if others == 0 { String::new() } else { format!(", {others} more are in the server's log") };
    let count = own.len();
    let detail =
        format!("the configuration has mistakes and the one before keeps serving: {count} listed here{elsewhere}");
    ApiError::configuration_refused(detail, own, problems)
}

/// The problems that a tenant may read, and how many more there are. What does not begin with the tenant's name may be
/// another's: those of an action do not say whose it is.
fn own(problems: &[Problem], caller: &Caller, alone: bool) -> (Vec<String>, usize) {
    let subject = format!("tenant `{}`", caller.tenant.name);
    let own: Vec<_> = problems.iter().filter(|problem| alone || problem.message.starts_with(&subject)).collect();
    let others = problems.len().saturating_sub(own.len());
    (own.into_iter().map(ToString::to_string).collect(), others)
}
