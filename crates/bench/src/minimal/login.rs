//! A login at the minimal server: one straight line from the request to the answer.

use super::journal::{Gathered, Journal};
use super::run_queue::RunQueue;
use super::steps::{Step, Steps};
use crate::bare::Bare;
use crate::event::KEY;
use crate::prepared::{ANSWER, FACTOR, MAX_AGE};
use anyhow::{Result, bail};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::post;
use jiff::Timestamp;
use postlude_crypto::handles::TenantHandles;
use postlude_crypto::mac::{RecordMac, sha256};
use postlude_crypto::root::{RootKey, RootKeys};
use postlude_model::names::{LoginId, TenantName};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// Parts of each map, so that cores seldom wait for each other.
const PARTS: usize = 16;
/// How many sessions have a factor: those of the load.
const SESSIONS: usize = 64;

/// What the cores share.
pub(crate) struct Shared {
    steps: Steps,
    pub(crate) bare: Option<Bare>,
    journal: Journal,
    keys: HashMap<[u8; 32], TenantHandles>,
    mac: RecordMac,
    /// Every login that began: the server runs for minutes, so that it need not forget.
    claims: [Mutex<HashSet<LoginId>>; PARTS],
    /// When the factor of a session was completed, in milliseconds since 1970.
    sessions: [Mutex<HashMap<String, u64>>; PARTS],
}

/// One core: what it shares with the others, and the runs that are due on it.
pub(crate) struct Core {
    pub(crate) number: usize,
    pub(crate) shared: Arc<Shared>,
    pub(crate) queue: RunQueue,
}

pub(crate) fn router(core: Arc<Core>) -> Router {
    Router::new().route("/v1/logins", post(respond)).with_state(core)
}

impl Shared {
    pub(crate) fn new(steps: Steps, bare: Option<Bare>, journal: Journal) -> Result<Self> {
        let roots = Arc::new(RootKeys::only(RootKey::from_bytes([7; 32])));
        let handles = TenantHandles::new(Arc::clone(&roots), TenantName::new("acme")?);
        let sessions: [Mutex<HashMap<String, u64>>; PARTS] = Default::default();
        let an_hour_ago = now().saturating_sub(MAX_AGE / 24);
        for number in 0..SESSIONS {
            let session = format!("login-session-{number}");
            part(&sessions, &session).insert(session, an_hour_ago);
        }
        Ok(Self {
            steps,
            bare,
            journal,
            keys: [(sha256(KEY.as_bytes()), handles)].into(),
            mac: RecordMac::new(roots),
            claims: Default::default(),
            sessions,
        })
    }
}

fn part<'p, T>(parts: &'p [Mutex<T>; PARTS], key: impl Hash) -> std::sync::MutexGuard<'p, T> {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    let [first, ..] = parts;
    let at = usize::try_from(hasher.finish() % 16).unwrap_or_default();
    parts.get(at).unwrap_or(first).lock().unwrap_or_else(PoisonError::into_inner)
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.ok().and_then(|since| u64::try_from(since.as_millis()).ok()).unwrap_or_default()
}

/// The body, with the parts of the event that a login is known by.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Strict<'b> {
    #[serde(borrow)]
    trigger: Cow<'b, str>,
    #[serde(borrow)]
    mode: Cow<'b, str>,
    #[serde(borrow)]
    return_url: Option<Cow<'b, str>>,
    #[serde(borrow)]
    event: StrictEvent<'b>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StrictEvent<'b> {
    #[serde(borrow)]
    user: User<'b>,
    #[serde(borrow)]
    client: Client<'b>,
    #[serde(borrow)]
    session: Option<SessionOfEvent<'b>>,
    #[serde(rename = "authentication")]
    _authentication: Option<IgnoredAny>,
    #[serde(rename = "request")]
    _request: Option<IgnoredAny>,
    #[serde(rename = "transaction")]
    _transaction: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct User<'b> {
    #[serde(borrow)]
    user_id: Cow<'b, str>,
}

#[derive(Debug, Deserialize)]
struct Client<'b> {
    #[serde(borrow)]
    client_id: Cow<'b, str>,
}

#[derive(Debug, Deserialize)]
struct SessionOfEvent<'b> {
    #[serde(borrow)]
    id: Cow<'b, str>,
}

/// The body as a tree, as the bare handler reads it.
#[derive(Debug, Deserialize)]
struct Tree {
    trigger: String,
    mode: String,
    return_url: Option<String>,
    event: Value,
}

