//! What calls a server: the IdP and operators, and browsers with the IdP's transactions of the story.

use crate::answered::Answered;
use crate::event::{event, merge};
use crate::keys::IDP_KEY;
use crate::partner::Partner;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What calls a server: the IdP, operators, and browsers. It follows no redirect.
#[derive(Debug, Clone)]
pub struct Client {
    /// Where the server is.
    pub base: String,
    /// The HTTP client.
    pub client: reqwest::Client,
    /// The partner of the action `face`.
    pub partner: Partner,
}

impl Client {
    pub(crate) fn new(base: String, partner: Partner) -> Self {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        Self { base, client: client.build().unwrap(), partner }
    }

    /// A POST of the IdP.
    pub async fn post(&self, path: &str, body: &Value) -> Answered {
        self.post_as(IDP_KEY, path, body).await
    }

    /// A POST with a key.
    pub async fn post_as(&self, key: &str, path: &str, body: &Value) -> Answered {
        let request = self.client.post(format!("{}{path}", self.base)).bearer_auth(key).json(body);
        Answered::of(request).await
    }

    /// A GET with a key.
    pub async fn get_as(&self, key: &str, path: &str) -> Answered {
        Answered::of(self.client.get(format!("{}{path}", self.base)).bearer_auth(key)).await
    }

    /// `POST /v1/logins`.
    pub async fn login(&self, idempotency_key: &str, body: &Value) -> Answered {
        self.login_as(IDP_KEY, idempotency_key, body).await
    }

    /// `POST /v1/logins` with a key.
    pub async fn login_as(&self, key: &str, idempotency_key: &str, body: &Value) -> Answered {
        let request = self.client.post(format!("{}/v1/logins", self.base)).bearer_auth(key);
        Answered::of(request.header("Idempotency-Key", idempotency_key).json(body)).await
    }

    /// What `/readyz` says: its status and text; zero where nobody answers.
    pub async fn readiness(&self) -> (u16, String) {
        let request = self.client.get(format!("{}/readyz", self.base)).timeout(Duration::from_secs(3));
        let Ok(answered) = request.send().await else { return (0, String::new()) };
        (answered.status().as_u16(), answered.text().await.unwrap_or_default())
    }

    /// A browser in which a user logs in.
    #[must_use]
    pub fn browser(&self, user: &str) -> Browser<'_> {
        Browser { client: self, user: user.to_owned(), session: None, open: None, more: json!({}) }
    }

    /// A request to the continue URL of tenant acme.
    pub async fn come_back(&self, method: &str, query: &[(&str, &str)], form: &[(&str, &str)]) -> Returned {
        let url = format!("{}/acme/continue", self.base);
        let request = match method {
            "POST" => self.client.post(url).query(query).form(form),
            _ => self.client.get(url).query(query),
        };
        let response = request.send().await.unwrap();
        let location = response.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
        Returned { status: response.status().as_u16(), location, text: response.text().await.unwrap() }
    }
}

/// One browser at the IdP: its SSO session and its open transaction.
#[derive(Debug)]
pub struct Browser<'p> {
    client: &'p Client,
    user: String,
    /// The session that the IdP keeps for it.
    pub session: Option<String>,
    /// The transaction: the last answer.
    pub open: Option<Answered>,
    /// What the events of this browser's logins say besides, as a merge patch (RFC 7396).
    pub more: Value,
}

/// What came back from the continue URL.
#[derive(Debug, Clone)]
pub struct Returned {
    /// The status.
    pub status: u16,
    /// The URL in the response's `Location`.
    pub location: Option<String>,
    /// The page.
    pub text: String,
}

impl Returned {
    /// The sealed reply in its location.
    #[must_use]
    pub fn sealed(&self) -> String {
        let location = self.location.as_deref().unwrap_or_else(|| panic!("no location: {} {}", self.status, self.text));
        let url = url::Url::parse(location).unwrap();
        url.query_pairs().find(|(name, _)| name == "postlude").unwrap().1.into_owned()
    }
}

impl Browser<'_> {
    /// The body of a login in a mode.
    #[must_use]
    pub fn body(&self, mode: &str) -> Value {
        let return_url = "http://localhost:3000/interaction/abc/postlude";
        let mut body = json!({ "trigger": "post-login", "mode": mode, "event": self.event(self.session.as_deref()) });
        if mode == "interactive" {
            body["return_url"] = json!(return_url);
        }
        body
    }

    /// Logs in.
    pub async fn login(&mut self) -> Answered {
        self.login_in("interactive").await
    }

    /// Logs in, in a mode.
    pub async fn login_in(&mut self, mode: &str) -> Answered {
        static TRANSACTION: AtomicU64 = AtomicU64::new(0);
        let key = format!("txn-{}-{}", self.user, TRANSACTION.fetch_add(1, Ordering::SeqCst));
        let answered = self.client.login(&key, &self.body(mode)).await;
        self.keep_session(&answered);
        self.open = Some(answered.clone());
        answered
    }

    /// Where the open login sent the browser.
    #[must_use]
    pub fn location(&self) -> &str {
        self.open.as_ref().expect("an open login").text_at("/location")
    }

    /// The state in that location.
    #[must_use]
    pub fn state(&self) -> String {
        let url = url::Url::parse(self.location()).unwrap();
        url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned()
    }

    /// The user does what the prompt asks, and the browser comes back.
    pub async fn complete(&mut self) -> Answered {
        self.answer(&json!({})).await
    }

    /// The prompt answers with these claims changed, and the browser comes back.
    pub async fn answer(&mut self, changes: &Value) -> Answered {
        let token = self.client.partner.result(self.location(), changes);
        let sealed = self.bring(&token).await.sealed();
        self.resume(&sealed).await
    }

    /// The browser brings a result token to the continue URL.
    pub async fn bring(&self, token: &str) -> Returned {
        self.client.come_back("GET", &[("state", &self.state()), ("postlude_result", token)], &[]).await
    }

    /// The IdP resumes its transaction with what the browser brought.
    pub async fn resume(&mut self, sealed: &str) -> Answered {
        let body = self.continue_body(sealed);
        let answered = self.client.post(&self.continue_path(), &body).await;
        self.keep_session(&answered);
        answered
    }

    /// The path of the continue call.
    #[must_use]
    pub fn continue_path(&self) -> String {
        format!("/v1/logins/{}/continue", self.open.as_ref().expect("an open login").text_at("/login_id"))
    }

    /// The body of the continue call.
    #[must_use]
    pub fn continue_body(&self, sealed: &str) -> Value {
        let open = self.open.as_ref().expect("an open login");
        let session = open.body.pointer("/subject/session_id").and_then(Value::as_str);
        json!({ "resume_key": open.text_at("/resume_key"), "reply": sealed, "event": self.event(session) })
    }

    fn event(&self, session: Option<&str>) -> Value {
        let mut event = event(&self.user, session);
        merge(&mut event, &self.more);
        event
    }

    /// Duty 4 of an IdP: the session id is kept with the SSO session after `continue`.
    fn keep_session(&mut self, answered: &Answered) {
        if answered.outcome() == "continue" {
            self.session = answered.body.pointer("/subject/session_id").and_then(Value::as_str).map(str::to_owned);
        }
    }
}
