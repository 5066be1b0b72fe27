//! The host of the model: reads, rules, runs, commits, as the server does, over the real pipeline.

use super::world::{Browser, Event, Mutant, Policy, Process, Request, Run, Setting, State, Store, Stored, World};
use crate::support;
use postlude_model::action::Mode;
use postlude_model::limits;
use postlude_model::login::{EndReason, LoginRecord, Status};
use postlude_model::pipeline::{BrowserReply, Finished, Login, Presented, Ruling, ended, rule, session_ended};
use postlude_model::policy::bypass::{Bypass, BypassUse, Target};
use postlude_model::run::{Phase, Proof, Report, RunInput};
use postlude_model::session::Session;
use postlude_model::token::{TokenError, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub struct Host {
    pub setting: Setting,
    context: support::World,
}

impl Host {
    pub fn new(setting: Setting) -> Self {
        let mut specs = [support::factor_spec("face", support::FACE), support::factor_spec("voice", support::VOICE)];
        if setting.policy == Policy::LastUse {
            specs.iter_mut().for_each(|spec| spec.factors[0].max_uses = Some(1));
        }
        Self { setting, context: support::World::new(specs) }
    }

    pub fn begin(&self) -> World {
        let factors: &[_] = match self.setting.policy {
            Policy::Age => &[],
            Policy::LastUse => &[(support::FACE, support::NOW), (support::VOICE, support::NOW)],
            Policy::Bypass => &[(support::VOICE, support::NOW)],
        };
        let session = match factors {
            [] => support::session("s1"),
            factors => Session { generation: 0, ..support::owned("alice", factors) },
        };
        let session = Stored::new(session);
        let bypass = (self.setting.policy == Policy::Bypass).then(|| Stored::new(bypass()));
        World {
            store: Store { epoch: 1, logins: vec![None; self.setting.users.len()], session, bypass },
            backup: None,
            now: support::NOW,
            known: BTreeSet::new(),
            processes: Vec::new(),
            left: self.setting.limits,
            consumed: BTreeMap::new(),
            used: BTreeMap::new(),
        }
    }

    pub fn step(&self, world: &World, event: Event) -> Result<World, String> {
        let mut next = world.clone();
        match event {
            Event::Arrive(request) => self.arrive(&mut next, request, false),
            Event::Slow(request) => self.arrive(&mut next, request, true),
            Event::Advance(at) => self.advance(&mut next, at)?,
            Event::Crash(at) => {
                next.left.crashes -= 1;
                next.processes.remove(at);
            }
            Event::Logout => {
                next.left.logouts -= 1;
                let old = &*world.store.session;
                next.store.session = Stored::new(Session {
                    generation: old.generation + 1,
                    version: old.version + 1,
                    user: None,
                    factors: Vec::new(),
                    ..old.clone()
                });
            }
            Event::Backup => {
                next.left.backups -= 1;
                next.backup = Some(next.store.clone());
            }
            Event::Restore => {
                next.store = next.backup.take().unwrap();
                next.store.epoch = world.store.epoch + u64::from(self.setting.mutant != Mutant::NoEpochBump);
                next.processes.clear();
            }
            Event::Tick => {
                next.left.ticks -= 1;
                next.now = next.now.plus(limits::STATE_LIFETIME + Duration::from_millis(1));
            }
        }
        // Two processes that do the same are one case.
        next.processes.sort_by_key(fingerprint);
        Ok(next)
    }

    /// Whether a request would resume. The host has refused states of other epochs before it looks at the store.
    pub fn ruling(&self, world: &World, state: State, browser: Browser) -> Option<Ruling> {
        if state.epoch != world.store.epoch {
            return None;
        }
        let record = world.store.logins[state.login].as_ref()?;
        let mallory = "mallory".parse().unwrap();
        let (user_id, key) = match browser {
            Browser::Own => (&record.subject.user_id, true),
            Browser::Thief => (&record.subject.user_id, self.setting.mutant == Mutant::NoResumeKey),
            Browser::Mallory => (&mallory, true),
        };
        let session_id = record.subject.session_id.as_ref();
        let presented = Presented {
            state: &state.claims(),
            resume_key_matches: key,
            user_id,
            client_id: &record.subject.client_id,
            session_id,
        };
        Some(rule(record, Some(&world.store.session), session_id, &presented, world.now))
    }

    fn arrive(&self, world: &mut World, request: Request, slow: bool) {
        world.left.requests -= 1;
        world.left.slow -= u8::from(slow);
        let login = request.login();
        match request {
            Request::Begin(_) if world.store.logins[login].is_some() => {
                answer(world, login);
                return;
            }
            Request::Begin(_) => {}
            Request::Resume { state, browser, .. } => match self.ruling(world, state, browser) {
                Some(Ruling::Resume) => {}
                Some(Ruling::Replay) => {
                    answer(world, login);
                    return;
                }
                Some(Ruling::SessionEnded) => {
                    let record = world.store.logins[login].as_deref().cloned().unwrap();
                    store_login(world, login, ended(record, EndReason::SessionEnded));
                    return;
                }
                None | Some(Ruling::Mismatch | Ruling::Expired) => return,
            },
        }
        let run = self.run(world, request, slow);
        world.processes.push(Process::Ran { request, run: Stored::new(run), again: false });
    }

    fn run(&self, world: &World, request: Request, slow: bool) -> Run {
        let context = postlude_model::pipeline::PipelineContext {
            epoch: world.store.epoch,
            now: world.now,
            ..self.context.context()
        };
        let session = (*world.store.session).clone();
        let seen = world.store.logins[request.login()].as_deref().cloned();
        let login = match (request, seen.clone()) {
            (Request::Resume { .. }, Some(record)) if slow => {
                let finished = Finished::of_record(Login::timed_out(record));
                return Run { seen, seen_session: session, finished };
            }
            (Request::Resume { state, token, .. }, Some(record)) => {
                let reply = reply(&record, state, token);
                Login::resume(context, record, Some(session.clone().into()), support::event(), reply)
            }
            (Request::Begin(login), _) => {
                let user = self.setting.users[login];
                let record = support::login(&format!("l{login}"), user, Some("s1"), Mode::Interactive);
                Login::begin(context, record, Some(session.clone().into()), support::event())
            }
            (Request::Resume { .. }, None) => panic!("no record, no ruling"),
        };
        let mut login = login.with_bypasses(world.store.bypass.as_deref().cloned().into_iter().collect());
        while let Some(input) = login.next_run() {
            let report = self.plugin(&input);
            login.feed(report).unwrap();
        }
        Run { seen, seen_session: session, finished: login.finish() }
    }

    /// Asks for its factor; records it when it is proved, asks again when there is no token, denies when it is bad.
    fn plugin(&self, input: &RunInput) -> Report {
        let factor = input.action.spec.factors[0].name.as_str();
        let Some(reply) = &input.reply else {
            assert_eq!(input.phase, Phase::Login);
            return support::prompt(factor);
        };
        let proved = match &reply.proof {
            Proof::Token { factor: Some(named), verdict: Verdict::Ok } => named.as_str() == factor,
            _ => false,
        };
        if proved || self.setting.mutant == Mutant::NoTokenCheck {
            return support::completes(factor);
        }
        match reply.token {
            Err(TokenError::Missing) => support::prompt(factor),
            _ => support::deny(Vec::new()),
        }
    }

    fn advance(&self, world: &mut World, at: usize) -> Result<(), String> {
        match world.processes.remove(at) {
            Process::Committed { login } => answer(world, login),
            Process::Ran { request, run, again } => self.commit(world, request, &run, again)?,
        }
        Ok(())
    }

    /// One transaction: the login's version, then the session's generation, then its version.
    fn commit(&self, world: &mut World, request: Request, run: &Run, again: bool) -> Result<(), String> {
        let login = request.login();
        let stored = world.store.logins[login].as_ref().map_or(0, |record| record.version);
        let seen = run.seen.as_ref().map_or(0, |record| record.version);
        if stored != seen && self.setting.mutant != Mutant::NoLoginCas {
            answer(world, login);
            return Ok(());
        }
        let session = world.store.session.clone();
        let begun = run.seen.as_ref().unwrap_or(&run.finished.record);
        if self.setting.mutant != Mutant::NoSessionCheck {
            if session_ended(begun, Some(&session)) || session.generation != run.seen_session.generation {
                store_login(world, login, ended(begun.clone(), EndReason::SessionEnded));
                return Ok(());
            }
            if session.version != run.seen_session.version {
                if !again {
                    let run = Stored::new(self.run(world, request, false));
                    world.processes.push(Process::Ran { request, run, again: true });
                }
                return Ok(());
            }
        }
        let gone = |bypass: &Stored<Bypass>| bypass.used.is_some() || !run.finished.bypasses.contains(&bypass.id);
        let gone = !run.finished.bypasses.is_empty() && world.store.bypass.as_ref().is_none_or(gone);
        if gone && self.setting.mutant != Mutant::NoBypassCheck {
            if !again {
                let run = Stored::new(self.run(world, request, false));
                world.processes.push(Process::Ran { request, run, again: true });
            }
            return Ok(());
        }
        super::search::check_commit(world, request, run)?;
        if !run.finished.bypasses.is_empty()
            && let Some(bypass) = &world.store.bypass
        {
            let used = Some(BypassUse { login_id: run.finished.record.id.clone(), at: world.now });
            world.store.bypass = Some(Stored::new(Bypass { used, ..(**bypass).clone() }));
        }
        if let Some(session) = &run.finished.session {
            let version = world.store.session.version + 1;
            world.store.session = Stored::new(Session { version, ..session.clone() });
        }
        store_login(world, login, run.finished.record.clone());
        world.processes.push(Process::Committed { login });
        Ok(())
    }
}

/// The help desk's, of the first epoch.
fn bypass() -> Bypass {
    Bypass {
        id: "byp_1".parse().unwrap(),
        user_id: "alice".parse().unwrap(),
        target: Target::Action("face".parse().unwrap()),
        reason: "phone lost".to_owned(),
        issued_by: "helpdesk".to_owned(),
        issued_at: support::NOW,
        expires_at: support::NOW.plus(support::DAY),
        epoch: 1,
        used: None,
    }
}

/// What the browser brings: the token's text, or nothing.
fn reply(record: &LoginRecord, state: State, token: Option<super::world::Token>) -> BrowserReply {
    let factor = record.suspension().and_then(|s| s.factor.as_ref()).map(|factor| factor.as_str().to_owned());
    let text = token.map(|(signed, user)| support::token("ok", &signed.text(), user, factor.as_deref()));
    let query = text.map(|text| ("result".to_owned(), text)).into_iter().collect();
    BrowserReply { state: state.text(), method: "GET".to_owned(), query, form: Vec::new() }
}

fn store_login(world: &mut World, login: usize, record: LoginRecord) {
    let version = world.store.logins[login].as_ref().map_or(0, |record| record.version) + 1;
    world.store.logins[login] = Some(Stored::new(LoginRecord { version, ..record }));
}

/// The browser gets the login's present answer, and everyone who looks over its shoulder the state in it.
fn answer(world: &mut World, login: usize) {
    if let Some(record) = &world.store.logins[login]
        && matches!(record.status, Status::Suspended(_))
    {
        world.known.extend(State::of(record));
    }
}

fn fingerprint(process: &Process) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    process.hash(&mut hasher);
    hasher.finish()
}
