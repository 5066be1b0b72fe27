//! The IdP of the demo: no passwords, but all the duties of an integrator around Postlude's two calls.

use crate::config::{IdpKeys, Origins};
use crate::journal::{Answered, Sso, USERS};
use crate::page::{self, Site};
use crate::view;
use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use postlude_server::clock::{Clock, rfc3339};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The IdP's look.
pub const SITE: Site = Site { brand: "Demo IdP", accent: "#3d5bd9", narrow: false };
/// The login that is open in a browser. `__Host-`: no other host can plant it.
const LOGIN_COOKIE: &str = "__Host-demo-login";
/// The SSO session of a browser.
const SESSION_COOKIE: &str = "__Host-demo-session";
/// How long one call of Postlude may take.
const DEADLINE: Duration = Duration::from_secs(5);
/// Calls that the journal keeps.
const JOURNAL: usize = 50;
/// A day and a second: past the policy of the demo's factor.
pub const A_DAY_LATER: Duration = Duration::from_secs(24 * 3600 + 1);

/// The IdP.
pub struct Idp {
    /// Where everything is.
    pub origins: Origins,
    /// Its keys at Postlude.
    pub keys: IdpKeys,
    /// The demo's clock.
    pub clock: Clock,
    /// By how many milliseconds that clock is ahead.
    pub ahead: Arc<AtomicU64>,
    /// Calls Postlude.
    pub http: reqwest::Client,
    /// What it remembers.
    pub book: Mutex<Book>,
}

/// What the IdP remembers, all of it on its own side.
#[derive(Default)]
pub struct Book {
    transactions: HashMap<String, Transaction>,
    sessions: HashMap<String, Sso>,
    journal: Vec<Answered>,
}

/// A login that waits for its browser, found by a cookie.
#[derive(Clone)]
struct Transaction {
    user: &'static str,
    tenant: Tenant,
    login_id: String,
    resume_key: String,
    /// Postlude's session id of this login: at continue it is this one, not the browser's current one.
    session_id: Option<String>,
}

/// The tenant that a login goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
enum Tenant {
    /// The factor.
    #[default]
    Acme,
    /// The endless loop.
    Lab,
}

#[derive(Debug, Deserialize)]
struct LoginForm {
    user: String,
    #[serde(default)]
    tenant: Tenant,
}

#[derive(Debug, Deserialize)]
struct Return {
    postlude: String,
}

/// The IdP's routes.
pub fn router(idp: Arc<Idp>) -> Router {
    Router::new()
        .route("/", get(front))
        .route("/login", post(login))
        .route("/interaction/return", get(back))
        .route("/logout", post(logout))
        .route("/later", post(later))
        .with_state(idp)
}

async fn front(State(idp): State<Arc<Idp>>, headers: HeaderMap) -> Response {
    let session = idp.session(&headers).map(|(_, session)| session);
    let journal = idp.journal();
    let hours = idp.ahead.load(Ordering::SeqCst) / 1000 / 3600;
    let body = view::front(&idp.origins.idp, idp.browser(&headers), hours, session.as_ref(), &journal);
    SITE.page(StatusCode::OK, &idp.aside(&headers), "Log in", &body)
}

async fn login(State(idp): State<Arc<Idp>>, headers: HeaderMap, Form(form): Form<LoginForm>) -> Response {
    let user = USERS.iter().find(|(name, _)| *name == form.user).map(|(name, _)| *name);
    let (Some(user), Some(id)) = (user, page::random()) else {
        return SITE.say(
            StatusCode::BAD_REQUEST,
            &idp.aside(&headers),
            "Nobody of that name",
            "Go back and choose a user.",
        );
    };
    // A session goes along only when it is this user's: Postlude mints one otherwise.
    let session =
        idp.session(&headers).filter(|(_, session)| session.user == user).map(|(_, session)| session.session_id);
    let session = session.filter(|_| form.tenant == Tenant::Acme);
    let body = json!({
        "trigger": "post-login", "mode": "interactive",
        "return_url": format!("{}/interaction/return", idp.origin(&headers)),
        "event": idp.event(user, session.as_deref()),
    });
    // The transaction and a hash of the user: an account switch within one transaction would be another login.
    let key = format!("{id}.{}", user_hash(user));
    let what = format!("{user} logs in, {}", idp.browser(&headers));
    let answered = idp.call(form.tenant, "/v1/logins", Some(&key), &body, what).await;
    let transaction =
        Transaction { user, tenant: form.tenant, login_id: String::new(), resume_key: String::new(), session_id: None };
    idp.act_on(&headers, &id, transaction, answered)
}

