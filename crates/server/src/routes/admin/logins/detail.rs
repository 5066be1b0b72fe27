//! `GET /v1/admin/logins/{login_id}`: a login's record, so that it explains itself across suspend and resume.
//!
//! Left out are the state, the resume key, the prompt's address but for its origin, what actions put aside, and the values of
//! metadata and claims.

use crate::app::App;
use crate::auth::{Need, authenticate};
use crate::error::ApiError;
use crate::routes::logins::{LoginPath, login_id};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use postlude_host::login::{cause, outcome};
use postlude_host::operator::LoginDetail;
use postlude_host::rfc3339;
use postlude_model::login::{LoginRecord, Status, Trace, TraceLine};
use postlude_model::run::Limit;
use postlude_model::session::FactorRecord;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// A login's record
///
/// Across its prompts: what ran, what it came to and why, and what the answer was worth.
#[utoipa::path(get, path = "/v1/admin/logins/{login_id}", tag = "logins", operation_id = "explain_login",
    params(("login_id" = String, Path, description = "The login", example = "lgn_7f3a")),
    responses((status = 200, description = "The record", body = LoginView)),
    extensions(("x-postlude-errors" = json!(["login_unknown", "login_uncertain"]))),
    security(("key" = ["operator"]), ("key" = ["reader"])))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    id: LoginPath,
    headers: HeaderMap,
) -> Result<Json<LoginView>, ApiError> {
    let caller = authenticate(&app, &headers, Need::Inspect)?;
    let detail = app.host.operator().logins.detail(&caller, &login_id(id)?).await?;
    Ok(Json(LoginView::of(&detail)))
}

/// A login's record.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoginView {
    /// The login.
    login_id: String,
    /// `continue`, `redirect` (the browser is at a prompt), `deny`, `interaction_required` or `ended`.
    outcome: &'static str,
    /// The action that denied, whose prompt is due, or at whose prompt the browser is.
    action: Option<String>,
    /// Why it was denied or ended.
    code: Option<String>,
    /// What the user was told.
    message: Option<String>,
    /// The user who logged in.
    user_id: String,
    /// To what.
    client_id: String,
    /// In which session; null where there is none.
    session_id: Option<String>,
    /// Whether Postlude made the session's identifier.
    session_minted: bool,
    /// How the login reached the IdP.
    mode: &'static str,
    /// The pipeline's revision on which it runs.
    revision: u64,
    /// When it began.
    created_at: String,
    /// When it last changed: with its last answer, or when it was ended from outside.
    changed_at: String,
    /// After this it can no longer be resumed.
    deadline: String,
    /// After this the record is deleted.
    expires_at: String,
    /// The host's clock now, to which the times compare.
    now: String,
    /// How often the browser was sent to a prompt.
    suspensions: u32,
    /// The prompt at which the browser is.
    waiting: Option<WaitingView>,
    /// What ran or was passed over, in order.
    timeline: Vec<RunView>,
    /// The factors that were recorded in this login.
    recorded: Vec<RecordedView>,
    /// The factors that counted when the login ended, with the strictest policy's end.
    counted: Vec<CountedView>,
    /// Authentication method references (RFC 8176) of the answer.
    amr: Vec<String>,
    /// The factors in the session as it is now.
    session_factors: Vec<RecordedView>,
    /// Names of the claims in the answer, without their values.
    claims: Vec<String>,
}

/// A prompt that is open.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WaitingView {
    /// The action that resumes.
    action: String,
    /// The factor that the prompt is for.
    factor: Option<String>,
    /// Until when the browser may come back.
    until: String,
    /// Attempts to resume that ran out of time.
    timed_out: u32,
}

/// One run, or one action that was passed over.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunView {
    /// When, by the host's clock.
    at: String,
    /// The number of the run in its login.
    step: u32,
    /// The action.
    action: String,
    /// The plugin's version.
    version: String,
    /// The plugin's SHA-256.
    digest: String,
    /// `on-login` or `on-continue`.
    phase: &'static str,
    /// What it came to.
    decision: &'static str,
    /// Whether the action only reports: the decision is what would have been, and nothing came of it.
    report_only: bool,
    /// Why.
    why: String,
    /// The limit that stopped it.
    limit: Option<&'static str>,
    /// Scheme, host and port of the prompt.
    prompt_origin: Option<String>,
    /// Fuel units.
    fuel: u64,
    /// Bytes of linear memory at its peak.
    memory_bytes: u64,
    /// Calls of host functions.
    host_calls: u64,
    /// Microseconds that it took, without what it waited for its turns.
    duration_us: u64,
    /// Microseconds that it waited for its place and its turns.
    waited_us: u64,
    /// The last lines of its log, shortened.
    log: Vec<LineView>,
    /// Lines that are in the host's log alone.
    log_left_out: u64,
}

