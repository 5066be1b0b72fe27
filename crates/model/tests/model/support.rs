//! A tiny world: readable handles and tokens in place of cryptography, scripted reports in place of plugins.

use postlude_model::action::{Action, ActionSpec, Budget, FactorPolicy, Mode, OnFailure, Rules};
use postlude_model::decision::{Command, Decision, Denial, Failure, RedirectRequest, TokenRequest};
use postlude_model::handle::{Handles, StateClaims};
use postlude_model::json::Json;
use postlude_model::limits;
use postlude_model::login::{Effects, LoginRecord, Settled, Status, Subject};
use postlude_model::manifest::{Grants, ResolvedProof};
use postlude_model::names::{Digest, FactorName, LoginId, RunId, SessionId, Timestamp};
use postlude_model::pipeline::{BrowserReply, Finished, Login, PipelineContext};
use postlude_model::policy::orders::Orders;
use postlude_model::policy::state::PolicyState;
use postlude_model::run::{Ending, Log, Metadata, Phase, Report, RunInput, Trap, Usage};
use postlude_model::session::{FactorRecord, Session};
use postlude_model::token::{Profile, TokenContext, TokenError, TokenKeys, Verdict, VerifiedResult};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub const NOW: Timestamp = Timestamp(1_800_000_000_000);
pub const PROMPT: &str = "https://prompt.example/face";
pub const FACE: &str = "https://acme.example/face";
pub const VOICE: &str = "https://acme.example/voice";
pub const DAY: Duration = Duration::from_secs(86_400);

/// States that say what they are: `st.<epoch>.<login>.<step>.<expiry>`.
#[derive(Debug)]
pub struct TextHandles;

impl Handles for TextHandles {
    fn state(&self, claims: &StateClaims) -> String {
        format!("st.{}.{}.{}.{}", claims.epoch, claims.login_id, claims.step, claims.expires_at.0)
    }
    fn run_id(&self, login: &LoginId, step: u32) -> RunId {
        RunId::new(format!("run.{login}.{step}")).unwrap()
    }
    fn seed(&self, _: &LoginId, step: u32) -> [u8; 32] {
        [u8::try_from(step % 256).unwrap(); 32]
    }
    fn seal_location(&self, _: &LoginId, _: u32, location: &str) -> Option<String> {
        Some(location.to_owned())
    }
}

/// The result token of profile `postlude`, in clear: everything that is compared.
pub fn token(verdict: &str, state: &str, user: &str, factor: Option<&str>) -> String {
    format!("{verdict}|{state}|{user}|{}", factor.unwrap_or("-"))
}

/// The result token of profile `auth0`: three parts, of characters that need no escaping anywhere in a URL.
pub fn auth0_token(state: &str, user: &str) -> String {
    format!("eyJh.{}_{user}.{}", state.replace('.', "-"), "s".repeat(43))
}

/// One key named `partner`, of one profile.
#[derive(Debug)]
pub struct TextKeys(pub Profile);

impl TokenKeys for TextKeys {
    fn encode(&self, request: &TokenRequest, context: &TokenContext<'_>) -> Result<String, TokenError> {
        if request.key != "partner" {
            return Err(TokenError::UnknownKey);
        }
        Json::parse(&request.claims).map_err(|why| TokenError::InvalidClaims(why.to_string()))?;
        Ok(token("request", context.state, context.user_id, context.factor.map(FactorName::as_str)))
    }

    fn verify(&self, key: &str, text: &str, context: &TokenContext<'_>) -> Result<VerifiedResult, TokenError> {
        if key != "partner" {
            return Err(TokenError::UnknownKey);
        }
        let claims = Json::parse(r#"{"verified":true}"#).unwrap();
        if self.0 == Profile::Auth0 {
            let same = text == auth0_token(context.state, context.user_id);
            return if same { Ok(VerifiedResult { claims, verdict: None }) } else { Err(invalid()) };
        }
        let factor = context.factor.map(FactorName::as_str);
        let said = [("ok", Verdict::Ok), ("refused", Verdict::Refused), ("error", Verdict::Error)];
        let found = said.into_iter().find(|(word, _)| text == token(word, context.state, context.user_id, factor));
        found.map(|(_, verdict)| VerifiedResult { claims, verdict: Some(verdict) }).ok_or_else(invalid)
    }
}

fn invalid() -> TokenError {
    TokenError::Invalid("the text differs".to_owned())
}

/// An action without factors: profile `postlude`, one granted origin, all modes, deny on failure.
pub fn spec(name: &str) -> ActionSpec {
    ActionSpec {
        name: name.parse().unwrap(),
        plugin: "plugin".parse().unwrap(),
        version: "1.0.0".to_owned(),
        digest: Digest::from_bytes([7; 32]),
        applies_to: Mode::ALL.into(),
        on_failure: OnFailure::Deny,
        rules: Rules::default(),
        settings: Json::object(),
        grants: Grants { redirect_origins: vec!["https://prompt.example".to_owned()], ..Grants::default() },
        factors: Vec::new(),
        result: ResolvedProof { profile: Profile::Postlude, key: "partner".to_owned(), parameter: "result".to_owned() },
        budget: Budget::default(),
    }
}

/// The same, with one factor that lives a day and is worth `mfa`.
pub fn factor_spec(name: &str, factor: &str) -> ActionSpec {
    ActionSpec { factors: vec![policy(factor, DAY, &["mfa"])], ..spec(name) }
}

pub fn policy(factor: &str, max_age: Duration, amr: &[&str]) -> FactorPolicy {
    let amr = amr.iter().map(|&value| value.to_owned()).collect();
    FactorPolicy { amr, ..FactorPolicy::new(factor.parse().unwrap(), max_age) }
}

pub fn action(spec: ActionSpec) -> Arc<Action> {
    let keys = Arc::new(TextKeys(spec.result.profile));
    Arc::new(Action {
        spec,
        secrets: BTreeMap::new(),
        keys,
        own_keys: Arc::new(postlude_model::keys::NoOwnKeys),
        development: false,
    })
}

/// What a login runs in, owned.
pub struct World {
    pub actions: Vec<Arc<Action>>,
    pub method_amr: BTreeMap<String, Vec<String>>,
    pub orders: Arc<Orders>,
    pub epoch: u64,
    pub now: Timestamp,
}

impl World {
    pub fn new(specs: impl IntoIterator<Item = ActionSpec>) -> Self {
        let method_amr = BTreeMap::from([("pwd".to_owned(), vec!["pwd".to_owned()])]);
        Self {
            actions: specs.into_iter().map(action).collect(),
            method_amr,
            orders: Arc::default(),
            epoch: 1,
            now: NOW,
        }
    }

