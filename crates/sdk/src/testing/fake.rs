//! The fake host's state, and the rules it shares with the real one.

use super::grants::{Grants, Profile};
use super::run::{Cached, Command, LogLine, Run};
use super::setup::Setup;
use crate::decision::{Decision, Failure};
use crate::error::{CacheError, ClaimError, FactorError, HttpError, KeyError, ValueError};
use crate::records::{Request, Response};
use serde_json::{Map, Value};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// Bytes of a factor's evidence.
const EVIDENCE_BYTES: usize = 2_048;
/// Bytes of the cache.
const CACHE_BYTES: u32 = 8_192;
/// Seconds that a cached value is kept at most.
const CACHE_SECONDS: u32 = 86_400;
/// Requests of a run.
const REQUESTS: usize = 8;

/// Claims that only the identity provider sets: the contract's list, which the host reads too. A line that begins with `#` is
/// a comment.
const RESERVED: &str = include_str!("../../wit/reserved-claims.txt");

/// The host also refuses what only looks like one of them.
fn is_reserved(claim: &str) -> bool {
    let seen = claim.trim();
    !seen.is_empty() && !seen.starts_with('#') && RESERVED.lines().any(|line| line.eq_ignore_ascii_case(seen))
}

/// Which method of the action runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Login,
    Continue,
}

/// A host of one run.
#[derive(Debug)]
pub(super) struct Fake {
    pub(super) phase: Phase,
    pub(super) setup: Setup,
    pub(super) grants: Grants,
    pub(super) login_metadata: RefCell<Map<String, Value>>,
    pub(super) session_metadata: RefCell<Map<String, Value>>,
    pub(super) cache: RefCell<BTreeMap<String, Cached>>,
    pub(super) requests: RefCell<Vec<Request>>,
    pub(super) log: RefCell<Vec<LogLine>>,
    pub(super) random: Cell<u64>,
    commands: RefCell<Vec<Command>>,
}

impl Fake {
    pub(super) fn new(phase: Phase, setup: Setup, grants: Grants) -> Self {
        Self {
            phase,
            login_metadata: RefCell::new(setup.login_metadata.clone()),
            session_metadata: RefCell::new(setup.session_metadata.clone()),
            cache: RefCell::new(setup.cache.clone()),
            requests: RefCell::default(),
            log: RefCell::default(),
            random: Cell::new(setup.seed),
            commands: RefCell::default(),
            setup,
            grants,
        }
    }

    pub(super) fn finish(&self, decision: Result<Decision, Failure>) -> Run {
        Run {
            decision,
            commands: self.commands.take(),
            log: self.log.take(),
            requests: self.requests.take(),
            cache: self.cache.take(),
        }
    }

    pub(super) fn push(&self, command: Command) {
        self.commands.borrow_mut().push(command);
    }

    /// Whether this run may record the factor, as the contract's `session` says.
    pub(super) fn may_record(&self, name: &str) -> Result<(), FactorError> {
        let listed = |names: &[String]| names.iter().any(|listed| listed == name);
        if !self.grants.declares_factor(name) {
            return Err(FactorError::NotDeclared);
        }
        if self.phase == Phase::Login {
            return if listed(&self.setup.silent) { Ok(()) } else { Err(FactorError::NotInOnLogin) };
        }
        let asked = self.setup.asked_for.as_deref();
        let verdict = self.setup.result.as_ref().ok().and_then(|claims| claims.get("verdict")?.as_str());
        let proved = match self.grants.profile() {
            Profile::Postlude => asked == Some(name) && verdict == Some("ok"),
            Profile::Auth0 => self.setup.result.is_ok() && asked.is_none_or(|asked| asked == name),
            Profile::External => listed(&self.setup.external) && asked.is_none_or(|asked| asked == name),
            Profile::None => false,
        };
        if proved { Ok(()) } else { Err(FactorError::NotProved) }
    }

    pub(super) fn may_set_claim(&self, name: &str) -> Result<(), ClaimError> {
        if is_reserved(name) {
            return Err(ClaimError::Reserved);
        }
        if self.grants.has("claims", name) { Ok(()) } else { Err(ClaimError::NotGranted) }
    }

    pub(super) fn may_ask_scope(&self, name: &str) -> Result<(), ClaimError> {
        if self.grants.has("scopes", name) { Ok(()) } else { Err(ClaimError::NotGranted) }
    }

