//! The simulation: a host with its clock, its network, its browsers, its identity provider and its prompt sites.

use super::answer::Answer;
use super::browser::{Browser, FIRST_BROWSER, OpenLogin, user_of};
use super::clock::VirtualClock;
use super::error::WorkbenchError;
use super::http::HttpScript;
use super::pool::PooledPlugin;
use super::prompt::{PromptSites, Visit};
use super::refusal::Refusal;
use super::runs::RunRecorder;
use super::setup::{ConfigFile, Opened, WorkbenchSetup};
use super::tenant::SimulatedTenant;
use crate::event::{merge, sample};
use crate::partner::{PromptAnswer, PromptKind, PromptRequest, TokenProfile};
use postlude_config::Role;
use postlude_host::login::{
    AnswerOutcome, ContinueRequest, Event, IdempotencyKey, LoginAnswer, LoginRequest, SealedReply,
};
use postlude_host::operator::LoginDetail;
use postlude_host::{Caller, Host, HostError, ReloadTrigger, Tenant};
use postlude_model::action::Mode;
use postlude_model::json::Json;
use postlude_model::names::{ClientId, SessionId, UserId};
use postlude_model::trigger::Trigger;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A host with everything around it simulated.
#[derive(Debug)]
pub struct Workbench {
    host: Host,
    clock: VirtualClock,
    http: Arc<HttpScript>,
    runs: Arc<RunRecorder>,
    tenant: SimulatedTenant,
    file: ConfigFile,
    notes: Vec<String>,
    browsers: BTreeMap<String, Browser>,
    /// How many logins began.
    logins: u64,
    sites: PromptSites,
    /// The record of the last login that the host answered.
    detail: Option<LoginDetail>,
}

/// A login as a test writes it.
#[derive(Debug, Clone)]
pub struct LoginInput {
    /// Changes of [the sample event](crate::event::sample) (RFC 7396), or an event of its own.
    pub event: Value,
    /// Whether `event` is the whole event.
    pub exact: bool,
    /// The browser in which the user logs in.
    pub browser: String,
    /// How the login reached the identity provider.
    pub mode: Mode,
}

/// A prompt for which a login waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingPrompt {
    /// The action that asked for it.
    pub action: String,
    /// The factor that it is for.
    pub factor: Option<String>,
    /// The form of its result tokens; none where its replies carry none.
    pub profile: Option<TokenProfile>,
    /// Whether its address has a request token.
    pub has_token: bool,
}

impl Default for LoginInput {
    fn default() -> Self {
        Self { event: json!({}), exact: false, browser: FIRST_BROWSER.to_owned(), mode: Mode::Interactive }
    }
}

impl Workbench {
    /// Opens a host as the setup says.
    ///
    /// # Errors
    /// Every mistake of the configuration at once, in the host's words.
    pub async fn open(setup: WorkbenchSetup) -> Result<Self, WorkbenchError> {
        let Opened { host, clock, http, runs, tenant, file, notes } = setup.open().await?;
        let (browsers, logins, sites, detail) = Default::default();
        Ok(Self { host, clock, http, runs, tenant, file, notes, browsers, logins, sites, detail })
    }

    /// What was made up for the host's configuration, for people.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The clock.
    #[must_use]
    pub const fn clock(&self) -> &VirtualClock {
        &self.clock
    }

    /// The network.
    #[must_use]
    pub fn http(&self) -> &HttpScript {
        &self.http
    }

    /// The host.
    #[must_use]
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// The record of the last login that the host answered, with its session.
    #[must_use]
    pub const fn detail(&self) -> Option<&LoginDetail> {
        self.detail.as_ref()
    }

    /// Lets time pass, at once.
    pub fn wait(&mut self, duration: Duration) {
        self.clock.wait(duration);
    }

    /// Logs a user in: the identity provider asks whether the login may go on.
    ///
    /// # Errors
    /// When the input is no event, or the workbench has a defect. What the host refuses is an [`Answer`].
    pub async fn login(&mut self, input: &LoginInput) -> Result<Answer, WorkbenchError> {
        let browser = self.browsers.entry(input.browser.clone()).or_default();
        let mut document = if input.exact { json!({}) } else { sample() };
        merge(&mut document, &input.event);
        let session = browser.session_of(user_of(&document));
        let event = event_of(document, session)?;
        self.logins = self.logins.saturating_add(1);
        let request = LoginRequest {
            trigger: Trigger::PostLogin,
            mode: input.mode,
            return_url: (input.mode == Mode::Interactive).then(|| self.tenant.return_url.clone()),
            event: event.clone(),
        };
        let body_hash = Sha256::digest(event.document.as_str()).into();
        let idempotency = IdempotencyKey { key: format!("transaction-{}", self.logins), body_hash };
        let tenant = self.running_tenant()?;
        let answered = self.host.logins().start(tenant, idempotency, request).await;
        self.answered(&input.browser, event, answered).await
    }

