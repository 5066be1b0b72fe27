//! What happened at the IdP and at the prompt sites, in such a way that any login of it can be told again as a story.

use super::answered::Answered;
use super::told::told;
use super::visit::Visit;
use anyhow::{Context as _, Result, bail};
use postlude_host::Clock;
use postlude_model::action::Mode;
use postlude_model::names::Timestamp;
use postlude_stories::partner::{PromptAnswer, PromptKind, PromptRequest};
use postlude_stories::record::{LoginRuns, Observed, ObservedCall, RecordedPipeline, RecordedStory, RunLog};
use postlude_stories::story::HttpStep;
use postlude_stories::workbench::FIRST_BROWSER;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Calls that are kept: some hundred logins.
const CALLS: usize = 500;
/// Prompts that are kept.
const OPEN: usize = 1000;

/// Everything that happened, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Logins {
    calls: Vec<SeenCall>,
    pipelines: HashMap<&'static str, RecordedPipeline>,
    /// Prompts by their state.
    prompts: HashMap<String, Prompt>,
    /// The state with which each browser was last at Postlude's continue URL.
    brought: HashMap<String, String>,
    /// Hears of the runs.
    runs: Arc<RunLog>,
    /// The login whose prompt was the last to be answered with a result.
    last_result: Option<String>,
}

/// A call of the IdP.
#[derive(Debug, Clone)]
struct SeenCall {
    login: String,
    session: Option<String>,
    at: Timestamp,
    browser: String,
    /// None where the browser was back with what no prompt site here had made.
    call: Option<ObservedCall>,
    /// The answer, as stories have it.
    answer: Value,
    http: Vec<HttpStep>,
    /// Another login without which this call cannot be told.
    needs: Option<String>,
    pipeline: RecordedPipeline,
}

/// A prompt to which a browser was sent.
#[derive(Debug)]
struct Prompt {
    login: String,
    browser: String,
    answer: Option<PromptAnswer>,
    /// Another login whose result was sent again.
    needs: Option<String>,
}

/// A login that is not open any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedLogin {
    /// Its identifier.
    pub login: String,
    /// The user.
    pub user: String,
    /// What Postlude answered: `continue`, `deny`, `interaction_required` or `ended`.
    pub outcome: String,
}

impl Logins {
    /// What runs for a tenant from now on.
    pub(super) fn serve(&mut self, tenant: &'static str, pipeline: RecordedPipeline) {
        self.pipelines.insert(tenant, pipeline);
    }

    /// Postlude answered a login.
    pub(super) fn began(&mut self, visit: &Visit, tenant: &str, event: &Value, answered: &Answered, clock: &Clock) {
        let Some(login) = answered.text("/login_id") else { return };
        let call = ObservedCall::Login { event: event.clone(), mode: Mode::Interactive };
        let pipeline = self.pipelines.get(tenant).cloned().unwrap_or_default();
        let seen = self.seen(visit, login, Some(call), answered, clock);
        self.keep(SeenCall { pipeline, ..seen }, answered);
    }

    /// A browser is at Postlude's continue URL.
    pub(super) fn brought(&mut self, browser: &str, state: &str) {
        self.brought.insert(browser.to_owned(), state.to_owned());
    }

    /// A prompt site answered.
    pub(super) fn prompted(&mut self, state: &str, answer: PromptAnswer) {
        let before = self.last_result.clone();
        let Some(prompt) = self.prompts.get_mut(state) else { return };
        prompt.needs = before.filter(|_| answer.kind == PromptKind::Replayed);
        if !matches!(answer.kind, PromptKind::Replayed | PromptKind::Missing) {
            self.last_result = Some(prompt.login.clone());
        }
        prompt.answer = Some(answer);
    }

    /// Postlude answered a login whose browser is back.
    pub(super) fn went_on(&mut self, visit: &Visit, login: &str, answered: &Answered, clock: &Clock) {
        let prompt = self.brought.get(&visit.browser).and_then(|state| self.prompts.get(state));
        let (mut call, mut needs, mut browser) = (None, None, visit.browser.clone());
        if let Some(Prompt { answer: Some(answer), login: of, browser: sent, needs: earlier }) = prompt {
            let mut answer = answer.clone();
            needs.clone_from(earlier);
            if of != login {
                (answer.browser, needs) = (Some(visit.browser.clone()), Some(of.clone()));
                browser.clone_from(sent);
            }
            call = Some(ObservedCall::Prompt(answer));
        }
        let began = self.calls.iter().find(|call| call.login == login);
        let (session, pipeline) = began.map(|call| (call.session.clone(), call.pipeline.clone())).unwrap_or_default();
        let seen = self.seen(visit, login.to_owned(), call, answered, clock);
        self.keep(SeenCall { browser, needs, pipeline, session: seen.session.clone().or(session), ..seen }, answered);
    }

    fn seen(
        &self,
        visit: &Visit,
        login: String,
        call: Option<ObservedCall>,
        answered: &Answered,
        clock: &Clock,
    ) -> SeenCall {
        let LoginRuns { http, trap } = self.runs.take(&login);
        SeenCall {
            login,
            session: answered.text("/subject/session_id"),
            at: clock.now(),
            browser: visit.browser.clone(),
            call,
            answer: told(answered, trap),
            http,
            needs: None,
            pipeline: RecordedPipeline::default(),
        }
    }

