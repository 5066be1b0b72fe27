//! What the loops in this process run: one plugin's action, a login with a fresh factor, and what a server answers to it.

use crate::event;
use anyhow::{Context, Result};
use postlude_crypto::handles::TenantHandles;
use postlude_crypto::root::{RootKey, RootKeys};
use postlude_model::action::{Action, ActionSpec, Budget, FactorPolicy, Mode, OnFailure};
use postlude_model::json::Json;
use postlude_model::keys::NoOwnKeys;
use postlude_model::login::{LoginRecord, Status, Subject};
use postlude_model::manifest::{Grants, ResolvedProof};
use postlude_model::names::{
    ActionName, ClientId, Digest, FactorName, LoginId, PluginName, SessionId, TenantName, Timestamp, UserId,
};
use postlude_model::pipeline::{Login, PipelineContext};
use postlude_model::policy::orders::Orders;
use postlude_model::run::RunInput;
use postlude_model::session::{FactorRecord, Session};
use postlude_model::token::{NoKeys, Profile};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The factor of the action.
pub(crate) const FACTOR: &str = "https://acme.example/face";
/// Now, in milliseconds.
pub(crate) const NOW: u64 = 1_795_000_000_123;
/// How old a record of the factor may be, in milliseconds.
pub(crate) const MAX_AGE: u64 = 86_400_000;
/// How old it is.
const AGE: u64 = 3_600_000;
/// The action's settings.
pub(crate) const SETTINGS: &str = r#"{"claim":"https://acme.example/face_at","factor":"https://acme.example/face","profile":"postlude","prompt_url":"http://localhost:4000/prompt"}"#;
/// What the bare handler answers: as long as the server's answer to the same login.
pub(crate) const ANSWER: &str = r#"{"login_id":"lgn_PP1wq5nQXZJ0bY4vVZ0cEN1mJ6E","outcome":"continue","subject":{"user_id":"user-0","client_id":"app","session_id":"ses_0S1pC4vVZ0cEN1mJ6EPP1wq5nQX"},"session":{"id":"ses_0S1pC4vVZ0cEN1mJ6EPP1wq5nQX","factors":[{"name":"https://acme.example/face","completed_at":"2026-11-24T10:00:00.000Z","expires_at":"2026-11-25T10:00:00.000Z"}]},"amr":["pwd","mfa"],"id_token_claims":{},"access_token_claims":{},"scopes":{"add":[],"remove":[]},"user_updates":{"app_metadata":{},"user_metadata":{}},"idp_requests":[],"actions":[{"name":"face","version":"0.1.0","digest":"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","decision":"skipped","why":"record 1h old, policy 24h: no prompt","fuel":14000,"memory_bytes":1310720,"duration_us":20}]}"#;

/// A tenant with one action, and a login that is due.
#[derive(Debug)]
pub(crate) struct Prepared {
    actions: Vec<Arc<Action>>,
    handles: TenantHandles,
    amr: BTreeMap<String, Vec<String>>,
    record: LoginRecord,
    session: Arc<Session>,
    event: Arc<Json>,
    orders: Arc<Orders>,
}

impl Prepared {
    /// For the plugin of this digest.
    pub(crate) fn new(digest: Digest) -> Result<Self> {
        let roots = Arc::new(RootKeys::only(RootKey::from_bytes([7; 32])));
        let action = Action {
            spec: spec(digest)?,
            secrets: BTreeMap::new(),
            keys: Arc::new(NoKeys),
            own_keys: Arc::new(NoOwnKeys),
            development: true,
        };
        let event = Json::parse(&event::event("user-0", Some("session-0")).to_string())?;
        Ok(Self {
            actions: vec![Arc::new(action)],
            handles: TenantHandles::new(roots, TenantName::new("acme")?),
            amr: [("mfa".to_owned(), vec!["mfa".to_owned()])].into(),
            record: record()?,
            session: Arc::new(session(digest)?),
            event: Arc::new(event),
            orders: Arc::default(),
        })
    }

