//! The partner's prompt site: verifies the request token, asks the person, signs what it saw.
//!
//! Put your own factor where the two buttons are. One browser may answer a request, once; the result travels through it.

use super::page::{self, Site, escape};
use crate::journal::{Draft, Journal, Party, Visit};
use crate::jwt::{self, Header};
use crate::names::{Names, Site as Host};
use crate::partner_keys::PartnerKeys;
use anyhow::{Context as _, Result, anyhow, bail};
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD as B64, Engine as _};
use postlude_host::Clock;
use postlude_stories::partner::{PromptAnswer, PromptKind};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use url::Url;

const SITE: Site = Site { brand: "Acme Face, the partner's prompt site", class: "partner" };
/// Seconds that a result token lives; Postlude takes at most 900.
const RESULT_SECONDS: u64 = 300;
/// Seconds by which two clocks may differ.
const SKEW_SECONDS: u64 = 5;

/// The site.
pub(crate) struct PromptSite {
    /// Its origin, which is its name as well: `aud` of requests, `iss` of results.
    origin: String,
    /// The issuer of the tenant that may ask.
    issuer: String,
    keys: PartnerKeys,
    clock: Clock,
    /// Fetches the tenant's keys.
    http: reqwest::Client,
    /// The tenant's public keys, as far as the site has fetched them.
    tenant_keys: Mutex<Value>,
    /// Where its requests are told.
    messages: Arc<Journal>,
    /// `jti` of a request -> the browser that may answer it.
    prompts: Mutex<HashMap<String, Prompt>>,
}