    /// The face action, alone.
    pub fn face() -> Self {
        Self::new([factor_spec("face", FACE)])
    }

    pub fn later(mut self, duration: Duration) -> Self {
        self.now = self.now.plus(duration);
        self
    }

    pub fn context(&self) -> PipelineContext<'_> {
        PipelineContext {
            actions: &self.actions,
            handles: &TextHandles,
            issuer: "https://idp.example/acme",
            continue_url: "https://idp.example/acme/continue",
            method_amr: &self.method_amr,
            orders: &self.orders,
            state_lifetime: limits::STATE_LIFETIME,
            orders_seen: self.orders.version,
            epoch: self.epoch,
            now: self.now,
        }
    }

    pub fn begin(&self, record: LoginRecord, session: Option<Session>) -> Login<'_> {
        Login::begin(self.context(), record, session.map(Arc::new), event())
    }

    /// Begins in a new session, runs, and says what is to be stored.
    pub fn log_in(&self, script: &[Scripted]) -> Finished {
        self.log_in_as(login("l1", "alice", Some("s1"), Mode::Interactive), Some(session("s1")), script)
    }

    pub fn log_in_mode(&self, mode: Mode, script: &[Scripted]) -> Finished {
        self.log_in_as(login("l1", "alice", Some("s1"), mode), Some(session("s1")), script)
    }

    pub fn log_in_as(&self, record: LoginRecord, session: Option<Session>, script: &[Scripted]) -> Finished {
        let mut login = self.begin(record, session);
        play(&mut login, script);
        login.finish()
    }

    /// Resumes with a proved reply.
    pub fn back(&self, stored: &Finished, before: Option<Session>, script: &[Scripted]) -> Finished {
        let session = stored.session.clone().or(before).map(Arc::new);
        let mut login =
            Login::resume(self.context(), stored.record.clone(), session, event(), proved(&stored.record, "ok"));
        play(&mut login, script);
        login.finish()
    }
}

