//! The state of the model: the store, what is known outside, the requests under way, and what a proof has to remember.

use crate::support::TextHandles;
use postlude_model::handle::{Handles, StateClaims};
use postlude_model::login::LoginRecord;
use postlude_model::names::{LoginId, Timestamp};
use postlude_model::pipeline::Finished;
use postlude_model::policy::bypass::Bypass;
use postlude_model::session::Session;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

/// What is explored.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The user of each login; they share one session.
    pub users: &'static [&'static str],
    /// How often each thing may happen.
    pub limits: Limits,
    /// What the actions' policy is.
    pub policy: Policy,
    /// The defence that is taken away.
    pub mutant: Mutant,
}

/// What the actions' policy is, and what the session and the store hold at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Age alone; nothing is there.
    Age,
    /// One use of each record; the session has both factors.
    LastUse,
    /// Age; the session has the voice, and a bypass of the face is there.
    Bypass,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Requests that start a run or write.
    pub requests: u8,
    /// Requests under way at once.
    pub hosts: usize,
    pub crashes: u8,
    pub logouts: u8,
    pub backups: u8,
    pub ticks: u8,
    pub slow: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    None,
    /// Commits do not compare the login record's version.
    NoLoginCas,
    /// Commits do not look at the session.
    NoSessionCheck,
    /// Commits do not look at bypasses.
    NoBypassCheck,
    /// A restored backup keeps its epoch.
    NoEpochBump,
    /// The resume key is taken to match.
    NoResumeKey,
    /// The plugin records its factor without a proof.
    NoTokenCheck,
}

/// A shared value that is hashed once.
pub struct Stored<T> {
    value: Rc<T>,
    print: u64,
}

impl<T: fmt::Debug> Stored<T> {
    pub fn new(value: T) -> Self {
        let mut hasher = DefaultHasher::new();
        format!("{value:?}").hash(&mut hasher);
        Self { value: Rc::new(value), print: hasher.finish() }
    }
}

impl<T> Clone for Stored<T> {
    fn clone(&self) -> Self {
        Self { value: Rc::clone(&self.value), print: self.print }
    }
}

impl<T> std::ops::Deref for Stored<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: PartialEq> PartialEq for Stored<T> {
    fn eq(&self, other: &Self) -> bool {
        self.print == other.print && (Rc::ptr_eq(&self.value, &other.value) || self.value == other.value)
    }
}

impl<T: PartialEq> Eq for Stored<T> {}

impl<T> Hash for Stored<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.print.hash(state);
    }
}

/// A state that went out into the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct State {
    pub epoch: u64,
    pub login: usize,
    pub step: u32,
    pub expires_at: Timestamp,
}

impl State {
    pub fn claims(self) -> StateClaims {
        let Self { epoch, step, expires_at, .. } = self;
        StateClaims { epoch, login_id: login_id(self.login), step, expires_at }
    }

    pub fn text(self) -> String {
        TextHandles.state(&self.claims())
    }

    /// The state in the location of a suspended login.
    pub fn of(record: &LoginRecord) -> Option<Self> {
        let (_, text) = record.suspension()?.location.rsplit_once("state=st.")?;
        let mut parts = text.split('.');
        let mut number = || parts.next().and_then(|part| part.trim_start_matches('l').parse::<u64>().ok());
        Some(Self {
            epoch: number()?,
            login: usize::try_from(number()?).ok()?,
            step: u32::try_from(number()?).ok()?,
            expires_at: Timestamp(number()?),
        })
    }
}

pub fn login_id(login: usize) -> LoginId {
    format!("l{login}").parse().unwrap()
}

/// A result token with verdict ok that the prompt site signed: for a state, for whoever completed the prompt.
pub type Token = (State, &'static str);

/// Who sends a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Browser {
    /// The one in which the login began: the IdP finds its transaction, and so the resume key.
    Own,
    /// Another one, in which the IdP was shown the right user: it has no resume key.
    Thief,
    /// Another user's, even with the resume key.
    Mallory,
}

/// What one host process is doing for one request.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Process {
    /// It ran the plugins and is about to commit.
    Ran { request: Request, run: Stored<Run>, again: bool },
    /// It committed and is about to answer.
    Committed { login: usize },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Request {
    Begin(usize),
    Resume { state: State, token: Option<Token>, browser: Browser },
}

impl Request {
    pub const fn login(&self) -> usize {
        match self {
            Self::Begin(login) => *login,
            Self::Resume { state, .. } => state.login,
        }
    }
}

/// A run: what it saw, and what it wants stored.
#[derive(Debug, PartialEq)]
pub struct Run {
    pub seen: Option<LoginRecord>,
    pub seen_session: Session,
    pub finished: Finished,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Store {
    pub epoch: u64,
    pub logins: Vec<Option<Stored<LoginRecord>>>,
    pub session: Stored<Session>,
    pub bypass: Option<Stored<Bypass>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub struct World {
    pub store: Store,
    pub backup: Option<Store>,
    pub now: Timestamp,
    /// Every state that some browser has seen.
    pub known: BTreeSet<State>,
    pub processes: Vec<Process>,
    pub left: Limits,
    /// For the proof: how often each state was consumed, over all epochs.
    pub consumed: BTreeMap<State, u8>,
    /// For the proof: how often each earlier record was used, and the bypass, over all epochs.
    pub used: BTreeMap<String, u8>,
}

/// One thing that happens.
#[derive(Debug, Clone, Copy)]
pub enum Event {
    /// A request arrives, reads the store and runs.
    Arrive(Request),
    /// The same, and the run is out of time.
    Slow(Request),
    /// A process commits, or answers.
    Advance(usize),
    /// A process dies: before its commit, or before its answer.
    Crash(usize),
    Logout,
    Backup,
    Restore,
    /// Every state that is out expires.
    Tick,
}
