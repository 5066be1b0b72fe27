//! Browsers and the IdP's transactions of the story.

use crate::answered::Answered;
use crate::host::Postlude;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};

/// The story's factor.
pub const FACTOR: &str = "https://acme.example/face";

/// An event, with the user and the session.
#[must_use]
pub fn event(user: &str, session: Option<&str>) -> Value {
    let mut event = json!({
        "user": { "user_id": user, "email": format!("{user}@acme.example"), "email_verified": true },
        "client": { "client_id": "app" },
        "authentication": { "methods": [{ "name": "pwd", "timestamp": "2026-11-24T10:00:00Z" }] },
        "request": { "ip": "203.0.113.7" },
    });
    if let Some(id) = session {
        event["session"] = json!({ "id": id });
    }
    event
}

/// One browser at the IdP: its SSO session and its open transaction.
#[derive(Debug)]
pub struct Browser<'p> {
    postlude: &'p Postlude,
    user: String,
    /// The session that the IdP keeps for it.
    pub session: Option<String>,
    /// The transaction: the last answer.
    pub open: Option<Answered>,
    /// What its logins' events say besides, as a merge patch (RFC 7396).
    pub more: Value,
}

/// What came back from the continue URL.
#[derive(Debug, Clone)]
pub struct Returned {
    /// The status.
    pub status: u16,
    /// Where it leads.
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

impl Postlude {
    /// A browser in which a user logs in.
    #[must_use]
    pub fn browser(&self, user: &str) -> Browser<'_> {
        Browser { postlude: self, user: user.to_owned(), session: None, open: None, more: json!({}) }
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
        let answered = self.postlude.login(&key, &self.body(mode)).await;
        self.settle(&answered);
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
        let token = self.postlude.partner.result(self.location(), changes);
        let sealed = self.bring(&token).await.sealed();
        self.resume(&sealed).await
    }

    /// The browser brings a result token to the continue URL.
    pub async fn bring(&self, token: &str) -> Returned {
        self.postlude.come_back("GET", &[("state", &self.state()), ("postlude_result", token)], &[]).await
    }

    /// The IdP resumes its transaction with what the browser brought.
    pub async fn resume(&mut self, sealed: &str) -> Answered {
        let body = self.continue_body(sealed);
        let answered = self.postlude.post(&self.continue_path(), &body).await;
        self.settle(&answered);
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
    fn settle(&mut self, answered: &Answered) {
        if answered.outcome() == "continue" {
            self.session = answered.body.pointer("/subject/session_id").and_then(Value::as_str).map(str::to_owned);
        }
    }
}

/// A merge patch (RFC 7396), as an IdP applies `user_updates`.
pub fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, change) in changes {
        if change.is_null() {
            target.as_object_mut().unwrap().remove(name);
        } else {
            merge(&mut target[name], change);
        }
    }
}