async fn back(State(idp): State<Arc<Idp>>, headers: HeaderMap, Query(Return { postlude }): Query<Return>) -> Response {
    // The transaction is the one of this browser's own cookie, whatever the address says.
    let found = page::cookie(&headers, LOGIN_COOKIE).and_then(|id| {
        let transaction = idp.book().transactions.get(&id).cloned();
        transaction.map(|transaction| (id, transaction))
    });
    let Some((id, transaction)) = found else {
        let text = "No login waits in this browser. If one should: it has to take the cookie `__Host-demo-login` from http on \
                    this machine, as Chrome, Edge and Firefox do.";
        return SITE.say(StatusCode::BAD_REQUEST, &idp.aside(&headers), "No login is open here", text);
    };
    let path = format!("/v1/logins/{}/continue", transaction.login_id);
    let body = json!({
        "resume_key": transaction.resume_key, "reply": postlude,
        "event": idp.event(transaction.user, transaction.session_id.as_deref()),
    });
    let what = format!("{} is back, {}", transaction.user, idp.browser(&headers));
    let answered = idp.call(transaction.tenant, &path, None, &body, what).await;
    idp.act_on(&headers, &id, transaction, answered)
}

async fn logout(State(idp): State<Arc<Idp>>, headers: HeaderMap) -> Response {
    if let Some((id, session)) = idp.session(&headers) {
        idp.book().sessions.remove(&id);
        let what = format!("{} logs out, {}", session.user, idp.browser(&headers));
        let body = json!({ "id": session.session_id });
        idp.call(Tenant::Acme, "/v1/sessions/end", None, &body, what).await;
    }
    page::see_other("/", &[clear(SESSION_COOKIE)])
}

async fn later(State(idp): State<Arc<Idp>>) -> Response {
    idp.forward(A_DAY_LATER);
    page::see_other("/", &[])
}

impl Idp {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What Postlude answered so far, the newest last.
    #[must_use]
    pub fn journal(&self) -> Vec<Answered> {
        self.book().journal.clone()
    }

    /// Moves the demo's clock forward: Postlude's, the IdP's and the prompt site's, which all read the same.
    pub fn forward(&self, by: Duration) {
        self.ahead.fetch_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    /// Which of its two names a request used.
    fn is_second(&self, headers: &HeaderMap) -> bool {
        let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let [_, second] = &self.origins.idp;
        second.strip_prefix("http://") == Some(host)
    }

    /// One of two fixed names: what a request says builds no URL.
    fn origin(&self, headers: &HeaderMap) -> &str {
        let [first, second] = &self.origins.idp;
        if self.is_second(headers) { second } else { first }
    }

    fn browser(&self, headers: &HeaderMap) -> &'static str {
        if self.is_second(headers) { "browser B" } else { "browser A" }
    }

    fn aside(&self, headers: &HeaderMap) -> String {
        format!("{} · {}", self.browser(headers), self.origin(headers))
    }

    fn session(&self, headers: &HeaderMap) -> Option<(String, Sso)> {
        let id = page::cookie(headers, SESSION_COOKIE)?;
        let session = self.book().sessions.get(&id).cloned()?;
        Some((id, session))
    }

    fn event(&self, user: &str, session: Option<&str>) -> Value {
        let email = USERS.iter().find(|(name, _)| *name == user).map(|(_, email)| *email);
        let mut event = json!({
            "user": { "user_id": user, "email": email, "email_verified": true },
            "client": { "client_id": "demo-app" },
            "authentication": { "methods": [{ "name": "pwd", "timestamp": rfc3339(self.clock.now()) }] },
        });
        if let (Some(event), Some(id)) = (event.as_object_mut(), session) {
            event.insert("session".to_owned(), json!({ "id": id }));
        }
        event
    }

