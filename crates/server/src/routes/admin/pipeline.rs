//! `/v1/admin/pipeline`: the pipeline in force: its revision and its actions, as they were bound.

use crate::app::App;
use crate::auth::{Need, authenticate};
use crate::error::ApiError;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use postlude_model::action::{Action, FactorPolicy, FailureKind, OnFailure};
use postlude_model::policy::orders::{CurrentOrders, Orders};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use utoipa::ToSchema;

/// The pipeline that new logins take.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PipelineView {
    /// The number of its revision.
    revision: u64,
    /// Its actions, in order.
    actions: Vec<ActionView>,
}

/// An action. Secrets and keys are not shown, nor where they come from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActionView {
    /// Its name in the pipeline.
    name: String,
    /// The plugin's name.
    plugin: String,
    /// The plugin's version.
    version: String,
    /// The plugin.
    #[schema(value_type = crate::openapi::DigestText)]
    digest: String,
    /// Whether the plugin is killed.
    killed: bool,
    /// The modes in which it runs.
    #[schema(value_type = Vec<crate::openapi::ModeText>)]
    applies_to: Vec<&'static str>,
    /// What of the event must hold; else it is passed over.
    #[schema(value_type = Vec<Object>)]
    when: Value,
    /// The group of which one action suffices.
    any_of: Option<String>,
    /// Nothing comes of it but its trace.
    report_only: bool,
    /// What each kind of failure means.
    on_failure: OnFailureView,
    /// Its settings.
    #[schema(value_type = Object)]
    settings: Value,
    /// What the operator granted, by kind.
    #[schema(value_type = Object)]
    grants: Value,
    /// The factors that it may record, with their policies.
    factors: Vec<PolicyView>,
    /// Limits of a run.
    limits: LimitsView,
}

/// What each kind of failure means for the login: `deny` or `continue`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OnFailureView {
    /// The action could not decide, or asked for what is not acceptable.
    #[schema(value_type = crate::openapi::OnFailureText)]
    other: &'static str,
    /// Something it needs did not answer.
    #[schema(value_type = crate::openapi::OnFailureText)]
    unavailable: &'static str,
    /// The run was stopped.
    #[schema(value_type = crate::openapi::OnFailureText)]
    trap: &'static str,
    /// Its fuel was spent.
    #[schema(value_type = crate::openapi::OnFailureText)]
    fuel: &'static str,
}

/// A factor's policy.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyView {
    /// The factor.
    name: String,
    /// How old a record may be, in seconds; 0: prompt every time.
    max_age_seconds: u64,
    /// How long ago it may have been used last, in seconds.
    max_idle_seconds: Option<u64>,
    /// How many later logins it may satisfy.
    max_uses: Option<u32>,
    /// Whether a record counts only for the client in whose login the factor was completed.
    per_client: bool,
    /// What it is worth (RFC 8176).
    amr: Vec<String>,
    /// The plugin's own word is taken for the proof.
    external: bool,
    /// Whether the factor may be recorded without a prompt.
    silent: bool,
}

/// Limits of a run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LimitsView {
    /// Fuel units.
    fuel: u64,
    /// Milliseconds.
    wall_clock_ms: u64,
    /// Bytes of linear memory.
    memory_bytes: u64,
}

impl ActionView {
    fn of(action: &Action, orders: &Orders) -> Self {
        let spec = &action.spec;
        Self {
            name: spec.name.to_string(),
            plugin: spec.plugin.to_string(),
            version: spec.version.clone(),
            digest: spec.digest.to_string(),
            killed: orders.killed(&spec.digest).is_some(),
            applies_to: spec.applies_to.iter().map(|mode| mode.as_str()).collect(),
            when: serde_json::to_value(&spec.rules.when).unwrap_or_default(),
            any_of: spec.rules.any_of.as_ref().map(ToString::to_string),
            report_only: spec.rules.report_only,
            on_failure: OnFailureView::of(spec.on_failure),
            settings: spec.settings.to_value(),
            grants: serde_json::to_value(&spec.grants).unwrap_or_default(),
            factors: spec.factors.iter().map(PolicyView::of).collect(),
            limits: LimitsView {
                fuel: spec.budget.fuel,
                wall_clock_ms: u64::try_from(spec.budget.wall_clock.as_millis()).unwrap_or(u64::MAX),
                memory_bytes: spec.budget.memory_bytes,
            },
        }
    }
}

impl OnFailureView {
    fn of(on_failure: OnFailure) -> Self {
        let word = |kind| if on_failure.opens(kind) { "continue" } else { "deny" };
        Self {
            other: word(FailureKind::Other),
            unavailable: word(FailureKind::Unavailable),
            trap: word(FailureKind::Trap),
            fuel: word(FailureKind::Fuel),
        }
    }
}

impl PolicyView {
    fn of(policy: &FactorPolicy) -> Self {
        Self {
            name: policy.name.to_string(),
            max_age_seconds: policy.max_age.as_secs(),
            max_idle_seconds: policy.max_idle.map(|idle| idle.as_secs()),
            max_uses: policy.max_uses,
            per_client: policy.per_client,
            amr: policy.amr.clone(),
            external: policy.external,
            silent: policy.silent,
        }
    }
}

/// The pipeline in force
#[utoipa::path(get, path = "/v1/admin/pipeline", tag = "pipeline", operation_id = "get_pipeline",
    responses((status = 200, description = "The pipeline that new logins take", body = PipelineView)),
    security(("key" = ["operator"]), ("key" = ["reader"])))]
pub(crate) async fn pipeline(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Json<PipelineView>, ApiError> {
    let caller = authenticate(&app, &headers, Need::Inspect)?;
    let (pipeline, orders) = (caller.tenant.pipeline(), caller.tenant.orders.orders());
    let actions = pipeline.actions.iter().map(|action| ActionView::of(action, &orders)).collect();
    Ok(Json(PipelineView { revision: pipeline.revision, actions }))
}
