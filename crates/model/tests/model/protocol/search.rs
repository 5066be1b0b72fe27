//! Breadth-first search over all that can happen, and what must hold in every state and at every commit.

use super::host::Host;
use super::world::{Browser, Event, Limits, Mutant, Request, Run, Setting, State, Token, World};
use crate::support::{FACE, VOICE};
use postlude_model::login::{LoginRecord, Status};
use postlude_model::pipeline::{Ruling, session_ended};
use postlude_model::session::{FactorRecord, Session};
use std::collections::HashSet;
use std::fmt;
use std::rc::Rc;

/// What the search reached.
#[derive(Debug, Default)]
pub struct Found {
    pub states: usize,
    pub steps: usize,
    pub continued: usize,
    pub denied: usize,
    pub ended: usize,
    /// Repeated calls that got an answer without a run.
    pub replayed: usize,
}

/// A broken promise, and the shortest way to it.
#[derive(Debug)]
pub struct Violation {
    says: String,
    way: Vec<Event>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, after", self.says)?;
        self.way.iter().try_for_each(|event| write!(f, "\n  {event:?}"))
    }
}

/// The violation that the search finds.
pub fn violation(setting: Setting) -> String {
    match explore(setting) {
        Ok(found) => format!("nothing in {found:?}"),
        Err(violation) => violation.to_string(),
    }
}

pub fn explore(setting: Setting) -> Result<Found, Violation> {
    let host = Host::new(setting);
    let mut found = Found::default();
    let first = Rc::new(host.begin());
    let mut seen = HashSet::from([Rc::clone(&first)]);
    // Each state with the index of the one before it and what happened between.
    let mut worlds: Vec<(Rc<World>, usize, Option<Event>)> = vec![(first, 0, None)];
    let mut at = 0;
    while let Some((world, ..)) = worlds.get(at) {
        let world = Rc::clone(world);
        let broken = |says, last| Violation { says, way: way(&worlds, at, last) };
        check_world(&host, &world).map_err(|says| broken(says, None))?;
        count(&mut found, &world);
        for event in enabled(&host, &world, &mut found) {
            let next =
                host.step(&world, event).map_err(|says| Violation { says, way: way(&worlds, at, Some(event)) })?;
            found.steps += 1;
            let next = Rc::new(next);
            if seen.insert(Rc::clone(&next)) {
                worlds.push((next, at, Some(event)));
            }
        }
        at += 1;
    }
    found.states = worlds.len();
    Ok(found)
}

fn way(worlds: &[(Rc<World>, usize, Option<Event>)], mut at: usize, last: Option<Event>) -> Vec<Event> {
    let mut way: Vec<Event> = last.into_iter().collect();
    while let (_, before, Some(event)) = &worlds[at] {
        way.push(*event);
        at = *before;
    }
    way.reverse();
    way
}

fn count(found: &mut Found, world: &World) {
    for record in world.store.logins.iter().flatten() {
        match record.status {
            Status::Continued(_) => found.continued += 1,
            Status::Denied { .. } => found.denied += 1,
            Status::Ended(_) => found.ended += 1,
            _ => {}
        }
    }
}

/// Everything that may happen next and would change something.
fn enabled(host: &Host, world: &World, found: &mut Found) -> Vec<Event> {
    let Limits { requests, hosts, crashes, logouts, backups, ticks, .. } = world.left;
    let mut events = Vec::new();
    if requests > 0 && world.processes.len() < hosts {
        requests_of(host, world, &mut events, found);
    }
    events.extend((0..world.processes.len()).map(Event::Advance));
    if crashes > 0 {
        events.extend((0..world.processes.len()).map(Event::Crash));
    }
    let rest = [
        (logouts > 0, Event::Logout),
        (backups > 0 && world.backup.is_none(), Event::Backup),
        (world.backup.is_some(), Event::Restore),
        (ticks > 0, Event::Tick),
    ];
    events.extend(rest.into_iter().filter(|(may, _)| *may).map(|(_, event)| event));
    events
}

fn requests_of(host: &Host, world: &World, events: &mut Vec<Event>, found: &mut Found) {
    let tells = |login| present(world, login).is_some_and(|state| !world.known.contains(&state));
    for login in 0..world.store.logins.len() {
        if world.store.logins[login].is_none() || tells(login) {
            events.push(Event::Arrive(Request::Begin(login)));
        }
    }
    for &state in &world.known {
        for browser in [Browser::Own, Browser::Thief, Browser::Mallory] {
            let request = |token| Request::Resume { state, token, browser };
            match host.ruling(world, state, browser) {
                Some(Ruling::Resume) => {
                    let tokens = tokens(host, world, state).into_iter().map(Some).chain([None]);
                    events.extend(tokens.map(|token| Event::Arrive(request(token))));
                    events.extend((world.left.slow > 0).then(|| Event::Slow(request(None))));
                }
                Some(Ruling::SessionEnded) => events.push(Event::Arrive(request(None))),
                Some(Ruling::Replay) => {
                    found.replayed += 1;
                    events.extend(tells(state.login).then(|| Event::Arrive(request(None))));
                }
                Some(Ruling::Mismatch | Ruling::Expired) | None => {}
            }
        }
    }
}

/// The result tokens that may come with a state. The prompt site is taken to have signed one for every state that is out, for
/// the login's user and for another; of those for other states, one stands for all.
fn tokens(host: &Host, world: &World, state: State) -> Vec<Token> {
    let other = world.known.iter().find(|known| **known != state);
    let users = [Some((state, "mallory")), other.map(|&other| (other, host.setting.users[state.login]))];
    [(state, host.setting.users[state.login])].into_iter().chain(users.into_iter().flatten()).collect()
}