/// A login that may run.
struct Begun<'b> {
    user: Cow<'b, str>,
    client: Cow<'b, str>,
    session: Cow<'b, str>,
    mode: Cow<'b, str>,
    return_url: Option<Cow<'b, str>>,
    id: Option<LoginId>,
    body_hash: [u8; 32],
    /// When the session's factor was completed.
    factor: Option<u64>,
}

/// A request that is refused: its status, and why.
type Refused = (StatusCode, &'static str);

async fn respond(State(core): State<Arc<Core>>, headers: HeaderMap, body: Bytes) -> Response {
    match core.login(&headers, &body).await {
        Ok(answer) => with_headers(StatusCode::OK, answer.into()),
        Err((status, why)) => with_headers(status, why.into()),
    }
}

/// The headers that every answer of Postlude has.
fn with_headers(status: StatusCode, body: Body) -> Response {
    const FIXED: [(HeaderName, HeaderValue); 5] = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    ];
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().extend(FIXED);
    response
}

impl Core {
    async fn login(&self, headers: &HeaderMap, body: &[u8]) -> Result<Vec<u8>, Refused> {
        let steps = &self.shared.steps;
        let begun = self.begin(headers, body)?;
        if steps.has(Step::Run) {
            self.run().await.map_err(|_| (StatusCode::INTERNAL_SERVER_ERROR, "the run failed"))?;
        }
        let now = now();
        let synced = self.write(&begun, now).ok_or((StatusCode::INTERNAL_SERVER_ERROR, "no journal"))?;
        if let Some(synced) = synced {
            self.shared.journal.wake();
            synced.await.map_err(|_| (StatusCode::INTERNAL_SERVER_ERROR, "the journal ended"))?;
        }
        Ok(if steps.has(Step::Answer) { answer(&begun) } else { ANSWER.into() })
    }

    async fn run(&self) -> Result<()> {
        let Some(bare) = &self.shared.bare else { bail!("no plugin is loaded") };
        if self.shared.steps.has(Step::Queue) { self.queue.run().await } else { bare.run_limited() }
    }

    /// Everything before the run.
    fn begin<'b>(&self, headers: &HeaderMap, body: &'b [u8]) -> Result<Begun<'b>, Refused> {
        let (shared, steps) = (&self.shared, &self.shared.steps);
        let mut tenant = shared.keys.values().next();
        if steps.has(Step::Key) {
            let presented = text(headers, &header::AUTHORIZATION).strip_prefix("Bearer ").unwrap_or_default();
            tenant = shared.keys.get(&sha256(presented.as_bytes()));
        }
        let tenant = tenant.ok_or((StatusCode::UNAUTHORIZED, "the API key is not known"))?;
        let read = if steps.has(Step::Strict) { strict(body) } else { tree(body) };
        let mut begun = read.ok_or((StatusCode::BAD_REQUEST, "the body is no login"))?;
        if steps.has(Step::Identifier) {
            let key = text(headers, &HeaderName::from_static("idempotency-key"));
            begun.body_hash = sha256(body);
            begun.id = Some(tenant.login_id(key, &begun.body_hash));
        }
        if steps.has(Step::Claim)
            && let Some(id) = &begun.id
            && !part(&shared.claims, id).insert(id.clone())
        {
            return Err((StatusCode::CONFLICT, "the login began before"));
        }
        if steps.has(Step::Session) {
            begun.factor = part(&shared.sessions, begun.session.as_ref()).get(begun.session.as_ref()).copied();
        }
        Ok(begun)
    }

    /// Everything after the run but the answer; what to wait for, where the record must be synced first.
    fn write(&self, begun: &Begun<'_>, now: u64) -> Option<Option<tokio::sync::oneshot::Receiver<()>>> {
        let steps = &self.shared.steps;
        if !steps.has(Step::Record) && !steps.has(Step::Log) {
            return Some(None);
        }
        let mut gathered = self.shared.journal.core(self.number)?;
        if steps.has(Step::Record) {
            record(&mut gathered, begun, now, &self.shared.mac);
        }
        if steps.has(Step::Log) {
            line(&mut gathered, begun, now);
        }
        Some(steps.has(Step::Sync).then(|| gathered.synced()))
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn strict(body: &[u8]) -> Option<Begun<'_>> {
    let Strict { trigger, mode, return_url, event } = serde_json::from_slice(body).ok()?;
    let StrictEvent { user, client, session, .. } = event;
    (trigger == "post-login").then(|| Begun {
        user: user.user_id,
        client: client.client_id,
        session: session.map(|session| session.id).unwrap_or_default(),
        mode,
        return_url,
        id: None,
        body_hash: [0; 32],
        factor: None,
    })
}