    /// The prompt site answers the browser that logged in first, and the browser is back.
    ///
    /// # Errors
    /// As [`Workbench::prompt_in`].
    pub async fn prompt(&mut self, answer: &PromptAnswer) -> Result<Answer, WorkbenchError> {
        self.prompt_in(FIRST_BROWSER, answer).await
    }

    /// The prompt site answers a browser, and the browser, or the one that the answer names, brings that back. Whatever is refused
    /// on the way is an [`Answer`] of outcome `refused`.
    ///
    /// # Errors
    /// When no login of the browser waits for a prompt, or the answer cannot be made.
    pub async fn prompt_in(&mut self, browser: &str, answer: &PromptAnswer) -> Result<Answer, WorkbenchError> {
        if answer.kind == PromptKind::Again {
            return self.again(browser, answer.browser.as_deref()).await;
        }
        let open = self.open_login(browser).ok_or_else(|| {
            let why = format!(
                "no login waits for a prompt in the browser `{browser}`; a step `login` that redirects begins one"
            );
            WorkbenchError::Usage(why)
        })?;
        if answer.kind == PromptKind::Never {
            return Ok(Answer::waiting());
        }
        let (keys, now) = (self.running_tenant()?.jwks.clone(), self.clock.now().seconds());
        match self.sites.visit(&self.tenant, &keys, now, &open, answer)? {
            Visit::Refused(why) => {
                Ok(Answer::refused(&Refusal::new("prompt", "request_refused", why.to_string()), Vec::new()))
            }
            Visit::Reply(reply) => {
                self.bring_back(answer.browser.as_deref().unwrap_or(browser), browser, open, reply).await
            }
        }
    }

    /// The prompt for which a login of the browser waits.
    #[must_use]
    pub fn waiting_prompt(&self, browser: &str) -> Option<WaitingPrompt> {
        let open = self.browsers.get(browser)?.open.as_ref()?;
        let profile = self.tenant.partner(&open.action).map(|partner| partner.key.profile);
        let has_token = PromptRequest::read(&open.location).is_ok_and(|request| request.token.is_some());
        Some(WaitingPrompt { action: open.action.clone(), factor: open.factor.clone(), profile, has_token })
    }

    fn open_login(&self, browser: &str) -> Option<OpenLogin> {
        self.browsers.get(browser)?.open.clone()
    }

    /// A browser at the continue URL, and then at its identity provider, which finds the transaction by that browser's cookie.
    async fn bring_back(
        &mut self,
        by: &str,
        sent: &str,
        open: OpenLogin,
        reply: SealedReply,
    ) -> Result<Answer, WorkbenchError> {
        let tenant = self.running_tenant()?;
        let logins = self.host.logins();
        let returned = match logins.check_state(&tenant, reply.state.clone()) {
            Ok(browser) => logins.return_to(&tenant, &browser, &reply).await,
            Err(why) => Err(why),
        };
        let url = match returned {
            Ok(url) => url,
            Err(why) => return Ok(Answer::refused(&Refusal::at_continue_url(&why), self.runs.take())),
        };
        let sealed = url.query_pairs().find(|(name, _)| name == postlude_config::REPLY_PARAMETER);
        let sealed = sealed.map(|(_, value)| value.into_owned()).unwrap_or_default();
        if let Some(browser) = self.browsers.get_mut(sent) {
            browser.replied = Some((open, sealed.clone()));
        }
        let waiting = self.open_login(by);
        self.resume(by, waiting, sealed).await
    }

    /// The last reply of a browser a second time, by itself or by another browser.
    async fn again(&mut self, browser: &str, by: Option<&str>) -> Result<Answer, WorkbenchError> {
        let replied = self.browsers.get(browser).and_then(|browser| browser.replied.clone());
        let (login, sealed) = replied.ok_or_else(|| {
            WorkbenchError::Usage(format!("the browser `{browser}` brought no reply before that could be repeated"))
        })?;
        match by {
            None => self.resume(browser, Some(login), sealed).await,
            Some(by) => {
                let waiting = self.open_login(by);
                self.resume(by, waiting, sealed).await
            }
        }
    }

    async fn resume(
        &mut self,
        browser: &str,
        login: Option<OpenLogin>,
        reply: String,
    ) -> Result<Answer, WorkbenchError> {
        let Some(login) = login else {
            let why = format!("no login waits in the browser `{browser}`");
            return Ok(Answer::refused(&Refusal::new("idp", "no_login", why), Vec::new()));
        };
        let tenant = self.running_tenant()?;
        let request = ContinueRequest { resume_key: login.resume_key, reply, event: login.event.clone() };
        let answered = self.host.logins().resume(tenant, login.id, request).await;
        self.answered(browser, login.event, answered).await
    }

