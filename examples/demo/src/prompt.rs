//! The partner's prompt site: verifies the request token, asks the person, signs what it saw.
//!
//! Put your own factor where the two buttons are. One browser may answer a request, once; the result travels through it.

use crate::config::Origins;
use crate::jwt::{self, Header};
use crate::page::{self, Site, escape};
use crate::partner_keys::PartnerKeys;
use anyhow::{Context as _, Result, anyhow, bail};
use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD as B64, Engine as _};
use postlude_host::Clock;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use url::Url;

const SITE: Site = Site { brand: "Acme Face · the partner's prompt site", accent: "#a2407a", narrow: true };
/// Seconds that a result token lives; Postlude takes at most 900.
const RESULT_SECONDS: u64 = 300;
/// Seconds by which two clocks may differ.
const SKEW_SECONDS: u64 = 5;

/// The site.
pub struct PromptSite {
    /// Its origin, which is its name as well: `aud` of requests, `iss` of results.
    origin: String,
    /// The issuer of the tenant that may ask.
    issuer: String,
    keys: PartnerKeys,
    clock: Clock,
    /// Fetches the tenant's keys.
    http: reqwest::Client,
    /// `jti` of a request -> the browser that may answer it.
    prompts: Mutex<HashMap<String, Prompt>>,
}

/// A question that is open, or was answered.
#[derive(Debug, Clone)]
struct Prompt {
    secret: String,
    answered: bool,
}

/// What a request token says.
#[derive(Debug, Deserialize)]
struct Request {
    iss: String,
    aud: String,
    sub: String,
    iat: u64,
    exp: u64,
    jti: String,
    state: String,
    factor: String,
    action: String,
    continue_url: String,
}

#[derive(Debug, Deserialize)]
struct Ask {
    request: String,
    state: String,
}

#[derive(Debug, Deserialize)]
struct Answer {
    request: String,
    state: String,
    verdict: String,
    /// `show`: the demo shows the link that leads back, instead of following it.
    #[serde(default)]
    deliver: String,
}

/// The site's routes.
pub fn router(site: Arc<PromptSite>) -> Router {
    Router::new().route("/prompt", get(ask)).route("/answer", post(answer)).with_state(site)
}

async fn ask(State(site): State<Arc<PromptSite>>, headers: HeaderMap, Query(ask): Query<Ask>) -> Response {
    let request = match site.verify(&ask.request, &ask.state).await {
        Ok(request) => request,
        Err(why) => return site.unverified(&why),
    };
    let Some(secret) = page::random() else { return site.unverified(&anyhow!("no random numbers")) };
    let name = cookie_name(&request.jti);
    let prompt =
        site.prompts().entry(request.jti.clone()).or_insert(Prompt { secret: secret.clone(), answered: false }).clone();
    let is_new = prompt.secret == secret;
    if !is_new && page::cookie(&headers, &name).as_ref() != Some(&prompt.secret) {
        let text = "This question was opened in another browser. Answer it there, or log in again here.";
        return SITE.say(StatusCode::FORBIDDEN, &site.origin, "Opened elsewhere", text);
    }
    if prompt.answered {
        return SITE.say(StatusCode::GONE, &site.origin, "Already answered", "Log in again to be asked again.");
    }
    let mut response = SITE.page(StatusCode::OK, &site.origin, "Is this you?", &question(&request.sub, &ask));
    if is_new {
        page::set_cookies(&mut response, &[format!("{name}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age=900")]);
    }
    response
}

fn question(sub: &str, ask: &Ask) -> String {
    let initial = sub.chars().next().unwrap_or('?').to_uppercase();
    format!(
        "<section><h1>Is this you?</h1><p>Someone has just entered the password of</p>\
         <div class=\"who\"><i aria-hidden=\"true\">{initial}</i><span>{sub}</span></div>\
         <p>Say yes only if you are signing in at this moment, in this browser. (A real partner looks at your face here.)</p>\
         <form method=\"post\" action=\"/answer\">\
         <input type=\"hidden\" name=\"request\" value=\"{request}\"><input type=\"hidden\" name=\"state\" value=\"{state}\">\
         <button name=\"verdict\" value=\"ok\">It's me</button>\
         <button class=\"quiet\" name=\"verdict\" value=\"refused\">Not me</button></form></section>\
         <section><h2>Steal this login</h2><p>Say yes, but look at the link that leads back instead of following it.</p>\
         <form method=\"post\" action=\"/answer\"><input type=\"hidden\" name=\"deliver\" value=\"show\">\
         <input type=\"hidden\" name=\"request\" value=\"{request}\"><input type=\"hidden\" name=\"state\" value=\"{state}\">\
         <button class=\"quiet\" name=\"verdict\" value=\"ok\">It's me; show me the link</button></form></section>",
        sub = escape(sub),
        request = escape(&ask.request),
        state = escape(&ask.state),
    )
}