    fn keep(&mut self, call: SeenCall, answered: &Answered) {
        let location = answered.text("/location").and_then(|location| PromptRequest::read(&location).ok());
        if let Some(PromptRequest { state, .. }) = location {
            if self.prompts.len() >= OPEN {
                self.prompts.clear();
            }
            let (login, browser) = (call.login.clone(), call.browser.clone());
            self.prompts.insert(state, Prompt { login, browser, answer: None, needs: None });
        }
        self.calls.push(call);
        let surplus = self.calls.len().saturating_sub(CALLS);
        self.calls.drain(..surplus);
    }

    /// Hears of the runs.
    pub(super) fn runs(&self) -> Arc<RunLog> {
        Arc::clone(&self.runs)
    }

    /// The logins that ended, in the order in which they did.
    pub(super) fn ended(&self) -> Vec<EndedLogin> {
        let ended = self.calls.iter().filter(|call| call.is_end());
        let one = |call: &SeenCall| {
            let user = self.calls.iter().find(|first| first.login == call.login).map(SeenCall::user);
            let user = user.unwrap_or_default().to_owned();
            EndedLogin { login: call.login.clone(), user, outcome: call.outcome().to_owned() }
        };
        ended.map(one).collect()
    }

    /// A login with what led to it: the logins of its session that brought something into it, and whatever else its calls need.
    pub(super) fn story(&self, login: &str) -> Result<RecordedStory> {
        let last = self.calls.iter().rposition(|call| call.login == login);
        let last = last.with_context(|| format!("the login `{login}` is not among those that are kept"))?;
        let until = self.calls.get(..=last).unwrap_or_default();
        let logins = needed(until, login);
        let calls: Vec<&SeenCall> = until.iter().filter(|call| logins.contains(call.login.as_str())).collect();
        let Some((first, own)) = calls.first().zip(calls.iter().find(|call| call.login == login)) else {
            bail!("the login `{login}` is not among those that are kept")
        };
        if calls.iter().any(|call| call.pipeline != first.pipeline) {
            bail!("a plugin or its settings changed within the session: log out, log in again, and save that login");
        }
        let (user, browser) = (own.user(), own.browser.as_str());
        let outcome = calls.last().map_or("", |call| call.outcome());
        let name = match own.answer.pointer("/deny/code").or(calls.last().and_then(|call| call.code())) {
            Some(Value::String(code)) => format!("{user} logs in: {outcome}, {code}"),
            _ => format!("{user} logs in: {outcome}"),
        };
        let observed = calls.iter().map(|call| call.observed(browser)).collect::<Result<_>>()?;
        Ok(RecordedStory { name, pipeline: first.pipeline.clone(), observed })
    }
}

/// The logins without which one cannot be told.
fn needed<'a>(calls: &'a [SeenCall], login: &'a str) -> BTreeSet<&'a str> {
    let mut logins = BTreeSet::from([login]);
    loop {
        let before = logins.len();
        let of = |call: &&SeenCall| logins.contains(call.login.as_str());
        let sessions: BTreeSet<_> = calls.iter().filter(of).filter_map(|call| call.session.as_deref()).collect();
        let others: Vec<_> = calls.iter().filter(of).filter_map(|call| call.needs.as_deref()).collect();
        // Only a login that went on left something in the session.
        let went_on = calls.iter().filter(|call| call.outcome() == "continue");
        let same = went_on.filter(|call| call.session.as_deref().is_some_and(|session| sessions.contains(session)));
        let same: Vec<_> = same.map(|call| call.login.as_str()).collect();
        logins.extend(others.into_iter().chain(same));
        if logins.len() == before {
            return logins;
        }
    }
}

impl SeenCall {
    fn outcome(&self) -> &str {
        self.answer.get("outcome").and_then(Value::as_str).unwrap_or_default()
    }

    fn code(&self) -> Option<&Value> {
        self.answer.pointer("/refused/code").or_else(|| self.answer.pointer("/deny/code"))
    }

    fn is_end(&self) -> bool {
        matches!(self.outcome(), "continue" | "deny" | "interaction_required" | "ended")
    }

    fn user(&self) -> &str {
        match &self.call {
            Some(ObservedCall::Login { event, .. }) => event.pointer("/user/user_id").and_then(Value::as_str),
            _ => None,
        }
        .unwrap_or_default()
    }

    /// The call as a story has it; `first` is the browser that stories do not name.
    fn observed(&self, first: &str) -> Result<Observed> {
        let why = "the browser was back with a link that no prompt site here made, so the login cannot be told again";
        let named = |browser: &str| if browser == first { FIRST_BROWSER } else { browser }.to_owned();
        let mut call = self.call.clone().context(why)?;
        if let ObservedCall::Prompt(answer) = &mut call {
            answer.browser = answer.browser.as_deref().map(named);
        }
        let (answer, http) = (self.answer.clone(), self.http.clone());
        Ok(Observed { at: self.at, browser: named(&self.browser), call, answer, http })
    }
}
