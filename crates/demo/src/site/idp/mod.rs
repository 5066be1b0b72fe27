//! The IdP of the demo: no passwords, but all the duties of an integrator around Postlude's two calls.

mod book;
mod call;
mod view;

use crate::journal::{Answered, Sso, USERS, Visit};
use crate::names::{Names, Site as Host};
use crate::site::page::{self, Site};
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use book::{Book, Shown, Tenant, Transaction};
use call::Call;

pub(crate) use call::PostludeClient;
use postlude_host::{Clock, rfc3339};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use view::{list, text};

/// The IdP's look.
const SITE: Site = Site { brand: "Demo IdP", class: "idp" };
/// The login that is open in a browser. `__Host-`: no other host can plant it.
const LOGIN_COOKIE: &str = "__Host-demo-login";
/// The SSO session of a browser.
const SESSION_COOKIE: &str = "__Host-demo-session";
/// What the browser was told last, so that a reload shows it again.
const RESULT_COOKIE: &str = "__Host-demo-result";

/// The IdP.
pub(crate) struct Idp {
    /// Where everything is.
    pub(crate) names: Names,
    /// Calls Postlude.
    pub(crate) postlude: PostludeClient,
    /// The demo's clock.
    pub(crate) clock: Clock,
    /// What it remembers.
    pub(crate) book: Mutex<Book>,
}

#[derive(Debug, Deserialize)]
struct LoginForm {
    user: String,
    #[serde(default)]
    tenant: Tenant,
}

#[derive(Debug, Deserialize)]
struct Return {
    #[serde(default)]
    postlude: String,
}

/// The IdP's routes.
pub(crate) fn router(idp: Arc<Idp>) -> Router {
    Router::new()
        .route("/", get(front))
        .route("/login", post(login).get(home))
        .route("/interaction/prompt", get(waiting))
        .route("/interaction/return", get(back))
        .route("/result", get(result))
        .route("/logout", post(logout).get(home))
        .fallback(|| async { SITE.not_found(("/", "The IdP's front page")) })
        .with_state(idp)
}

/// A form's address that was reloaded or typed: there is nothing to send again.
async fn home() -> Response {
    page::see_other("/", &[])
}

async fn front(State(idp): State<Arc<Idp>>, headers: HeaderMap) -> Response {
    let session = idp.session(&headers).map(|(_, session)| session);
    let waiting = idp.transaction(&headers).map(|(_, transaction)| transaction.user);
    let title = if session.is_some() { "Signed in" } else { "Log in" };
    SITE.page(StatusCode::OK, title, &view::front(session.as_ref(), waiting))
}

/// Back to the prompt of the login that waits, such as after a reload.
async fn waiting(State(idp): State<Arc<Idp>>, headers: HeaderMap) -> Response {
    let location = idp.transaction(&headers).map(|(_, transaction)| transaction.location);
    page::see_other(location.as_deref().unwrap_or("/"), &[])
}

async fn login(
    State(idp): State<Arc<Idp>>,
    headers: HeaderMap,
    visit: Option<Extension<Visit>>,
    Form(form): Form<LoginForm>,
) -> Response {
    let user = USERS.iter().find(|(name, _)| *name == form.user).map(|(name, _)| *name);
    let (Some(user), Some(id)) = (user, page::random()) else {
        let text = "Go back and choose a user.";
        return SITE.say(StatusCode::BAD_REQUEST, "Nobody of that name", text, Some(("/", "Back to the start")));
    };
    // A session goes along only when it is this user's: Postlude mints one otherwise.
    let session =
        idp.session(&headers).filter(|(_, session)| session.user == user).map(|(_, session)| session.session_id);
    let session = session.filter(|_| form.tenant == Tenant::Acme);
    let body = json!({
        "trigger": "post-login", "mode": "interactive",
        "return_url": format!("{}/interaction/return", idp.names.site(Host::Idp)),
        "event": idp.event(user, session.as_deref()),
    });
    // The transaction and a hash of the user: an account switch within one transaction would be another login.
    let key = format!("{id}.{}", user_hash(user));
    let what = format!("{user} logs in");
    let call = Call { tenant: form.tenant, path: "/v1/logins", key: Some(&key), body: &body, what: &what };
    let answered = idp.ask(visit.as_deref(), call).await;
    let event = body.get("event").unwrap_or(&Value::Null);
    idp.postlude.messages.began(visit.as_deref(), form.tenant.name(), event, &answered);
    let transaction = Transaction { user, tenant: form.tenant, ..Transaction::default() };
    idp.act_on(&id, transaction, answered)
}

async fn back(
    State(idp): State<Arc<Idp>>,
    headers: HeaderMap,
    visit: Option<Extension<Visit>>,
    Query(Return { postlude }): Query<Return>,
) -> Response {
    // The transaction is the one of this browser's own cookie, whatever the address says.
    let Some((id, transaction)) = idp.transaction(&headers) else {
        let text = "No login waits in this browser, so this link is worth nothing here: the IdP finds a login by its own cookie, never \
                    by an address. (If one should wait: the browser has to take the cookie `__Host-demo-login` from http on this \
                    machine, as Chrome, Edge and Firefox do.)";
        return SITE.say(StatusCode::BAD_REQUEST, "No login is open here", text, Some(("/", "Back to the start")));
    };
    let path = format!("/v1/logins/{}/continue", transaction.login_id);
    let body = json!({
        "resume_key": transaction.resume_key, "reply": postlude,
        "event": idp.event(transaction.user, transaction.session_id.as_deref()),
    });
    let what = format!("{} is back", transaction.user);
    let call = Call { tenant: transaction.tenant, path: &path, key: None, body: &body, what: &what };
    let answered = idp.ask(visit.as_deref(), call).await;
    idp.postlude.messages.went_on(visit.as_deref(), &transaction.login_id, &answered);
    idp.act_on(&id, transaction, answered)
}