async fn answer(State(site): State<Arc<PromptSite>>, headers: HeaderMap, Form(answer): Form<Answer>) -> Response {
    match site.answered(&headers, &answer).await {
        Ok(Some(link)) if answer.deliver == "show" => show(&site.origin, &link),
        Ok(Some(link)) => page::see_other(&link, &[]),
        Ok(None) => {
            let text = "This question was answered already, or was opened in another browser.";
            SITE.say(StatusCode::FORBIDDEN, &site.origin, "Not open", text)
        }
        Err(why) => site.unverified(&why),
    }
}

fn show(origin: &str, link: &str) -> Response {
    let link = escape(link);
    let body = format!(
        "<section><h1>The link that leads back</h1><p>Open it in <b>another</b> browser, where someone is logging in: it is \
         refused there. Then follow it here: it still works, because a thief's attempt leaves the login alive.</p>\
         <textarea readonly aria-label=\"the link\">{link}</textarea><p><a href=\"{link}\">Follow it here</a></p></section>"
    );
    SITE.page(StatusCode::OK, origin, "The link that leads back", &body)
}

impl PromptSite {
    /// The site of the tenant `acme`, on the demo's clock.
    #[must_use]
    pub fn new(origins: &Origins, keys: PartnerKeys, clock: Clock, http: reqwest::Client) -> Self {
        Self {
            origin: origins.prompt.clone(),
            issuer: origins.issuer("acme"),
            keys,
            clock,
            http,
            prompts: Mutex::default(),
        }
    }

    fn prompts(&self) -> MutexGuard<'_, HashMap<String, Prompt>> {
        self.prompts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        self.clock.now().0 / 1000
    }

    /// The link that leads back with the signed result; none when this browser may not answer.
    async fn answered(&self, headers: &HeaderMap, answer: &Answer) -> Result<Option<String>> {
        let request = self.verify(&answer.request, &answer.state).await?;
        let cookie = page::cookie(headers, &cookie_name(&request.jti));
        match self.prompts().get_mut(&request.jti) {
            Some(prompt) if !prompt.answered && cookie.as_ref() == Some(&prompt.secret) => prompt.answered = true,
            _ => return Ok(None),
        }
        let verdict = if answer.verdict == "ok" { "ok" } else { "refused" };
        let mut link = Url::parse(&request.continue_url)?;
        let result = self.result(&request, verdict)?;
        link.query_pairs_mut().append_pair("state", &request.state).append_pair("postlude_result", &result);
        Ok(Some(link.into()))
    }

    /// The result says the same `sub`, `state` and `factor` as the request, and is meant for the action that asked.
    fn result(&self, request: &Request, verdict: &str) -> Result<String> {
        let now = self.now();
        let jti = page::random().ok_or_else(|| anyhow!("no random numbers"))?;
        Ok(self.keys.sign(&json!({
            "iss": self.origin, "sub": request.sub, "aud": request.action, "iat": now, "exp": now + RESULT_SECONDS,
            "jti": jti, "state": request.state, "factor": request.factor, "verdict": verdict,
        })))
    }

    /// The request token: signed by the tenant, for this site, of the type that only requests have, fresh, and of this
    /// address' state.
    async fn verify(&self, token: &str, state: &str) -> Result<Request> {
        if Header::of(token)?.typ.as_deref() != Some("prompt-request+jwt") {
            bail!("the token is not a request");
        }
        let keys = self.http.get(format!("{}/.well-known/jwks.json", self.issuer)).send().await?.error_for_status()?;
        let keys: Value = keys.json().await.context("the tenant's keys")?;
        let request: Request = jwt::verify(token, &keys)?;
        if request.iss != self.issuer || request.aud != self.origin {
            bail!("the token is not the tenant's, or not for this site");
        }
        let now = self.now();
        if request.exp + SKEW_SECONDS < now || request.iat > now + SKEW_SECONDS {
            bail!("the token is not of this time");
        }
        if request.state != state || request.continue_url != format!("{}/continue", self.issuer) {
            bail!("`state` or `continue_url` is not the address' or the tenant's");
        }
        Ok(request)
    }

    fn unverified(&self, why: &anyhow::Error) -> Response {
        let text = format!("It is not for this site, or it is too old ({why:#}). Log in again.");
        SITE.say(StatusCode::BAD_REQUEST, &self.origin, "This request cannot be verified", &text)
    }
}

fn cookie_name(jti: &str) -> String {
    let hash = Sha256::digest(jti.as_bytes());
    format!("acme-{}", B64.encode(hash.get(..12).unwrap_or_default()))
}
