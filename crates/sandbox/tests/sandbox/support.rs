//! A shared sandbox, inputs with defaults, and one-line runs.

use crate::guests;
use postlude_model::action::{Action, ActionSpec, Budget, FactorPolicy, Mode, OnFailure, Secret};
use postlude_model::json::Json;
use postlude_model::manifest::{Grants, ResolvedProof};
use postlude_model::names::{ActionName, Digest, FactorName, LoginId, PluginName, RunId, Timestamp};
use postlude_model::run::{Ending, Limit, Metadata, Phase, Proof, Reply, Report, RunInput, Trap};
use postlude_model::token::{NoKeys, Profile, TokenError, Verdict};
use postlude_sandbox::{Plugin, Sandbox, SandboxConfig};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// The factor that the default action and manifest declare.
pub const FACE: &str = "https://acme.example/face";

static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| Sandbox::new(SandboxConfig::default()).unwrap());

/// One sandbox for all tests, as a server has.
pub fn sandbox() -> &'static Sandbox {
    &SANDBOX
}

/// Compiles a guest's text.
pub fn load(text: &str) -> Plugin {
    sandbox().load(&guests::plugin(text).unwrap()).unwrap()
}

/// Compiles a guest's text and runs it.
pub async fn run(text: &str, input: RunInput) -> Report {
    sandbox().run(&load(text), input).await
}

/// The messages that a guest logs in `on-login`.
pub async fn logged(body: &str, input: RunInput) -> Vec<String> {
    let export = if input.phase == Phase::Login { "on-login" } else { "on-continue" };
    let text = format!("(func (export \"{export}\") (result i32) {body} (call $continue))");
    let report = run(&text, input).await;
    assert!(matches!(report.ending, Ending::Decided(_)), "{report:?}");
    report.log.lines.into_iter().map(|line| line.message).collect()
}

/// The trap of a report.
pub fn trap(report: &Report) -> &Trap {
    match &report.ending {
        Ending::Trapped(trap) => trap,
        other => panic!("not a trap: {other:?}"),
    }
}

/// Asserts that a run ended at a limit.
pub fn assert_limit(report: &Report, limit: Limit) {
    assert_eq!(trap(report).limit, Some(limit), "{report:?}");
}

pub fn face() -> FactorName {
    FactorName::new(FACE).unwrap()
}

pub fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

/// An input for `on-login`, with everything granted that the default manifest declares. The wall clock is a minute, so
/// that a busy machine does not turn a trap into a timeout.
pub fn input() -> RunInput {
    let spec = ActionSpec {
        name: ActionName::new("face").unwrap(),
        plugin: PluginName::new("guest").unwrap(),
        version: "0.1.0".to_owned(),
        digest: Digest::from_bytes([7; 32]),
        applies_to: Mode::ALL.into(),
        on_failure: OnFailure::Deny,
        rules: postlude_model::action::Rules::default(),
        settings: json(r#"{"prompt_url":"https://prompt.example/"}"#),
        grants: grants(),
        factors: vec![FactorPolicy {
            amr: vec!["face".to_owned()],
            ..FactorPolicy::new(face(), Duration::from_secs(86_400))
        }],
        result: ResolvedProof { profile: Profile::Postlude, key: "partner".into(), parameter: "token".into() },
        budget: Budget { wall_clock: Duration::from_secs(60), ..Budget::default() },
    };
    let action = Action {
        spec,
        secrets: [("api_token".to_owned(), Secret::new("s3cret"))].into(),
        keys: Arc::new(NoKeys),
        own_keys: Arc::new(postlude_model::keys::NoOwnKeys),
        development: false,
    };
    RunInput {
        phase: Phase::Login,
        action: Arc::new(action),
        mode: Mode::Interactive,
        login_id: LoginId::new("login-1").unwrap(),
        run_id: RunId::new("run-1").unwrap(),
        user_id: "auth0|1".to_owned(),
        issuer: "https://login.example/acme".to_owned(),
        continue_url: "https://login.example/acme/continue".to_owned(),
        event: Arc::new(json(r#"{"client":{"id":"shop"},"user":{"email":"a@b.example","user_id":"auth0|1"}}"#)),
        reply: None,
        factors: Vec::new(),
        login_metadata: Metadata::new(),
        session_metadata: Metadata::new(),
        state: "state-next".to_owned(),
        now: Timestamp(1_795_000_000_123),
        seed: [42; 32],
        cache: Default::default(),
        http: Default::default(),
    }
}

fn grants() -> Grants {
    let one = |text: &str| vec![text.to_owned()];
    Grants {
        event: one("/user"),
        redirect_origins: one("https://prompt.example"),
        secrets: one("api_token"),
        keys: one("partner"),
        hosts: one("api.example"),
        claims: one("https://acme.example/claim"),
        scopes: one("read"),
        app_metadata: one("plan"),
        user_metadata: one("color"),
    }
}

/// An input for `on-continue`, with a proved reply.
pub fn continued() -> RunInput {
    let reply = Reply {
        method: "POST".to_owned(),
        query: vec![("a".to_owned(), "1".to_owned())],
        form: vec![("token".to_owned(), "e.f.g".to_owned())],
        resumed_state: "state-resumed".to_owned(),
        asked_for: Some(face()),
        token: Ok(json(r#"{"verdict":"ok"}"#)),
        proof: Proof::Token { factor: Some(face()), verdict: Verdict::Ok },
        stash: Some(json(r#"{"nonce":"n"}"#)),
    };
    RunInput { phase: Phase::Continue, reply: Some(reply), ..input() }
}

/// The same input with the action changed.
pub fn with(mut input: RunInput, change: impl FnOnce(&mut Action)) -> RunInput {
    change(Arc::make_mut(&mut input.action));
    input
}

/// The same input with the reply changed.
pub fn replied(mut input: RunInput, change: impl FnOnce(&mut Reply)) -> RunInput {
    change(input.reply.as_mut().unwrap());
    input
}

/// A reply without a token.
pub fn tokenless(reply: &mut Reply) {
    reply.token = Err(TokenError::Missing);
    reply.proof = Proof::Nothing;
}