/// A line of a plugin's log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LineView {
    /// `debug`, `info`, `warn` or `error`.
    level: &'static str,
    /// The message with its fields.
    text: String,
}

/// A factor's record.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecordedView {
    /// The factor.
    name: String,
    /// When it was completed.
    completed_at: String,
    /// The action that recorded it.
    action: String,
    /// The plugin that recorded it.
    digest: String,
    /// The login in which it was completed.
    login_id: String,
    /// Until when the strictest policy took it, as this login's answer said; null where it said nothing.
    expires_at: Option<String>,
}

/// A factor that counted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CountedView {
    /// The factor.
    name: String,
    /// When it was completed.
    completed_at: String,
    /// Until when the strictest policy takes it.
    expires_at: String,
}

impl LoginView {
    fn of(LoginDetail { record, session, now }: &LoginDetail) -> Self {
        let (action, code) = cause(&record.status);
        let message = match &record.status {
            Status::Denied { denial, .. } => Some(denial.message.clone()),
            _ => None,
        };
        let (amr, counted) = counted(&record.status);
        let recorded = |factor: &FactorRecord| RecordedView::of(factor, &counted);
        let of_session = session.as_ref().map_or(&[][..], |session| &session.factors);
        let effects = &record.effects;
        Self {
            login_id: record.id.to_string(),
            outcome: outcome(&record.status),
            action: action.map(str::to_owned),
            code: code.map(str::to_owned),
            message,
            user_id: record.subject.user_id.to_string(),
            client_id: record.subject.client_id.to_string(),
            session_id: record.subject.session_id.as_ref().map(ToString::to_string),
            session_minted: record.subject.minted,
            mode: record.mode.as_str(),
            revision: record.revision,
            created_at: rfc3339(record.created_at),
            changed_at: rfc3339(record.changed_at),
            deadline: rfc3339(record.deadline),
            expires_at: rfc3339(record.expires_at),
            now: rfc3339(*now),
            suspensions: record.suspensions,
            waiting: WaitingView::of(record),
            timeline: record.trace.iter().map(RunView::of).collect(),
            recorded: record.recorded.iter().map(recorded).collect(),
            session_factors: of_session.iter().map(recorded).collect(),
            counted,
            amr,
            claims: effects.id_token_claims.keys().chain(effects.access_token_claims.keys()).cloned().collect(),
        }
    }
}

fn counted(status: &Status) -> (Vec<String>, Vec<CountedView>) {
    let (Status::Continued(settled) | Status::Denied { settled, .. }) = status else { return Default::default() };
    let factors = settled.factors.iter().map(|factor| CountedView {
        name: factor.name.to_string(),
        completed_at: rfc3339(factor.completed_at),
        expires_at: rfc3339(factor.expires_at),
    });
    (settled.amr.clone(), factors.collect())
}

impl RecordedView {
    fn of(factor: &FactorRecord, counted: &[CountedView]) -> Self {
        let (name, completed_at) = (factor.name.to_string(), rfc3339(factor.completed_at));
        let counting = counted.iter().find(|known| known.name == name && known.completed_at == completed_at);
        Self {
            expires_at: counting.map(|known| known.expires_at.clone()),
            name,
            completed_at,
            action: factor.action.to_string(),
            digest: factor.digest.to_string(),
            login_id: factor.login_id.to_string(),
        }
    }
}

impl WaitingView {
    fn of(record: &LoginRecord) -> Option<Self> {
        let suspension = record.suspension()?;
        Some(Self {
            action: suspension.action.to_string(),
            factor: suspension.factor.as_ref().map(ToString::to_string),
            until: rfc3339(suspension.expires_at),
            timed_out: suspension.timed_out,
        })
    }
}

impl RunView {
    fn of(trace: &Trace) -> Self {
        Self {
            at: rfc3339(trace.at),
            step: trace.step,
            action: trace.action.to_string(),
            version: trace.version.clone(),
            digest: trace.digest.to_string(),
            phase: trace.phase.as_str(),
            decision: trace.decision.as_str(),
            report_only: trace.report_only,
            why: trace.why.clone(),
            limit: trace.limit.map(Limit::as_str),
            prompt_origin: trace.origin.clone(),
            fuel: trace.fuel,
            memory_bytes: trace.memory_bytes,
            host_calls: trace.host_calls,
            duration_us: trace.duration_us,
            waited_us: trace.waited_us,
            log: trace.log.iter().map(LineView::of).collect(),
            log_left_out: trace.log_left_out,
        }
    }
}

impl LineView {
    fn of(line: &TraceLine) -> Self {
        Self { level: line.level.as_str(), text: line.text.clone() }
    }
}