    /// Logs the browser's user out: the session ends, with the factors in it.
    ///
    /// # Errors
    /// When the host does not end it.
    pub async fn logout(&mut self, browser: &str) -> Result<(), WorkbenchError> {
        let tenant = self.running_tenant()?;
        let Some(browser) = self.browsers.get_mut(browser) else { return Ok(()) };
        let Some((_, id)) = browser.session.take() else { return Ok(()) };
        browser.open = None;
        match self.host.sessions().end(&tenant, &id).await {
            Ok(_) | Err(HostError::SessionUnknown) => Ok(()),
            Err(why) => Err(WorkbenchError::Internal(why.to_string())),
        }
    }

    /// Puts another version of a plugin in the place of each action that has the plugin, as an operator who deploys it.
    ///
    /// # Errors
    /// When no action has it, or the new version does not go with the action's settings and grants.
    pub async fn swap(&mut self, plugin: &PooledPlugin) -> Result<(), WorkbenchError> {
        self.file.swap(plugin)?;
        let outcome = self.host.reloads().reload(ReloadTrigger::Call).await;
        outcome.map(|_| ()).map_err(|why| WorkbenchError::Usage(why.to_string()))
    }

    /// Ends the host. Dropping a workbench ends it as well.
    pub async fn close(self) {
        // An engine in memory has nothing to lose.
        let _ = self.host.close().await;
    }

    fn running_tenant(&self) -> Result<Arc<Tenant>, WorkbenchError> {
        let found = self.host.tenants().get(&self.tenant.name).cloned();
        found.ok_or_else(|| WorkbenchError::Internal("the tenant does not run any more".to_owned()))
    }

    /// What the identity provider does with an answer: it keeps the transaction of a redirect, and the session of a `continue`.
    async fn answered(
        &mut self,
        browser: &str,
        event: Event,
        answered: Result<LoginAnswer, HostError>,
    ) -> Result<Answer, WorkbenchError> {
        let runs = self.runs.take();
        let answer = match answered {
            Ok(answer) => answer,
            Err(why) => return Ok(Answer::refused(&Refusal::host(&why), runs)),
        };
        let caller = Caller { tenant: self.running_tenant()?, role: Role::Operator, key: "workbench".into() };
        let detail = self.host.operator().logins.detail(&caller, answer.login_id()).await;
        let detail = detail.map_err(|why| WorkbenchError::Internal(why.to_string()))?;
        let browser = self.browsers.entry(browser.to_owned()).or_default();
        match answer.outcome() {
            AnswerOutcome::Redirect { location: Some(location), resume_key: Some(resume_key), .. } => {
                let suspension = detail.record.suspension();
                browser.open = Some(OpenLogin {
                    id: answer.login_id().clone(),
                    resume_key: resume_key.to_owned(),
                    location: location.to_owned(),
                    action: suspension.map(|at| at.action.to_string()).unwrap_or_default(),
                    factor: suspension.and_then(|at| at.factor.as_ref()).map(ToString::to_string),
                    event,
                });
            }
            AnswerOutcome::Continue { .. } => {
                browser.open = None;
                let subject = answer.subject();
                browser.session = subject.session_id.clone().map(|id| (subject.user_id.to_string(), id));
            }
            _ => browser.open = None,
        }
        let json = Answer::of(&answer, detail.session.as_ref(), runs);
        self.detail = Some(detail);
        Ok(json)
    }
}

/// An event that the host takes, with the session of its browser.
fn event_of(mut document: Value, session: Option<&SessionId>) -> Result<Event, WorkbenchError> {
    if let (Some(id), None) = (session, document.pointer("/session/id")) {
        merge(&mut document, &json!({ "session": { "id": id.as_str() } }));
    }
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let missing = |pointer: &str| {
        WorkbenchError::Usage(format!(
            "the event has no text at `{pointer}`; an event names its user at `/user/user_id` and its client at \
             `/client/client_id`"
        ))
    };
    let usage = |why: String| WorkbenchError::Usage(format!("the event is not acceptable: {why}"));
    let user_id = UserId::new(text("/user/user_id").ok_or_else(|| missing("/user/user_id"))?);
    let client_id = ClientId::new(text("/client/client_id").ok_or_else(|| missing("/client/client_id"))?);
    let session_id = text("/session/id").map(SessionId::new).transpose().map_err(|why| usage(why.to_string()))?;
    let parsed = Json::parse(&document.to_string()).map_err(|why| usage(why.to_string()))?;
    Ok(Event {
        document: Arc::new(parsed),
        user_id: user_id.map_err(|why| usage(why.to_string()))?,
        client_id: client_id.map_err(|why| usage(why.to_string()))?,
        session_id,
    })
}