    /// Sets or removes a key of the user's metadata, where it is granted.
    pub(super) fn user_metadata(&self, kind: &str, key: &str, text: Option<&str>) -> Result<Option<Value>, ValueError> {
        if self.grants.has(kind, key) {
            optional(text).map_err(ValueError::InvalidJson)
        } else {
            Err(ValueError::NotGranted)
        }
    }

    /// Whether the action may use this key itself.
    pub(super) fn may_use_key(&self, key: &str) -> Result<(), KeyError> {
        if self.grants.has("keys", key) { Ok(()) } else { Err(KeyError::NotGranted) }
    }

    /// Answers a request as the test scripted it.
    #[expect(clippy::panic, reason = "a test helper: an unexpected request is the test's failure")]
    pub(super) fn answer(&self, request: Request) -> Result<Response, HttpError> {
        if !self.grants.has_host(&request.url) {
            return Err(HttpError::NotGranted);
        }
        let mut requests = self.requests.borrow_mut();
        if requests.len() >= REQUESTS {
            return Err(HttpError::Other(format!("more than {REQUESTS} requests in a run")));
        }
        let number = requests.len();
        requests.push(request.clone());
        let Some(exchange) = self.setup.exchanges.get(number) else { return Err(HttpError::Timeout) };
        match exchange.answer(&request) {
            Ok(answer) => answer,
            Err(why) => panic!("request {}: {why}", number.saturating_add(1)),
        }
    }

    pub(super) fn cached(&self, key: &str) -> Option<Value> {
        let cache = self.cache.borrow();
        cache.get(key).filter(|cached| cached.expires_at > self.setup.now).map(|cached| cached.value.clone())
    }

    pub(super) fn set_cached(&self, key: &str, value: Value, seconds: u32) -> Result<(), CacheError> {
        if !(1..=CACHE_SECONDS).contains(&seconds) {
            return Err(CacheError::Other(format!("a value is kept for 1 to {CACHE_SECONDS} seconds, not {seconds}")));
        }
        let mut cache = self.cache.borrow_mut();
        let size = |key: &str, value: &Value| key.len().saturating_add(value.to_string().len());
        let live = cache.iter().filter(|(known, cached)| *known != key && cached.expires_at > self.setup.now);
        let others = live.map(|(key, cached)| size(key, &cached.value)).fold(0, usize::saturating_add);
        if others.saturating_add(size(key, &value)) > usize::try_from(CACHE_BYTES).unwrap_or(usize::MAX) {
            return Err(CacheError::TooLarge(CACHE_BYTES));
        }
        let expires_at = self.setup.now.saturating_add(u64::from(seconds).saturating_mul(1000));
        cache.insert(key.to_owned(), Cached { value, expires_at });
        Ok(())
    }

    /// Random enough for a test, and the same for a seed.
    pub(super) fn next_random(&self) -> u64 {
        let state = self.random.get();
        self.random.set(state.wrapping_add(STEP));
        mixed(state)
    }
}

/// The step of the generator SplitMix64.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// What SplitMix64 makes of a state.
pub(super) fn mixed(state: u64) -> u64 {
    let state = state.wrapping_add(STEP);
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Evidence as the contract wants it: an object of a limited size.
pub(super) fn evidence(text: Option<&str>) -> Result<Option<Value>, FactorError> {
    let value = optional(text).map_err(FactorError::InvalidEvidence)?;
    let bad = FactorError::InvalidEvidence;
    match &value {
        Some(value) if !value.is_object() => Err(bad("not a JSON object".to_owned())),
        Some(_) if text.is_some_and(|text| text.len() > EVIDENCE_BYTES) => {
            Err(bad(format!("larger than {EVIDENCE_BYTES} bytes")))
        }
        _ => Ok(value),
    }
}

pub(super) fn value(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

pub(super) fn optional(text: Option<&str>) -> Result<Option<Value>, String> {
    text.map(value).transpose()
}

/// Sets a key of a map, or removes it.
pub(super) fn put(map: &RefCell<Map<String, Value>>, key: &str, value: Option<Value>) {
    match value {
        Some(value) => map.borrow_mut().insert(key.to_owned(), value),
        None => map.borrow_mut().remove(key),
    };
}
