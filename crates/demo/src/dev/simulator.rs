//! The prompt simulator: stands in for whatever site the plugin sends the browser to, and answers as a person chooses.
//!
//! It checks the request as a real prompt site does, and says what such a site would refuse.

use super::config::TENANT;
use crate::journal::{Draft, Journal, Party, Visit};
use crate::names::Names;
use crate::site::{PageSite, escape, see_other};
use anyhow::{Context as _, Result, anyhow};
use axum::extract::{Form, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use postlude_host::Clock;
use postlude_stories::partner::{AskingTenant, PartnerKey, PromptAnswer, PromptKind, PromptRequest, ResultContext};
use serde::Deserialize;
use serde_json::Value;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use url::Url;

const SITE: PageSite = PageSite { brand: "Prompt simulator", class: "partner" };

/// The buttons that every prompt has.
const USUAL: [(PromptKind, &str); 4] = [
    (PromptKind::Ok, "OK"),
    (PromptKind::Refused, "Refused"),
    (PromptKind::Error, "Error"),
    (PromptKind::Never, "Never back"),
];

/// The simulator.
pub(super) struct Simulator {
    names: Names,
    clock: Clock,
    http: reqwest::Client,
    messages: Arc<Journal>,
    part: Mutex<Part>,
}

/// Whom the simulator plays.
#[derive(Clone, Default)]
struct Part {
    /// The partner's key, and the parameter of its results; none where no token proves a reply.
    partner: Option<(PartnerKey, String)>,
    issuer: String,
    /// Results that were made.
    made: u64,
    /// The result before.
    earlier: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Answer {
    location: String,
    kind: String,
    /// More parameters of the reply, as a query has them.
    #[serde(default)]
    more: String,
}

/// The simulator's routes: prompts are at any path.
pub(super) fn router(simulator: Arc<Simulator>) -> Router {
    Router::new().route("/simulator/answer", post(answer).get(reloaded)).fallback(get(ask)).with_state(simulator)
}

async fn reloaded() -> Response {
    let text = "The answer was sent already, and is not sent again by a reload. Log in again.";
    SITE.say(StatusCode::GONE, "Nothing to send again", text, None)
}

async fn ask(State(simulator): State<Arc<Simulator>>, visit: Option<Extension<Visit>>, uri: Uri) -> Response {
    let location = format!("{}{uri}", simulator.names.site(crate::names::Site::Partner));
    let request = match PromptRequest::read(&location) {
        Ok(request) => request,
        Err(why) => {
            let text = format!("A plugin's redirect leads here, with a state that Postlude adds ({why}).");
            return SITE.say(StatusCode::NOT_FOUND, "No prompt here", &text, None);
        }
    };
    let checked = simulator.check(&request, visit.as_deref()).await;
    SITE.page(StatusCode::OK, "Prompt", &prompt(&request, checked.as_ref().err(), simulator.part().partner.is_some()))
}

fn prompt(request: &PromptRequest, refused: Option<&anyhow::Error>, has_token: bool) -> String {
    let mut body = String::from("<section><h1>What does the prompt site answer?</h1>");
    let said = match (refused, has_token) {
        (Some(why), _) => format!(
            "<p class=\"bad\"><b>A real prompt site would show an error here:</b> {}</p>",
            escape(&format!("{why:#}"))
        ),
        (None, true) => {
            "<p>The request token is good: signed by this tenant, for this site, fresh, and of this state.</p>"
                .to_owned()
        }
        (None, false) => "<p>No token proves this reply: the plugin judges it by itself.</p>".to_owned(),
    };
    body.push_str(&said);
    let hidden = format!("<input type=\"hidden\" name=\"location\" value=\"{}\">", escape(&request.location));
    let more = "<label class=\"more\">More parameters of the reply, such as <code>code=abc</code> <input name=\"more\" autocomplete=\"off\"></label>";
    let button = |kind: PromptKind, label: &str, class: &str| {
        format!("<button{class} name=\"kind\" value=\"{}\">{}</button>", kind.as_str(), escape(label))
    };
    let usual: String = USUAL
        .iter()
        .map(|(kind, label)| button(*kind, label, if *kind == PromptKind::Ok { "" } else { " class=\"quiet\"" }))
        .collect();
    let _ = write!(body, "<form method=\"post\" action=\"/simulator/answer\">{hidden}{usual}{more}</form></section>");
    if has_token {
        let others = PromptKind::ALL
            .iter()
            .filter(|(_, kind)| !USUAL.iter().any(|(usual, _)| usual == kind) && *kind != PromptKind::Again);
        let others: String =
            others.map(|(name, kind)| button(*kind, &name.replace('-', " "), " class=\"quiet\"")).collect();
        let _ = write!(
            body,
            "<section><details><summary>Results that must be refused</summary><form method=\"post\" action=\"/simulator/answer\">\
             {hidden}{others}</form></details></section>"
        );
    }
    if !request.claims.is_null() {
        let claims = serde_json::to_string_pretty(&request.claims).unwrap_or_default();
        let _ = write!(
            body,
            "<section><details><summary>The request token's claims</summary><pre tabindex=\"0\">{}</pre></details></section>",
            escape(&claims)
        );
    }
    body
}

async fn answer(State(simulator): State<Arc<Simulator>>, Form(answer): Form<Answer>) -> Response {
    match simulator.reply(&answer) {
        Ok(Some(link)) => see_other(&link, &[]),
        Ok(None) => {
            let text = "The browser does not come back. The login waits until its time is over; the IdP's front page leads back to the \
                        prompt, or begins another login.";
            SITE.say(StatusCode::OK, "Never back", text, None)
        }
        Err(why) => SITE.say(StatusCode::BAD_REQUEST, "No answer can be made", &format!("{why:#}"), None),
    }
}

impl Simulator {
    pub(super) fn new(names: Names, clock: Clock, http: reqwest::Client, messages: Arc<Journal>) -> Self {
        Self { names, clock, http, messages, part: Mutex::default() }
    }

    /// Plays the partner of a plugin's next version.
    pub(super) fn play(&self, partner: Option<(PartnerKey, String)>, issuer: String) {
        let mut part = self.part.lock().unwrap_or_else(PoisonError::into_inner);
        (part.partner, part.issuer) = (partner, issuer);
    }

    fn part(&self) -> Part {
        self.part.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn now(&self) -> u64 {
        self.clock.now().0 / 1000
    }

    /// What a real prompt site checks before it asks anybody.
    async fn check(&self, request: &PromptRequest, visit: Option<&Visit>) -> Result<()> {
        let Part { partner: Some((key, _)), issuer, .. } = self.part() else { return Ok(()) };
        let keys = self.fetch_keys(&issuer, visit).await.context("the tenant's keys")?;
        let continue_url = format!("{issuer}/continue");
        let tenant = AskingTenant { issuer: &issuer, continue_url: &continue_url, keys: &keys, now: self.now() };
        request.check(&key, tenant)?;
        Ok(())
    }

    async fn fetch_keys(&self, issuer: &str, visit: Option<&Visit>) -> Result<String> {
        let request = self.http.get(format!("{issuer}/.well-known/jwks.json")).build()?;
        let tell = |draft: Draft| visit.into_iter().for_each(|visit| self.messages.record(visit.flow, draft.clone()));
        tell(Draft::request(Party::Partner, Party::Postlude, "GET", request.url().as_str(), request.headers(), b""));
        let began = Instant::now();
        let response = self.http.execute(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await?;
        tell(Draft::answer(Party::Postlude, Party::Partner, status, &headers, &bytes, began.elapsed()));
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The link that leads back; none where the browser never comes back.
    fn reply(&self, answer: &Answer) -> Result<Option<String>> {
        let request = PromptRequest::read(&answer.location)?;
        let kind = PromptKind::ALL.iter().find(|(name, _)| *name == answer.kind).map(|(_, kind)| *kind);
        let kind = kind.with_context(|| format!("`{}` is no answer of a prompt site", answer.kind))?;
        if kind == PromptKind::Never {
            return Ok(None);
        }
        let now = self.now();
        let mut part = self.part.lock().unwrap_or_else(PoisonError::into_inner);
        let mut link =
            Url::parse(&format!("{}/continue", part.issuer)).with_context(|| format!("the issuer of `{TENANT}`"))?;
        link.query_pairs_mut().append_pair("state", &request.state);
        if let Some((key, parameter)) = &part.partner {
            let claim = |name: &str| request.claims.get(name).and_then(Value::as_str);
            let context = ResultContext {
                user: claim("sub").unwrap_or_default(),
                factor: claim("factor"),
                audience: claim("action").unwrap_or_default(),
                now,
                number: part.made,
                earlier: part.earlier.as_deref(),
            };
            let token = PromptAnswer::of(kind).token(key, &request, context).map_err(|why| anyhow!("{why}"))?;
            if let Some(token) = token {
                link.query_pairs_mut().append_pair(parameter, &token);
                if kind != PromptKind::Replayed {
                    part.made = part.made.saturating_add(1);
                    part.earlier = Some(token);
                }
            }
        }
        let query: Vec<_> = url::form_urlencoded::parse(answer.more.trim().as_bytes()).into_owned().collect();
        link.query_pairs_mut().extend_pairs(&query);
        self.messages.prompted(&request.state, PromptAnswer { query, ..PromptAnswer::of(kind) });
        Ok(Some(link.into()))
    }
}
