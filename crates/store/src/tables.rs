//! The one tree: typed reads, and what a commit changes in it, worked out by the one thread that writes.

use crate::api::{Commit, CommitOutcome, LoginWrite, SessionWrite, StoreError};
use crate::keys::{self, Kind};
use crate::lane::Light;
use crate::values::{Changes, Record, Values};
use postlude_model::cache::{self, Cache, CacheChange};
use postlude_model::limits;
use postlude_model::login::{EndReason, LoginRecord, Status};
use postlude_model::names::{LoginId, SessionId, TenantName, Timestamp};
use postlude_model::policy::bypass::Bypass;
use postlude_model::session::Session;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// How coarse expiry is. A record has one expiry entry, made with it; the sweep moves it when the record lives longer.
const EXPIRY_GRAIN: Duration = Duration::from_secs(60 * 60);

/// The store's own header, written with each commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meta {
    /// See [`crate::Store::epoch`].
    pub(crate) epoch: u64,
    /// See [`crate::Store::boot`].
    pub(crate) boot: u64,
    /// How many commits there were.
    pub(crate) commit: u64,
    /// The clock of the newest.
    pub(crate) at: Timestamp,
}

/// A suspended login in its user's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct OpenLogin {
    id: LoginId,
    deadline: Timestamp,
}

/// The tree of records. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Tables {
    pub(crate) values: Values,
    session_lifetime: Duration,
}

fn grained(at: Timestamp) -> Timestamp {
    let grain = u64::try_from(EXPIRY_GRAIN.as_millis()).unwrap_or(u64::MAX);
    Timestamp(at.0.div_ceil(grain).saturating_mul(grain))
}

/// What a job changes, and what became of it.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) changes: Changes,
    pub(crate) outcome: CommitOutcome,
}

impl Tables {
    pub(crate) fn new(values: Values, session_lifetime: Duration) -> Self {
        // While a login may live, an ended session's generation must not be forgotten: the login would be taken for one
        // of a new session.
        Self { values, session_lifetime: session_lifetime.max(limits::RECORD_LIFETIME) }
    }

