//! `/v1/admin/logins/list`: lists of logins: a user's, the newest first, or all of the tenant's, page by page.

use crate::app::App;
use crate::auth::Need;
use crate::body::receive_json;
use crate::error::ApiError;
use crate::routes::admin::lists::{MOST, SCAN, limit, not_a_cursor};
use axum::Json;
use axum::extract::{Request, State};
use postlude_host::login::cause;
use postlude_host::operator::AfterLogin;
use postlude_host::rfc3339;
use postlude_model::login::{LoginRecord, Status};
use postlude_model::names::{LoginId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Which logins.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginsRequest {
    /// Of this user only, the newest first.
    #[serde(default)]
    #[schema(value_type = Option<crate::openapi::UserText>)]
    user_id: Option<UserId>,
    /// Of this status only.
    #[serde(default)]
    status: Option<LoginStatus>,
    /// How many at most; 50 where it is left out.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<usize>,
    /// `next` of the page before, with the same filters.
    #[serde(default)]
    cursor: Option<String>,
}

/// Where a login stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LoginStatus {
    /// The browser is at a prompt.
    Suspended,
    /// The login may go on.
    Continue,
    /// The login was denied.
    Deny,
    /// A prompt is due and no browser was there.
    InteractionRequired,
    /// The login was ended from outside.
    Ended,
}

/// A page of logins.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoginsView {
    /// The logins.
    logins: Vec<LoginSummary>,
    /// Send it as `cursor` for the next page; null: this was the last one. A page may be short, or empty, and not the last.
    next: Option<String>,
}

/// A login in a list; `GET /v1/logins/{login_id}` says more.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoginSummary {
    /// The login.
    login_id: String,
    /// The user.
    user_id: String,
    /// The client.
    client_id: String,
    /// The session as the login knew it.
    session_id: Option<String>,
    /// How it reached the IdP.
    #[schema(value_type = crate::openapi::ModeText)]
    mode: &'static str,
    /// The pipeline's revision.
    revision: u64,
    /// Where it stands, by its record: whether its session is still the same, `GET /v1/logins/{login_id}` says.
    status: LoginStatus,
    /// The action that denied, or whose prompt is open or due.
    action: Option<String>,
    /// Why it was denied or ended.
    code: Option<String>,
    /// When it began.
    #[schema(format = DateTime)]
    created_at: String,
}

impl LoginSummary {
    /// What a list says of a login; nothing of one that is running, which is never stored.
    fn of(record: &LoginRecord) -> Option<Self> {
        let status = match &record.status {
            Status::Running => return None,
            Status::Suspended(_) => LoginStatus::Suspended,
            Status::Continued(_) => LoginStatus::Continue,
            Status::Denied { .. } => LoginStatus::Deny,
            Status::InteractionRequired { .. } => LoginStatus::InteractionRequired,
            Status::Ended(_) => LoginStatus::Ended,
        };
        let (action, code) = cause(&record.status);
        Some(Self {
            login_id: record.id.to_string(),
            user_id: record.subject.user_id.to_string(),
            client_id: record.subject.client_id.to_string(),
            session_id: record.subject.session_id.as_ref().map(ToString::to_string),
            mode: record.mode.as_str(),
            revision: record.revision,
            status,
            action: action.map(str::to_owned),
            code: code.map(str::to_owned),
            created_at: rfc3339(record.created_at),
        })
    }
}

/// Reads a cursor: `<began>.<id>` of the login after which a page begins.
fn read_cursor(text: &str) -> Option<AfterLogin> {
    let (began, id) = text.split_once('.')?;
    Some((Timestamp(began.parse().ok()?), LoginId::new(id).ok()?))
}

/// List logins
///
/// Of one user they come the newest first. Without `user_id` all logins of the tenant come in an order that says nothing about
/// time, and each call looks through at most 1,000 of them: go on with `next` until it is null.
#[utoipa::path(post, path = "/v1/admin/logins/list", tag = "logins", operation_id = "list_logins",
    request_body = LoginsRequest,
    responses((status = 200, description = "A page of logins", body = LoginsView)),
    security(("key" = ["operator"]), ("key" = ["reader"])))]
pub(crate) async fn list(State(app): State<Arc<App>>, request: Request) -> Result<Json<LoginsView>, ApiError> {
    let (caller, asked): (_, LoginsRequest) = receive_json(&app, request, Need::Inspect).await?;
    let limit = limit(asked.limit)?;
    let mut after = match &asked.cursor {
        Some(cursor) => Some(read_cursor(cursor).ok_or_else(not_a_cursor)?),
        None => None,
    };
    let (mut logins, mut looked, mut more) = (Vec::new(), 0, true);
    while more && logins.len() < limit && looked < SCAN {
        let most = if asked.status.is_none() { limit - logins.len() } else { MOST };
        let page = app.host.operator().logins.page(&caller, asked.user_id.as_ref(), after.as_ref(), most).await?;
        looked += page.items.len();
        more = page.more;
        let total = page.items.len();
        for (at, record) in page.items.iter().enumerate() {
            after = Some((record.created_at, record.id.clone()));
            let fits = |summary: &LoginSummary| asked.status.is_none_or(|status| summary.status == status);
            logins.extend(LoginSummary::of(record).filter(fits));
            if logins.len() == limit {
                more |= at + 1 < total;
                break;
            }
        }
    }
    let next = after.filter(|_| more).map(|(began, id)| format!("{}.{id}", began.0));
    Ok(Json(LoginsView { logins, next }))
}