    /// What the login runs in.
    pub(crate) fn scene(&self) -> PipelineContext<'_> {
        PipelineContext {
            actions: &self.actions,
            handles: &self.handles,
            issuer: "http://127.0.0.1/acme",
            continue_url: "http://127.0.0.1/acme/continue",
            method_amr: &self.amr,
            orders: &self.orders,
            state_lifetime: Duration::from_secs(900),
            epoch: 1,
            orders_seen: 0,
            now: Timestamp(NOW),
        }
    }

    /// The login at its beginning.
    pub(crate) fn login(&self) -> Login<'_> {
        Login::begin(self.scene(), self.record.clone(), Some(Arc::clone(&self.session)), Arc::clone(&self.event))
    }

    /// The run that is due.
    pub(crate) fn input(&self) -> Result<RunInput> {
        self.login().next_run().map(|input| *input).context("no run is due")
    }
}

fn spec(digest: Digest) -> Result<ActionSpec> {
    let policy = FactorPolicy {
        amr: vec!["mfa".to_owned()],
        ..FactorPolicy::new(FactorName::new(FACTOR)?, Duration::from_millis(MAX_AGE))
    };
    Ok(ActionSpec {
        name: ActionName::new("face")?,
        plugin: PluginName::new("custom-factor")?,
        version: "0.1.0".to_owned(),
        digest,
        applies_to: Mode::ALL.into(),
        on_failure: OnFailure::Deny,
        rules: Default::default(),
        settings: Json::parse(SETTINGS)?,
        grants: Grants { redirect_origins: vec!["http://localhost:4000".to_owned()], ..Grants::default() },
        factors: vec![policy],
        result: ResolvedProof {
            profile: Profile::Postlude,
            key: "partner".into(),
            parameter: "postlude_result".into(),
        },
        budget: Budget::default(),
    })
}

fn record() -> Result<LoginRecord> {
    let subject = Subject {
        user_id: UserId::new("user-0")?,
        client_id: ClientId::new("app")?,
        session_id: Some(SessionId::new("session-0")?),
        minted: false,
        generation: 0,
        foreign: false,
    };
    Ok(LoginRecord {
        id: LoginId::new("lgn_PP1wq5nQXZJ0bY4vVZ0cEN1mJ6E")?,
        body_hash: [7; 32],
        version: 0,
        subject,
        mode: Mode::Interactive,
        return_url: Some("http://localhost:3000/interaction/1".to_owned()),
        revision: 1,
        created_at: Timestamp(NOW),
        orders_seen: None,
        changed_at: Timestamp(NOW),
        deadline: Timestamp(NOW + MAX_AGE),
        expires_at: Timestamp(NOW + MAX_AGE),
        position: 0,
        step: 0,
        suspensions: 0,
        status: Status::Running,
        metadata: Default::default(),
        effects: Default::default(),
        recorded: Vec::new(),
        held_metadata: Default::default(),
        trace: Vec::new(),
        policy_state: Default::default(),
    })
}

fn session(digest: Digest) -> Result<Session> {
    let mut session = Session::new(SessionId::new("session-0")?, Timestamp(NOW - AGE));
    session.user = Some(UserId::new("user-0")?);
    session.last_used_at = Timestamp(NOW);
    session.version = 1;
    session.factors.push(FactorRecord {
        name: FactorName::new(FACTOR)?,
        completed_at: Timestamp(NOW - AGE),
        digest,
        action: ActionName::new("face")?,
        login_id: LoginId::new("lgn_0cEN1mJ6EPP1wq5nQXZJ0bY4vVZ")?,
        client_id: ClientId::new("app")?,
        uses: 0,
        last_used_at: Timestamp(NOW - AGE),
        epoch: 1,
        orders_seen: Some(0),
        evidence: None,
    });
    Ok(session)
}