/// A question that is open, or was answered.
#[derive(Debug, Clone)]
struct Prompt {
    secret: String,
    answered: bool,
    /// The link that leads back, where it was shown instead of followed.
    link: Option<String>,
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

#[derive(Debug, Deserialize)]
struct Follow {
    #[serde(default)]
    jti: String,
}

/// The site's routes.
pub(crate) fn router(site: Arc<PromptSite>) -> Router {
    Router::new()
        .route("/prompt", get(ask))
        .route("/answer", post(answer).get(reloaded))
        .route("/follow", get(follow))
        .fallback(nothing)
        .with_state(site)
}

/// Nobody comes to a prompt site but on the way of a login.
async fn nothing() -> Response {
    let text = "People come here from a login, with a request that their IdP's Postlude signed. Without one there is nothing to ask.";
    SITE.say(StatusCode::NOT_FOUND, "No page here", text, None)
}

async fn reloaded() -> Response {
    let text = "The answer was sent already, and is not sent again by a reload. Go back to the IdP and log in again.";
    SITE.say(StatusCode::GONE, "Nothing to send again", text, None)
}

async fn ask(
    State(site): State<Arc<PromptSite>>,
    headers: HeaderMap,
    visit: Option<Extension<Visit>>,
    Query(ask): Query<Ask>,
) -> Response {
    let request = match site.verify(&ask.request, &ask.state, visit.as_deref()).await {
        Ok(request) => request,
        Err(why) => return unverified(&why),
    };
    let Some(secret) = page::random() else { return unverified(&anyhow!("no random numbers")) };
    let name = cookie_name(&request.jti);
    let new = Prompt { secret: secret.clone(), answered: false, link: None };
    let prompt = site.prompts().entry(request.jti.clone()).or_insert(new).clone();
    let is_new = prompt.secret == secret;
    if !is_new && page::cookie(&headers, &name).as_ref() != Some(&prompt.secret) {
        let text = "This question was opened in another browser. Answer it there, or log in again here.";
        return SITE.say(StatusCode::FORBIDDEN, "Opened elsewhere", text, None);
    }
    if prompt.answered {
        return SITE.say(StatusCode::GONE, "Already answered", "Log in again to be asked again.", None);
    }
    let mut response = SITE.page(StatusCode::OK, "Is this you?", &question(&request.sub, &ask));
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

async fn answer(
    State(site): State<Arc<PromptSite>>,
    headers: HeaderMap,
    visit: Option<Extension<Visit>>,
    Form(answer): Form<Answer>,
) -> Response {
    let visit = visit.as_deref();
    match site.answered(&headers, &answer, visit).await {
        Ok(Some((jti, link))) if answer.deliver == "show" => {
            if let Some(visit) = visit {
                let shown = (visit.browser.clone(), link.clone());
                site.messages.note(|state| state.link = Some(shown));
            }
            show(&jti, &link)
        }
        Ok(Some((_, link))) => page::see_other(&link, &[]),
        Ok(None) => {
            let text = "This question was answered already, or was opened in another browser.";
            SITE.say(StatusCode::FORBIDDEN, "Not open", text, None)
        }
        Err(why) => unverified(&why),
    }
}

fn show(jti: &str, link: &str) -> Response {
    let body = format!(
        "<section><h1>The link that leads back</h1><p>Open it in <b>another</b> browser: it is refused there. Then follow it here: it \
         still works, because a thief's attempt leaves the login alive.</p>\
         <textarea readonly aria-label=\"the link\">{}</textarea><p><a href=\"/follow?jti={}\">Follow it here</a></p></section>",
        escape(link),
        url::form_urlencoded::byte_serialize(jti.as_bytes()).collect::<String>(),
    );
    SITE.page(StatusCode::OK, "The link that leads back", &body)
}

/// Follows the link that was shown, in the browser that was shown it.
async fn follow(
    State(site): State<Arc<PromptSite>>,
    headers: HeaderMap,
    Query(Follow { jti }): Query<Follow>,
) -> Response {
    let cookie = page::cookie(&headers, &cookie_name(&jti));
    let link = site
        .prompts()
        .get(&jti)
        .filter(|prompt| cookie.as_ref() == Some(&prompt.secret))
        .and_then(|prompt| prompt.link.clone());
    match link {
        Some(link) => page::see_other(&link, &[]),
        None => SITE.say(StatusCode::FORBIDDEN, "Not open", "No link was shown in this browser.", None),
    }
}

fn unverified(why: &anyhow::Error) -> Response {
    let text = format!("It is not for this site, or it is too old ({why:#}). Log in again.");
    SITE.say(StatusCode::BAD_REQUEST, "This request cannot be verified", &text, None)
}

impl PromptSite {
    /// The site of the tenant `acme`, on the demo's clock.
    #[must_use]
    pub(crate) fn new(
        names: Names,
        keys: PartnerKeys,
        clock: Clock,
        http: reqwest::Client,
        messages: Arc<Journal>,
    ) -> Self {
        Self {
            origin: names.site(Host::Partner),
            issuer: names.issuer("acme"),
            keys,
            clock,
            http,
            messages,
            tenant_keys: Mutex::default(),
            prompts: Mutex::default(),
        }
    }

    fn prompts(&self) -> MutexGuard<'_, HashMap<String, Prompt>> {
        self.prompts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        self.clock.now().0 / 1000
    }

    /// The request's name, and the link that leads back with the signed result; none when this browser may not answer.
    async fn answered(
        &self,
        headers: &HeaderMap,
        answer: &Answer,
        visit: Option<&Visit>,
    ) -> Result<Option<(String, String)>> {
        let request = self.verify(&answer.request, &answer.state, visit).await?;
        let verdict = if answer.verdict == "ok" { "ok" } else { "refused" };
        let mut link = Url::parse(&request.continue_url)?;
        let result = self.result(&request, verdict)?;
        link.query_pairs_mut().append_pair("state", &request.state).append_pair("postlude_result", &result);
        let link = String::from(link);
        let cookie = page::cookie(headers, &cookie_name(&request.jti));
        match self.prompts().get_mut(&request.jti) {
            Some(prompt) if !prompt.answered && cookie.as_ref() == Some(&prompt.secret) => {
                prompt.answered = true;
                prompt.link = (answer.deliver == "show").then(|| link.clone());
            }
            _ => return Ok(None),
        }
        let kind = if verdict == "ok" { PromptKind::Ok } else { PromptKind::Refused };
        self.messages.prompted(&request.state, PromptAnswer::of(kind));
        Ok(Some((request.jti, link)))
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
    async fn verify(&self, token: &str, state: &str, visit: Option<&Visit>) -> Result<Request> {
        let header = Header::of(token)?;
        if header.typ.as_deref() != Some("prompt-request+jwt") {
            bail!("the token is not a request");
        }
        let keys = self.keys_for(header.kid.as_deref(), visit).await?;
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

    /// The tenant's public keys: those that the site knows already, unless a request was signed with another one.
    async fn keys_for(&self, kid: Option<&str>, visit: Option<&Visit>) -> Result<Value> {
        let known = self.tenant_keys.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let kids = known.get("keys").and_then(Value::as_array).into_iter().flatten();
        if kid.is_some() && kids.filter_map(|key| key.get("kid")).any(|known| known.as_str() == kid) {
            return Ok(known);
        }
        let keys = self.fetch_keys(visit).await.context("the tenant's keys")?;
        self.tenant_keys.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&keys);
        Ok(keys)
    }

    async fn fetch_keys(&self, visit: Option<&Visit>) -> Result<Value> {
        let request = self.http.get(format!("{}/.well-known/jwks.json", self.issuer)).build()?;
        let tell = |draft| visit.into_iter().for_each(|visit| self.messages.record(visit.flow, Draft::clone(&draft)));
        tell(Draft::request(Party::Partner, Party::Postlude, "GET", request.url().as_str(), request.headers(), b""));
        let began = Instant::now();
        let response = self.http.execute(request).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await?;
        tell(Draft::answer(Party::Postlude, Party::Partner, status.as_u16(), &headers, &bytes, began.elapsed()));
        if !status.is_success() {
            bail!("Postlude answered {status}");
        }
        Ok(serde_json::from_slice(&bytes)?)
    }
}

fn cookie_name(jti: &str) -> String {
    let hash = Sha256::digest(jti.as_bytes());
    format!("acme-{}", B64.encode(hash.get(..12).unwrap_or_default()))
}