    pub(crate) fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        self.values.get(key)
    }

    pub(crate) fn put<T: Serialize>(&self, changes: &mut Changes, key: Vec<u8>, value: &T) -> Result<(), StoreError> {
        self.values.put(changes, key, value)
    }

    pub(crate) fn session(&self, tenant: &TenantName, id: &SessionId) -> Result<Option<Session>, StoreError> {
        self.get(&keys::session(tenant, id))
    }

    /// What a commit changes, or which of its expectations does not hold.
    pub(crate) fn plan(&self, commit: Commit) -> Result<Plan, StoreError> {
        let nothing = |outcome| Plan { changes: Changes::default(), outcome };
        let tenant = &commit.tenant;
        if let Some((id, version)) = &commit.check_session
            && self.session(tenant, id)?.map_or(0, |session| session.version) != *version
        {
            return Ok(nothing(CommitOutcome::SessionChanged));
        }
        let mut changes = Changes::default();
        for write in commit.sessions {
            if !self.plan_session(&mut changes, tenant, write)? {
                return Ok(nothing(CommitOutcome::SessionChanged));
            }
        }
        if let Some(write) = commit.login {
            let outcome = self.plan_login(&mut changes, tenant, write, commit.now)?;
            if outcome != CommitOutcome::Done {
                return Ok(nothing(outcome));
            }
        }
        self.plan_caches(&mut changes, tenant, &commit.cache, commit.now)?;
        Ok(Plan { changes, outcome: CommitOutcome::Done })
    }

    /// Changes are made in what is stored now, not in what a run saw: of two logins at the same time neither is lost.
    fn plan_caches(
        &self,
        changes: &mut Changes,
        tenant: &TenantName,
        wanted: &[CacheChange],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let actions: BTreeSet<_> = wanted.iter().map(|change| &change.action).collect();
        for action in actions {
            let key = keys::cache(tenant, action);
            // Best effort: a damaged cache must not stop a login, and is made anew.
            let before: Option<Cache> = self.get(&key).unwrap_or_else(|why| {
                tracing::error!(cause = %why, %action, "a cache cannot be read, and is made anew");
                None
            });
            let mut cache = before.clone().unwrap_or_default();
            cache::apply(&mut cache, wanted.iter().filter(|change| change.action == *action), now);
            match (last_expiry(&cache), before) {
                (_, Some(before)) if before == cache => {}
                (None, None) => {}
                (None, Some(_)) => changes.remove(key),
                (Some(last), before) => {
                    if before.is_none() {
                        self.expire(changes, last, &key);
                    }
                    self.put(changes, key, &cache)?;
                }
            }
        }
        Ok(())
    }

    fn plan_session(
        &self,
        changes: &mut Changes,
        tenant: &TenantName,
        write: SessionWrite,
    ) -> Result<bool, StoreError> {
        let SessionWrite { mut session, expect } = write;
        let key = keys::session(tenant, &session.id);
        let stored: Option<Session> = self.get(&key)?;
        if stored.map_or(0, |stored| stored.version) != expect {
            return Ok(false);
        }
        session.version = expect.saturating_add(1);
        if expect == 0 {
            self.expire(changes, session.last_used_at.plus(self.session_lifetime), &key);
        }
        self.put(changes, key, &session)?;
        Ok(true)
    }

    fn plan_login(
        &self,
        changes: &mut Changes,
        tenant: &TenantName,
        write: LoginWrite,
        now: Timestamp,
    ) -> Result<CommitOutcome, StoreError> {
        let LoginWrite { mut record, expect, claim: _, max_open, bypasses } = write;
        let key = keys::login(tenant, &record.id);
        let stored: Option<LoginRecord> = self.get(&key)?;
        if stored.map_or(0, |stored| stored.version) != expect {
            return Ok(CommitOutcome::LoginChanged);
        }
        if !self.plan_uses(changes, tenant, &record, &bypasses, now)? {
            return Ok(CommitOutcome::BypassChanged);
        }
        record.version = expect.saturating_add(1);
        record.changed_at = now;
        self.plan_open(changes, tenant, &record, max_open, now)?;
        if expect == 0 {
            self.expire(changes, record.expires_at, &key);
            changes.mark(keys::by_user(tenant, &record.subject.user_id, record.created_at, &record.id), Vec::new());
        }
        self.put(changes, key, &record)?;
        Ok(CommitOutcome::Done)
    }

    /// Keeps the list of a user's suspended logins, and evicts the oldest beyond the limit.
    fn plan_open(
        &self,
        changes: &mut Changes,
        tenant: &TenantName,
        record: &LoginRecord,
        max_open: usize,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let key = keys::open_logins(tenant, &record.subject.user_id);
        let before: Vec<OpenLogin> = self.get(&key)?.unwrap_or_default();
        let mut open = before.clone();
        open.retain(|login| login.id != record.id && login.deadline >= now);
        if matches!(record.status, Status::Suspended(_)) {
            // A login that suspends again keeps its place in the order.
            let at = before.iter().filter(|login| login.deadline >= now).position(|login| login.id == record.id);
            let entry = OpenLogin { id: record.id.clone(), deadline: record.deadline };
            open.insert(at.unwrap_or(open.len()).min(open.len()), entry);
        }
        while open.len() > max_open.max(1)
            && let Some(oldest) = open.iter().position(|login| login.id != record.id)
        {
            let evicted = open.remove(oldest);
            self.evict(changes, tenant, &evicted.id, now)?;
        }
        if open == before {
            return Ok(());
        }
        let Some(last) = open.iter().map(|login| login.deadline).max() else {
            changes.remove(key);
            return Ok(());
        };
        if before.is_empty() {
            self.expire(changes, last, &key);
        }
        self.put(changes, key, &open)
    }

    fn evict(
        &self,
        changes: &mut Changes,
        tenant: &TenantName,
        id: &LoginId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let key = keys::login(tenant, id);
        let Some(mut record) = self.get::<LoginRecord>(&key)? else { return Ok(()) };
        if record.suspension().is_none() {
            return Ok(());
        }
        record.status = Status::Ended(EndReason::Evicted);
        record.version = record.version.saturating_add(1);
        record.changed_at = now;
        self.put(changes, key, &record)
    }

    /// Marks when a record expires.
    pub(crate) fn expire(&self, changes: &mut Changes, at: Timestamp, key: &[u8]) {
        changes.mark(keys::expiry(grained(at), key), Vec::new());
    }

    /// A new login that changes nothing else, as it will be stored; none where its session is not what it saw. The caller
    /// has claimed it, and knows that it is not stored.
    pub(crate) fn light(&self, commit: Commit) -> Result<Result<Light, CommitOutcome>, StoreError> {
        let Commit { tenant, login, check_session, now, .. } = commit;
        let Some(LoginWrite { mut record, .. }) = login else { return Ok(Err(CommitOutcome::LoginChanged)) };
        if let Some((id, version)) = &check_session {
            let key = keys::session(&tenant, id);
            let known = self.values.known.session(&key).map(|session| session.version);
            let stored = match known {
                Some(known) => known,
                None => self.get::<Session>(&key)?.map_or(0, |session| session.version),
            };
            if stored != *version {
                return Ok(Err(CommitOutcome::SessionChanged));
            }
        }
        record.version = 1;
        record.changed_at = now;
        let listed = keys::by_user(&tenant, &record.subject.user_id, record.created_at, &record.id);
        let expires = grained(record.expires_at);
        let record = self.record(keys::login(&tenant, &record.id), &record)?;
        Ok(Ok(Light { record, listed, expires, now }))
    }

    /// A record, encoded.
    pub(crate) fn record<T: Serialize>(&self, key: Vec<u8>, value: &T) -> Result<Record, StoreError> {
        Ok(Record { bytes: self.values.encode(&key, value)?.into(), key })
    }

    /// Deletes some of what has expired; returns how much was looked at.
    pub(crate) fn plan_sweep(&self, now: Timestamp, most: usize) -> Result<(Changes, usize), StoreError> {
        let (mut changes, mut seen) = (Changes::default(), 0);
        let mut marks = self.values.marks(keys::expiries_until(now));
        while seen < most
            && let Some(entry) = marks.next()
        {
            let (entry, others) = entry?;
            changes.unmark(entry.to_vec());
            for key in keys::expiring(&entry).into_iter().chain(keys::each(&others)) {
                seen += 1;
                self.sweep_one(&mut changes, key, now)?;
            }
        }
        Ok((changes, seen))
    }

    /// A mark carries no MAC: a record goes only when it says itself that it is due.
    fn sweep_one(&self, changes: &mut Changes, key: &[u8], now: Timestamp) -> Result<(), StoreError> {
        match self.expires_at(key) {
            Ok(Some(at)) if at > now => self.expire(changes, at, key),
            Ok(Some(_)) => {
                self.unlist(changes, key)?;
                changes.remove(key.to_vec());
            }
            Ok(None) => {}
            // It stays, so that reading it fails; one damaged record must not stop the sweep of all others.
            Err(why @ (StoreError::Corrupt(_) | StoreError::Newer(_))) => {
                tracing::error!(cause = %why, "a record that is due cannot be read, and is left where it is");
            }
            Err(why) => return Err(why),
        }
        Ok(())
    }

    /// Takes a login that goes off its user's list.
    fn unlist(&self, changes: &mut Changes, key: &[u8]) -> Result<(), StoreError> {
        if Kind::of(key) == Some(Kind::Login)
            && let (Some(tenant), Some(record)) = (keys::tenant_of(key), self.get::<LoginRecord>(key)?)
        {
            changes.unmark(keys::by_user(&tenant, &record.subject.user_id, record.created_at, &record.id));
        }
        Ok(())
    }

    fn expires_at(&self, key: &[u8]) -> Result<Option<Timestamp>, StoreError> {
        Ok(match Kind::of(key) {
            Some(Kind::Login) => self.get::<LoginRecord>(key)?.map(|record| record.expires_at),
            Some(Kind::OpenLogins) => {
                self.get::<Vec<OpenLogin>>(key)?.and_then(|open| open.iter().map(|login| login.deadline).max())
            }
            Some(Kind::Bypasses) => {
                self.get::<Vec<Bypass>>(key)?.and_then(|all| all.iter().map(|bypass| bypass.expires_at).max())
            }
            Some(Kind::Session) => {
                self.get::<Session>(key)?.map(|session| session.last_used_at.plus(self.session_lifetime))
            }
            Some(Kind::Cache) => self.get::<Cache>(key)?.and_then(|cache| last_expiry(&cache)),
            _ => None,
        })
    }

    /// The number of a revision by its content's hash: the one it has, or a new one.
    pub(crate) fn plan_revision(&self, tenant: &TenantName, hash: &[u8; 32]) -> Result<(Changes, u64), StoreError> {
        let mut changes = Changes::default();
        let by_hash = keys::revision_number(tenant, hash);
        if let Some(number) = self.get::<u64>(&by_hash)? {
            return Ok((changes, number));
        }
        // The newest is never swept, so no number is given twice.
        let newest = self.values.last(&keys::revisions(tenant))?.and_then(|key| keys::number_of(&key));
        let number = newest.unwrap_or_default().saturating_add(1);
        self.put(&mut changes, keys::revision(tenant, number), hash)?;
        self.put(&mut changes, by_hash, &number)?;
        Ok((changes, number))
    }
}

fn last_expiry(cache: &Cache) -> Option<Timestamp> {
    cache.values().map(|entry| entry.expires_at).max()
}