/// The state of a login that is suspended.
fn present(world: &World, login: usize) -> Option<State> {
    world.store.logins[login].as_ref().and_then(|record| State::of(record))
}

/// What must hold in every state.
fn check_world(host: &Host, world: &World) -> Result<(), String> {
    for &state in &world.known {
        for browser in [Browser::Thief, Browser::Mallory] {
            let ruling = host.ruling(world, state, browser);
            if !matches!(ruling, None | Some(Ruling::Mismatch)) && host.setting.mutant != Mutant::NoResumeKey {
                return Err(format!("{browser:?} is not a mismatch for {state:?}: {ruling:?}"));
            }
        }
    }
    for record in world.store.logins.iter().flatten() {
        let Some(state) = State::of(record) else { continue };
        let over = session_ended(record, Some(&world.store.session)) || world.now > state.expires_at;
        let ruling = host.ruling(world, state, Browser::Own);
        if !over && state.epoch == world.store.epoch && ruling != Some(Ruling::Resume) {
            return Err(format!("the right browser cannot resume {state:?}: {ruling:?}"));
        }
    }
    check_session(world, &world.store.session)
}

/// Every factor of a session is of a login of its user and its generation, and is in that login's record.
fn check_session(world: &World, session: &Session) -> Result<(), String> {
    // Those that the search began with are of a login before it.
    for factor in session.factors.iter().filter(|factor| factor.login_id.as_str() != "earlier") {
        let mut records = world.store.logins.iter().flatten();
        let Some(record) = records.find(|record| record.id == factor.login_id) else {
            return Err(format!("a factor of {}, which is not stored", factor.login_id));
        };
        let own = session.user.as_ref() == Some(&record.subject.user_id);
        // Uses are counted in the session's copy alone.
        let made = record.recorded.iter().any(|made| FactorRecord { uses: 0, ..factor.clone() } == *made);
        if !own || record.subject.generation != session.generation || !made {
            return Err(format!("a factor of another user, or generation, in the session: {factor:?}"));
        }
    }
    Ok(())
}

/// What must hold at every commit; counts the states that are consumed.
pub fn check_commit(world: &mut World, request: Request, run: &Run) -> Result<(), String> {
    let after = &run.finished.record;
    if let (Request::Resume { state, browser, .. }, Some(before)) = (request, &run.seen)
        && after.step > before.step
    {
        let times = world.consumed.entry(state).or_default();
        *times += 1;
        if *times > 1 {
            return Err(format!("{state:?} is consumed twice"));
        }
        if browser != Browser::Own {
            return Err(format!("{state:?} is consumed by another browser"));
        }
    }
    let old = run.seen.as_ref().map_or(0, |record| record.recorded.len());
    if after.recorded.len() > old {
        check_recorded(request, run, old)?;
    }
    check_uses(world, run)?;
    let session = run.finished.session.as_ref().unwrap_or(&world.store.session);
    if session.generation < world.store.session.generation {
        return Err("the session's generation goes back".to_owned());
    }
    if matches!(after.status, Status::Continued(_)) {
        check_continued(world, run, session.generation)?;
    }
    Ok(())
}

/// A record with one use left, and a bypass, serve one login each.
fn check_uses(world: &mut World, run: &Run) -> Result<(), String> {
    let before = run.seen.as_ref().map_or(0, |record| record.policy_state.used.len());
    let records = run.finished.record.policy_state.used.iter().skip(before);
    let records = records.map(|key| format!("the record of {} by {}", key.name, key.login_id));
    let bypasses = run.finished.bypasses.iter().map(|id| format!("bypass {id}"));
    for what in records.chain(bypasses) {
        let times = world.used.entry(what.clone()).or_default();
        *times += 1;
        if *times > 1 {
            return Err(format!("{what} is used twice"));
        }
    }
    Ok(())
}

/// A factor is recorded by the action that was suspended, with the right user's token for this very state.
fn check_recorded(request: Request, run: &Run, old: usize) -> Result<(), String> {
    let without = |why: &str| Err(format!("a factor is recorded without its proved reply: {why}"));
    let (Request::Resume { state, token, .. }, Some(before)) = (request, &run.seen) else {
        return without("in on-login");
    };
    let Some(suspension) = before.suspension() else { return without("the login was not suspended") };
    let user = before.subject.user_id.as_str();
    if token.is_none_or(|(of, by)| of != state || by != user) {
        return without("no token of this user for this state");
    }
    let [made] = &run.finished.record.recorded[old..] else { return without("two factors in one run") };
    let own = made.action == suspension.action && suspension.factor.as_ref() == Some(&made.name);
    let names = [("face", FACE), ("voice", VOICE)].contains(&(made.action.as_str(), made.name.as_str()));
    if own && names && suspension.step == state.step { Ok(()) } else { without("another action's redirect") }
}

/// A login continues with both factors: recorded in it, or found in its own live session.
fn check_continued(world: &World, run: &Run, generation: u64) -> Result<(), String> {
    let record: &LoginRecord = &run.finished.record;
    if record.subject.generation != generation {
        return Err("a login continues in a session of another generation".to_owned());
    }
    let live = &world.store.session;
    for name in [FACE, VOICE] {
        let in_login = record.recorded.iter().any(|made| made.name.as_str() == name && made.epoch == world.store.epoch);
        let in_session = live.user.as_ref() == Some(&record.subject.user_id)
            && live.factors.iter().any(|made| made.name.as_str() == name && made.epoch == world.store.epoch);
        let bypassed = name == FACE && !record.policy_state.bypasses.is_empty();
        if !in_login && !in_session && !bypassed {
            return Err(format!("a login continues without {name}"));
        }
    }
    Ok(())
}
