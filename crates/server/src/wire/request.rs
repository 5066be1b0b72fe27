//! Requests, read strictly.

use super::subject::subject_of;
use crate::error::ApiError;
use postlude_host::login::{ContinueRequest, Event, LoginRequest};
use postlude_model::action::Mode;
use postlude_model::json::{Json, JsonError, canonical, parse_value};
use postlude_model::names::{ClientId, SessionId, UserId};
use postlude_model::trigger::Trigger;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::sync::Arc;
use utoipa::ToSchema;

/// Bytes of a request's body. Real events have a few KiB; the sandbox copies what it shows to a plugin.
pub(crate) const BODY_BYTES: usize = 256 * 1024;

/// `POST /v1/logins`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LoginRequest)]
pub(crate) struct LoginBody {
    /// Always `post-login`.
    #[serde(deserialize_with = "trigger")]
    #[schema(value_type = crate::openapi::TriggerText)]
    trigger: Trigger,
    /// How the login reached the IdP.
    #[schema(value_type = crate::openapi::ModeText)]
    mode: Mode,
    /// Where the browser goes after the prompt; required in mode `interactive`.
    #[serde(default)]
    #[schema(max_length = 2048, example = "https://idp.example/interaction/abc")]
    return_url: Option<String>,
    /// The event.
    #[serde(deserialize_with = "canonical")]
    #[schema(value_type = crate::openapi::EventObject)]
    event: Json,
}

impl CarriesEvent for LoginBody {
    type Whole = LoginRequest;
    fn whole(self) -> Result<LoginRequest, ApiError> {
        let event = read_event(self.event)?;
        Ok(LoginRequest { trigger: self.trigger, mode: self.mode, return_url: self.return_url, event })
    }
}

fn trigger<'de, D: Deserializer<'de>>(from: D) -> Result<Trigger, D::Error> {
    const NAMES: [&str; Trigger::ALL.len()] = [Trigger::PostLogin.as_str()];
    let name = String::deserialize(from)?;
    Trigger::from_name(&name).ok_or_else(|| serde::de::Error::unknown_variant(&name, &NAMES))
}

/// `POST /v1/logins/{login_id}/continue`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ContinueRequest)]
pub(crate) struct ContinueBody {
    /// What the redirect's answer gave.
    resume_key: String,
    /// What the browser brought in the query parameter `postlude`.
    reply: String,
    /// The event again.
    #[serde(deserialize_with = "canonical")]
    #[schema(value_type = crate::openapi::EventObject)]
    event: Json,
}

impl CarriesEvent for ContinueBody {
    type Whole = ContinueRequest;
    fn whole(self) -> Result<ContinueRequest, ApiError> {
        Ok(ContinueRequest { resume_key: self.resume_key, reply: self.reply, event: read_event(self.event)? })
    }
}

/// `POST /v1/sessions/get` and `/end`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionRequest {
    /// The session.
    #[schema(value_type = crate::openapi::SessionText)]
    pub(crate) id: SessionId,
}

/// `POST /v1/sessions/rotate`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateRequest {
    /// The session.
    #[schema(value_type = crate::openapi::SessionText)]
    pub(crate) id: SessionId,
    /// Its new identifier.
    #[schema(value_type = crate::openapi::SessionText)]
    pub(crate) to: SessionId,
}

/// `POST /v1/sessions/revoke-factor`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokeRequest {
    /// The session.
    #[schema(value_type = crate::openapi::SessionText)]
    pub(crate) id: SessionId,
    /// The factor.
    #[schema(value_type = crate::openapi::FactorText)]
    pub(crate) name: postlude_model::names::FactorName,
}

/// The part of an event that Postlude itself reads.
#[derive(Deserialize)]
struct Named {
    user: NamedUser,
    client: NamedClient,
    #[serde(default)]
    session: Option<NamedSession>,
}

#[derive(Deserialize)]
struct NamedUser {
    user_id: UserId,
}

#[derive(Deserialize)]
struct NamedClient {
    client_id: ClientId,
}

#[derive(Deserialize)]
struct NamedSession {
    #[serde(default)]
    id: Option<SessionId>,
}

/// Reads an event.
fn read_event(document: Json) -> Result<Event, ApiError> {
    let named = subject_of(&document).and_then(|(user, client, session)| {
        let session_id = session.map(SessionId::new).transpose().ok()?;
        Some((UserId::new(user).ok()?, ClientId::new(client).ok()?, session_id))
    });
    let (user_id, client_id, session_id) = match named {
        Some(named) => named,
        None => read_subject_slowly(document.to_value())?,
    };
    Ok(Event { document: Arc::new(document), user_id, client_id, session_id })
}

/// Something is missing or malformed: this reader says what, and where.
fn read_subject_slowly(value: Value) -> Result<(UserId, ClientId, Option<SessionId>), ApiError> {
    // A list would be taken for an object's fields in their order.
    let parts = ["user", "client", "session"].map(|name| value.get(name).filter(|part| !part.is_null()));
    if !value.is_object() || parts.into_iter().flatten().any(|part| !part.is_object()) {
        return Err(unacceptable("event", "it, its user, its client and its session are objects"));
    }
    let named: Named = serde_path_to_error::deserialize(value)
        .map_err(|e| unacceptable("event", &format!("at `{}`: {}", e.path(), e.inner())))?;
    Ok((named.user.user_id, named.client.client_id, named.session.and_then(|session| session.id)))
}

/// A request that carries an event.
pub(crate) trait CarriesEvent: DeserializeOwned {
    /// The request as the handlers take it.
    type Whole;
    /// Reads what the event names.
    ///
    /// # Errors
    /// When the event does not name its subject.
    fn whole(self) -> Result<Self::Whole, ApiError>;
}

/// Reads a body with an event strictly, in one pass: such a request repeats no key and has no free part but its event, which is
/// read as strictly as any body.
pub(crate) fn read_with_event<T: CarriesEvent>(body: &[u8]) -> Result<T::Whole, ApiError> {
    // A list would be taken for an object's fields in their order.
    let object = body.trim_ascii_start().starts_with(b"{");
    let usual = object.then(|| serde_json::from_slice::<T>(body).ok()).flatten();
    // Something is wrong: the reader by way of a tree says what, and where.
    usual.map_or_else(|| read(body), Ok)?.whole()
}

/// Reads a body strictly: no key twice, no deep nesting, no unknown field; the error says where.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    typed(parse(body)?)
}

fn parse(body: &[u8]) -> Result<Value, ApiError> {
    let value = parse_value(body).map_err(|e| not_json(&e))?;
    // A list would be taken for an object's fields in their order.
    if value.is_object() { Ok(value) } else { Err(ApiError::invalid_request("the body is not a JSON object")) }
}

fn not_json(why: &JsonError) -> ApiError {
    ApiError::invalid_request(format!("the body is not acceptable JSON: {why}"))
}

fn typed<T: DeserializeOwned>(value: Value) -> Result<T, ApiError> {
    // The reader that keeps the path costs more: it is asked where something is wrong.
    if let Ok(read) = T::deserialize(&value) {
        return Ok(read);
    }
    serde_path_to_error::deserialize(value).map_err(|e| unacceptable(&e.path().to_string(), &e.inner().to_string()))
}

fn unacceptable(path: &str, why: &str) -> ApiError {
    ApiError::invalid_request(format!("the body is not acceptable at `{path}`: {why}"))
}