fn tree(body: &[u8]) -> Option<Begun<'static>> {
    let Tree { trigger, mode, return_url, event } = serde_json::from_slice(body).ok()?;
    let part = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).map(|text| Cow::Owned(text.to_owned()));
    (trigger == "post-login").then_some(())?;
    Some(Begun {
        user: part("/user/user_id")?,
        client: part("/client/client_id")?,
        session: part("/session/id").unwrap_or_default(),
        mode: mode.into(),
        return_url: return_url.map(Cow::Owned),
        id: None,
        body_hash: [0; 32],
        factor: None,
    })
}

/// The record: each part with its length before it, and the MAC of all of them.
fn record(gathered: &mut Gathered, begun: &Begun<'_>, now: u64, mac: &RecordMac) {
    let records = &mut gathered.records;
    let at = records.len();
    let id = begun.id.as_ref().map_or("", LoginId::as_str);
    let return_url = begun.return_url.as_deref().unwrap_or_default();
    let times = [now, begun.factor.unwrap_or_default()].map(u64::to_le_bytes);
    let [now, completed] = &times;
    let parts: [&[u8]; 12] = [
        id.as_bytes(),
        &begun.body_hash,
        begun.user.as_bytes(),
        begun.client.as_bytes(),
        begun.session.as_bytes(),
        begun.mode.as_bytes(),
        return_url.as_bytes(),
        now,
        completed,
        FACTOR.as_bytes(),
        b"face 0.1.0 skipped record 1h old, policy 24h: no prompt",
        &[9; 64],
    ];
    for part in parts {
        records.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
        records.extend_from_slice(part);
    }
    let tag = mac.tag(records.get(at..).unwrap_or_default());
    records.extend_from_slice(&tag);
}

fn line(gathered: &mut Gathered, begun: &Begun<'_>, now: u64) {
    let id = begun.id.as_ref().map_or("", LoginId::as_str);
    // A vector takes whatever is written to it.
    let _ = writeln!(
        gathered.lines,
        r#"{{"timestamp":"{}","level":"INFO","message":"login answered","tenant":"acme","login_id":"{id}","outcome":"continue","user":"{}"}}"#,
        time(now),
        Escaped(&begun.user),
    );
}

/// The answer; where the session has no fresh factor it says so, and the load stops there.
fn answer(begun: &Begun<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    let id = begun.id.as_ref().map_or("", LoginId::as_str);
    let outcome = if begun.factor.is_some() { "continue" } else { "redirect" };
    let (user, client, session) = (Escaped(&begun.user), Escaped(&begun.client), Escaped(&begun.session));
    let (completed, expires) = (begun.factor.unwrap_or_default(), begun.factor.unwrap_or_default() + MAX_AGE);
    // A vector takes whatever is written to it.
    let _ = write!(
        out,
        r#"{{"login_id":"{id}","outcome":"{outcome}","subject":{{"user_id":"{user}","client_id":"{client}","session_id":"{session}"}},"session":{{"id":"{session}","factors":[{{"name":"{FACTOR}","completed_at":"{}","expires_at":"{}"}}]}},"amr":["pwd","mfa"],"id_token_claims":{{}},"access_token_claims":{{}},"scopes":{{"add":[],"remove":[]}},"user_updates":{{"app_metadata":{{}},"user_metadata":{{}}}},"idp_requests":[],"actions":[{{"name":"face","version":"0.1.0","digest":"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","decision":"skipped","why":"record 1h old, policy 24h: no prompt","fuel":14000,"memory_bytes":1310720,"duration_us":20}}]}}"#,
        time(completed),
        time(expires),
    );
    out
}

fn time(millis: u64) -> Timestamp {
    i64::try_from(millis).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok()).unwrap_or_default()
}

/// A text as it stands within the quotes of JSON.
struct Escaped<'t>(&'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
            return f.write_str(self.0);
        }
        let quoted = Value::from(self.0).to_string();
        f.write_str(quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default())
    }
}