pub fn event() -> Arc<Json> {
    Arc::new(Json::parse(r#"{"authentication":{"methods":[{"name":"pwd"}]},"user":{"user_id":"alice"}}"#).unwrap())
}

pub fn login(id: &str, user: &str, session: Option<&str>, mode: Mode) -> LoginRecord {
    LoginRecord {
        id: id.parse().unwrap(),
        body_hash: [1; 32],
        version: 0,
        subject: Subject {
            user_id: user.parse().unwrap(),
            client_id: "client".parse().unwrap(),
            session_id: session.map(|id| id.parse().unwrap()),
            minted: false,
            generation: 0,
            foreign: false,
        },
        mode,
        return_url: Some("https://idp.example/interaction/abc".to_owned()),
        revision: 1,
        created_at: NOW,
        orders_seen: None,
        changed_at: NOW,
        deadline: NOW.plus(limits::LOGIN_LIFETIME),
        expires_at: NOW.plus(limits::RECORD_LIFETIME),
        position: 0,
        step: 0,
        suspensions: 0,
        status: Status::Running,
        metadata: Metadata::new(),
        effects: Effects::default(),
        recorded: Vec::new(),
        held_metadata: Metadata::new(),
        policy_state: PolicyState::default(),
        trace: Vec::new(),
    }
}

pub fn session(id: &str) -> Session {
    Session::new(SessionId::new(id).unwrap(), NOW)
}

/// A stored session of a user with these factors, each completed at a time.
pub fn owned(user: &str, factors: &[(&str, Timestamp)]) -> Session {
    let factors = factors.iter().map(|&(name, at)| record(name, at)).collect();
    Session { user: Some(user.parse().unwrap()), version: 3, generation: 2, factors, ..session("s1") }
}

pub fn record(factor: &str, completed_at: Timestamp) -> FactorRecord {
    FactorRecord {
        name: factor.parse().unwrap(),
        completed_at,
        digest: Digest::from_bytes([7; 32]),
        action: "face".parse().unwrap(),
        login_id: "earlier".parse().unwrap(),
        client_id: "client".parse().unwrap(),
        uses: 0,
        last_used_at: completed_at,
        epoch: 1,
        orders_seen: None,
        evidence: None,
    }
}

/// A report for an action and a phase.
pub type Scripted = (&'static str, Phase, Report);

pub fn on_login(action: &'static str, report: Report) -> Scripted {
    (action, Phase::Login, report)
}

pub fn on_continue(action: &'static str, report: Report) -> Scripted {
    (action, Phase::Continue, report)
}

/// Runs until nothing is due; every run must be in the script. Returns the inputs of the runs.
pub fn play(login: &mut Login<'_>, script: &[Scripted]) -> Vec<RunInput> {
    let mut seen = Vec::new();
    while let Some(input) = login.next_run() {
        let name = input.action.spec.name.as_str();
        let found = script.iter().find(|(action, phase, _)| *action == name && *phase == input.phase);
        let (_, _, report) = found.unwrap_or_else(|| panic!("`{name}` ran {:?}, which no script has", input.phase));
        login.feed(report.clone()).unwrap();
        seen.push(*input);
    }
    seen
}

pub fn report(ending: Ending, commands: Vec<Command>) -> Report {
    Report { ending, commands, log: Log::default(), http: Vec::new(), usage: Usage { fuel: 5, ..Usage::default() } }
}

pub fn go_on(commands: Vec<Command>) -> Report {
    report(Ending::Decided(Decision::Continue), commands)
}

pub fn deny(commands: Vec<Command>) -> Report {
    deny_with("no_entry", "you may not enter", commands)
}

pub fn deny_with(code: &str, message: &str, commands: Vec<Command>) -> Report {
    let denial = Denial { code: code.to_owned(), message: message.to_owned() };
    report(Ending::Decided(Decision::Deny(denial)), commands)
}

pub fn failed(commands: Vec<Command>) -> Report {
    report(Ending::Failed(Failure::Other("it broke".to_owned())), commands)
}

pub fn trapped(commands: Vec<Command>) -> Report {
    let trap = Trap { limit: None, message: "unreachable".to_owned(), backtrace: Vec::new() };
    report(Ending::Trapped(trap), commands)
}

pub fn to(url: &str, factor: Option<&str>) -> RedirectRequest {
    RedirectRequest { url: url.to_owned(), query: Vec::new(), factor: factor.map(str::to_owned), token: None }
}

pub fn redirect(request: RedirectRequest, commands: Vec<Command>) -> Report {
    report(Ending::Decided(Decision::Redirect(request)), commands)
}

/// The usual redirect: to the prompt, for a factor.
pub fn prompt(factor: &str) -> Report {
    redirect(to(PROMPT, Some(factor)), Vec::new())
}

pub fn completes(factor: &str) -> Report {
    go_on(vec![record_factor(factor)])
}

pub fn record_factor(factor: &str) -> Command {
    Command::RecordFactor { name: factor.parse().unwrap(), evidence: None }
}

pub fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

pub fn state_of(record: &LoginRecord) -> String {
    let suspension = record.suspension().expect("the login is not suspended");
    let (_, state) = suspension.location.rsplit_once("state=").unwrap();
    state.to_owned()
}

pub fn bare_reply(record: &LoginRecord) -> BrowserReply {
    BrowserReply { state: state_of(record), method: "GET".to_owned(), query: Vec::new(), form: Vec::new() }
}

/// The reply of a browser whose user the prompt site answered for.
pub fn proved(record: &LoginRecord, verdict: &str) -> BrowserReply {
    let suspension = record.suspension().expect("the login is not suspended");
    let factor = suspension.factor.as_ref().map(FactorName::as_str);
    let text = token(verdict, &state_of(record), record.subject.user_id.as_str(), factor);
    BrowserReply { query: vec![("result".to_owned(), text)], ..bare_reply(record) }
}

pub fn settled(record: &LoginRecord) -> &Settled {
    match &record.status {
        Status::Continued(settled) | Status::Denied { settled, .. } => settled,
        other => panic!("no outcome yet: {other:?}"),
    }
}

pub fn denied_code(record: &LoginRecord) -> &str {
    match &record.status {
        Status::Denied { denial, .. } => &denial.code,
        other => panic!("not denied: {other:?}"),
    }
}

pub fn last_why(record: &LoginRecord) -> &str {
    &record.trace.last().unwrap().why
}

pub fn factor_names(session: &Session) -> Vec<&str> {
    session.factors.iter().map(|factor| factor.name.as_str()).collect()
}
