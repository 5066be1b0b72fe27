//! Every route, on one screen.

use crate::app::App;
use crate::codes::ErrorCode;
use crate::error::ApiError;
use crate::middleware::around;
use crate::routes::{admin, health, issuer, logins, metrics as metrics_route, openapi, sessions};
use axum::Router;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Every route with its documentation: a route that is not in the OpenAPI document cannot be added. The public routes of tenants are in
/// `public_routes.rs`.
pub(crate) fn documented() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(logins::start)) //                  POST /v1/logins
        .routes(routes!(logins::show)) //                   GET  /v1/logins/{login_id}
        .routes(routes!(logins::resume)) //                 POST /v1/logins/{login_id}/continue
        .routes(routes!(sessions::get)) //                  POST /v1/sessions/get
        .routes(routes!(sessions::rotate)) //               POST /v1/sessions/rotate
        .routes(routes!(sessions::end)) //                  POST /v1/sessions/end
        .routes(routes!(sessions::revoke_factor)) //        POST /v1/sessions/revoke-factor
        .routes(routes!(health::healthz)) //                GET  /healthz
        .routes(routes!(health::readyz)) //                 GET  /readyz
        .routes(routes!(openapi::openapi)) //               GET  /openapi.json
        .routes(routes!(admin::plugins::list::list)) //           GET  /v1/admin/plugins
        .routes(routes!(admin::plugins::list::get)) //            GET  /v1/admin/plugins/{digest}
        .routes(routes!(admin::plugins::upload::upload)) //          POST /v1/admin/plugins
        .routes(routes!(admin::plugins::revoke_factors::revoke)) //  POST /v1/admin/plugins/revoke-factors
        .routes(routes!(admin::pipeline::pipeline)) //      GET  /v1/admin/pipeline
        .routes(routes!(admin::reload::reload)) //          POST /v1/admin/reload
        .routes(routes!(admin::logins::list::list)) //            POST /v1/admin/logins/list
        .routes(routes!(admin::logins::detail::show)) //             GET  /v1/admin/logins/{login_id}
        .routes(routes!(admin::logins::recording::get)) //           GET  /v1/admin/logins/{login_id}/recording
        .routes(routes!(admin::events::follow)) //          GET  /v1/admin/events
        .routes(routes!(admin::sessions::list)) //          POST /v1/admin/sessions/list
        .routes(routes!(admin::sessions::get)) //           POST /v1/admin/sessions/get
        .routes(routes!(admin::sessions::end)) //           POST /v1/admin/sessions/end
        .routes(routes!(admin::sessions::revoke_factor)) // POST /v1/admin/sessions/revoke-factor
        .routes(routes!(admin::bypasses::issue)) //         POST /v1/admin/bypasses
        .routes(routes!(admin::bypasses::list)) //          POST /v1/admin/bypasses/list
        .routes(routes!(admin::bypasses::revoke)) //        POST /v1/admin/bypasses/revoke
        .routes(routes!(admin::kill::kill)) //              POST /v1/admin/kill
        .routes(routes!(admin::kill::lift)) //              POST /v1/admin/kill/lift
        .routes(routes!(admin::orders::list)) //            GET  /v1/admin/orders
        .routes(routes!(admin::root_keys::list)) //         GET  /v1/admin/root-keys
}

/// The metrics, which may have a listener of their own.
pub(crate) fn metered() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default().routes(routes!(metrics_route::metrics)) // GET /metrics
}

/// What the API's listener serves as well, unless it has a listener of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Also {
    pub(crate) public: bool,
    pub(crate) metrics: bool,
}

/// The IdP's API, the operators' and health.
pub(crate) fn api(app: Arc<App>, also: Also) -> Router {
    let documented = if also.metrics { documented().merge(metered()) } else { documented() };
    let router = Router::from(documented).method_not_allowed_fallback(method_not_allowed);
    let router = if also.public { router.fallback(issuer::public) } else { router.fallback(not_found) };
    around(router, &app).with_state(app)
}

/// The public routes of all tenants alone.
pub(crate) fn public(app: Arc<App>) -> Router {
    around(Router::new().fallback(issuer::public), &app).with_state(app)
}

/// The metrics alone.
pub(crate) fn metrics(app: Arc<App>) -> Router {
    let router = Router::from(metered()).method_not_allowed_fallback(method_not_allowed).fallback(not_found);
    around(router, &app).with_state(app)
}

async fn not_found() -> ApiError {
    ApiError::not_found()
}

async fn method_not_allowed() -> ApiError {
    ApiError::new(ErrorCode::MethodNotAllowed, "this route has another method; the README lists them")
}