    /// Calls Postlude, once more after a failure with the same key and bytes; whatever is no answer in the end is a denial.
    async fn call(&self, tenant: Tenant, path: &str, key: Option<&str>, body: &Value, call: String) -> Answered {
        let mut answered = self.call_once(tenant, path, key, body, &call).await;
        if matches!(answered.status, 0 | 502..=504) {
            answered = self.call_once(tenant, path, key, body, &call).await;
        }
        let mut book = self.book();
        book.journal.push(answered.clone());
        let surplus = book.journal.len().saturating_sub(JOURNAL);
        book.journal.drain(..surplus);
        answered
    }

    async fn call_once(&self, tenant: Tenant, path: &str, key: Option<&str>, body: &Value, call: &str) -> Answered {
        let bearer = match tenant {
            Tenant::Acme => &self.keys.acme,
            Tenant::Lab => &self.keys.lab,
        };
        let request = self.http.post(format!("{}{path}", self.origins.postlude)).bearer_auth(bearer).timeout(DEADLINE);
        let request = key.into_iter().fold(request, |request, key| request.header("Idempotency-Key", key)).json(body);
        let began = Instant::now();
        let (status, body) = match request.send().await {
            Ok(response) => (response.status().as_u16(), response.json().await.unwrap_or_default()),
            Err(_) => (0, Value::Null),
        };
        Answered { call: call.to_owned(), status, body, took: began.elapsed() }
    }

    /// Does what Postlude answered. No session before `continue`.
    fn act_on(&self, headers: &HeaderMap, id: &str, mut transaction: Transaction, answered: Answered) -> Response {
        match (answered.outcome(), answered.text("/subject/session_id"), answered.text("/location")) {
            ("continue", Some(session_id), _) => self.log_in(id, transaction, session_id, answered.body),
            ("redirect", session_id, Some(location)) => {
                transaction.login_id = answered.text("/login_id").unwrap_or_default();
                transaction.resume_key = answered.text("/resume_key").unwrap_or_default();
                transaction.session_id = session_id;
                self.book().transactions.insert(id.to_owned(), transaction);
                page::see_other(&location, &[set(LOGIN_COOKIE, id)])
            }
            ("login_mismatch", ..) => {
                let text = "This link belongs to a login in another browser. It was not used up: there it still works, and \
                            your own login is still open here.";
                SITE.page(
                    StatusCode::CONFLICT,
                    &self.aside(headers),
                    "Refused",
                    &view::refused("Refused", text, &answered),
                )
            }
            (outcome, ..) => {
                self.book().transactions.remove(id);
                let status = if outcome == "deny" { StatusCode::FORBIDDEN } else { StatusCode::BAD_GATEWAY };
                let text = answered.text("/message").or_else(|| answered.text("/detail"));
                let text = text
                    .unwrap_or_else(|| "Postlude did not answer; without an answer nobody is logged in.".to_owned());
                SITE.page(
                    status,
                    &self.aside(headers),
                    "Not logged in",
                    &view::refused("Not logged in", &text, &answered),
                )
            }
        }
    }

    fn log_in(&self, id: &str, transaction: Transaction, session_id: String, answer: Value) -> Response {
        // A new cookie at each login: one that someone planted before it is worth nothing after it.
        let Some(cookie) = page::random() else {
            return SITE.say(
                StatusCode::SERVICE_UNAVAILABLE,
                "",
                "Not logged in",
                "This machine has no random numbers.",
            );
        };
        let mut book = self.book();
        book.transactions.remove(id);
        book.sessions.insert(cookie.clone(), Sso { user: transaction.user, session_id, answer });
        page::see_other("/", &[set(SESSION_COOKIE, &cookie), clear(LOGIN_COOKIE)])
    }
}

fn user_hash(user: &str) -> String {
    Sha256::digest(user.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn set(name: &str, value: &str) -> String {
    format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax")
}

fn clear(name: &str) -> String {
    format!("{name}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
}