/// What the browser was told last.
async fn result(State(idp): State<Arc<Idp>>, headers: HeaderMap) -> Response {
    let shown = page::cookie(&headers, RESULT_COOKIE).and_then(|id| idp.book().results.get(&id).cloned());
    let Some(Shown { status, title, text, answered }) = shown else { return page::see_other("/", &[]) };
    SITE.page(status, title, &view::refused(title, &text, &answered))
}

async fn logout(State(idp): State<Arc<Idp>>, headers: HeaderMap, visit: Option<Extension<Visit>>) -> Response {
    if let Some((id, session)) = idp.session(&headers) {
        idp.book().sessions.remove(&id);
        let what = format!("{} logs out", session.user);
        let body = json!({ "id": session.session_id });
        let call = Call { tenant: Tenant::Acme, path: "/v1/sessions/end", key: None, body: &body, what: &what };
        idp.ask(visit.as_deref(), call).await;
    }
    page::see_other("/", &[clear(SESSION_COOKIE)])
}

impl Idp {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What Postlude answered so far, the newest last.
    #[must_use]
    pub(crate) fn answers(&self) -> Vec<Answered> {
        self.book().answers.clone()
    }

    /// Calls Postlude, and remembers the answer.
    async fn ask(&self, visit: Option<&Visit>, call: Call<'_>) -> Answered {
        let answered = self.postlude.call(visit, call).await;
        self.book().answered(answered.clone());
        answered
    }

    fn session(&self, headers: &HeaderMap) -> Option<(String, Sso)> {
        let id = page::cookie(headers, SESSION_COOKIE)?;
        let session = self.book().sessions.get(&id).cloned()?;
        Some((id, session))
    }

    fn transaction(&self, headers: &HeaderMap) -> Option<(String, Transaction)> {
        let id = page::cookie(headers, LOGIN_COOKIE)?;
        let transaction = self.book().transactions.get(&id).cloned()?;
        Some((id, transaction))
    }

    fn event(&self, user: &str, session: Option<&str>) -> Value {
        let email = USERS.iter().find(|(name, _)| *name == user).map(|(_, email)| *email);
        let mut event = json!({
            "user": { "user_id": user, "email": email, "email_verified": true },
            "client": { "client_id": "demo-app" },
            "request": { "hostname": self.names.host(Host::Idp) },
            "authentication": { "methods": [{ "name": "pwd", "timestamp": rfc3339(self.clock.now()) }] },
        });
        if let (Some(event), Some(id)) = (event.as_object_mut(), session) {
            event.insert("session".to_owned(), json!({ "id": id }));
        }
        event
    }

    /// Does what Postlude answered. No session before `continue`.
    fn act_on(&self, id: &str, mut transaction: Transaction, answered: Answered) -> Response {
        match (answered.outcome(), answered.text("/subject/session_id"), answered.text("/location")) {
            ("continue", Some(session_id), _) => self.log_in(id, &transaction, session_id, answered.body),
            ("redirect", session_id, Some(location)) => {
                transaction.login_id = answered.text("/login_id").unwrap_or_default();
                transaction.resume_key = answered.text("/resume_key").unwrap_or_default();
                transaction.session_id = session_id;
                transaction.location.clone_from(&location);
                self.book().keep(id, transaction);
                page::see_other(&location, &[set(LOGIN_COOKIE, id)])
            }
            ("login_mismatch", ..) => {
                let text = "This link belongs to a login in another browser. It was not used up: there it still works, and \
                            your own login is still open here.";
                self.show(StatusCode::CONFLICT, "Refused", text.to_owned(), answered)
            }
            (outcome, ..) => {
                self.book().transactions.remove(id);
                let status = if outcome == "deny" { StatusCode::FORBIDDEN } else { StatusCode::BAD_GATEWAY };
                let text = answered.text("/message").or_else(|| answered.text("/detail"));
                let text = text
                    .unwrap_or_else(|| "Postlude did not answer; without an answer nobody is logged in.".to_owned());
                self.show(status, "Not logged in", text, answered)
            }
        }
    }

    /// Sends the browser to a page that it can reload.
    fn show(&self, status: StatusCode, title: &'static str, text: String, answered: Answered) -> Response {
        let Some(id) = page::random() else { return without_random() };
        self.book().show(&id, Shown { status, title, text, answered });
        page::see_other("/result", &[set(RESULT_COOKIE, &id)])
    }

    fn log_in(&self, id: &str, transaction: &Transaction, session_id: String, answer: Value) -> Response {
        // A new cookie at each login: one that someone planted before it is worth nothing after it.
        let Some(cookie) = page::random() else { return without_random() };
        let mut book = self.book();
        book.transactions.remove(id);
        book.sessions.insert(cookie.clone(), Sso { user: transaction.user, session_id, answer });
        page::see_other("/", &[set(SESSION_COOKIE, &cookie), clear(LOGIN_COOKIE)])
    }
}

fn without_random() -> Response {
    SITE.say(StatusCode::SERVICE_UNAVAILABLE, "Not logged in", "This machine has no random numbers.", None)
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
