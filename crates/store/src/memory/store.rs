//! The in-memory store.

use super::commit;
use super::expiry;
use super::state::{Revision, State, Tenant};
use crate::api::claim::Claims;
use crate::api::{
    Activation, ActiveRevision, BypassChange, BypassOutcome, Bypasses, Caches, ClaimGuard, Commit, CommitOutcome,
    Commits, Durability, Expiry, LightLogin, LightLoginOutcome, LoginClaim, Logins, Observer, OrderStore, Page,
    Plugins, Revisions, Scrub, Sessions, Store, StoreCondition, StoreError, Upload, Uploads,
};
use crate::rules::bypasses;
use async_trait::async_trait;
use postlude_model::cache::Cache;
use postlude_model::limits;
use postlude_model::login::LoginRecord;
use postlude_model::names::{ActionName, Digest, LoginId, SessionId, TenantName, Timestamp, UserId};
use postlude_model::policy::bypass::Bypass;
use postlude_model::policy::orders::Orders;
use postlude_model::session::Session;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A store in memory, for one process and as long as it lives.
#[derive(Debug)]
pub struct MemoryStore {
    /// None once it was shut down.
    state: Mutex<Option<State>>,
    claims: Arc<Claims>,
    observer: Arc<dyn Observer>,
    session_lifetime: Duration,
    epoch: u64,
}

impl MemoryStore {
    /// An empty store, of an epoch of its own. A session is kept for `session_lifetime` after its last use, and not shorter
    /// than a login record.
    #[must_use]
    pub fn new(session_lifetime: Duration, observer: Arc<dyn Observer>) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            state: Mutex::new(Some(State::default())),
            claims: Arc::default(),
            observer,
            session_lifetime: session_lifetime.max(limits::RECORD_LIFETIME),
            epoch: u64::try_from(since.as_millis()).unwrap_or(u64::MAX).max(1),
        }
    }

    /// Does something in one step.
    fn with<T>(&self, step: impl FnOnce(&mut State) -> T) -> Result<T, StoreError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.as_mut().map(step).ok_or_else(|| StoreError::Stopped(String::new()))
    }

    /// Reads from a tenant in one step; the default where it has no records.
    fn read<T: Default>(&self, tenant: &TenantName, read: impl FnOnce(&Tenant) -> T) -> Result<T, StoreError> {
        self.with(|state| state.tenants.get(tenant).map(read).unwrap_or_default())
    }

    /// The claim of a login that begins; another call that begins the same one is waited for.
    async fn claim(&self, tenant: &TenantName, id: &LoginId) -> ClaimGuard {
        self.claims.claim_in_turn(&claim_key(tenant, id)).await
    }

    fn append(&self, login: LightLogin<'_>) -> Result<LightLoginOutcome, StoreError> {
        let LightLogin { tenant, record, claim, check_session, orders_seen, now, .. } = login;
        if !claim.is_of(&claim_key(tenant, &record.id)) {
            return Ok(LightLoginOutcome::NotClaimed);
        }
        self.with(|state| {
            let outcome = commit::append(state.tenant(tenant), record, check_session, orders_seen, now);
            if outcome == LightLoginOutcome::Done {
                state.last_commit = state.last_commit.max(now);
            }
            outcome
        })
    }

    /// A commit that writes a login for the first time waits for whoever claimed it, as any engine's does.
    async fn commit_one(&self, commit: Commit) -> Result<CommitOutcome, StoreError> {
        let mut taken = None;
        if let Some(write) = commit.login.as_ref().filter(|write| write.expect == 0) {
            let key = claim_key(&commit.tenant, &write.record.id);
            if !write.claim.as_ref().is_some_and(|claim| claim.is_of(&key)) {
                taken = Some(self.claim(&commit.tenant, &write.record.id).await);
            }
        }
        let outcome = self.with(|state| {
            let now = commit.now;
            let tenant = commit.tenant.clone();
            let outcome = commit::commit(state.tenant(&tenant), commit);
            if outcome == CommitOutcome::Done {
                state.last_commit = state.last_commit.max(now);
            }
            outcome
        });
        drop(taken);
        outcome
    }
}

fn claim_key(tenant: &TenantName, id: &LoginId) -> Vec<u8> {
    // No name has a zero byte.
    [tenant.as_str().as_bytes(), &[0], id.place().as_bytes()].concat()
}

/// A page of a map, after one of its keys.
fn page<K: Ord + Clone, V, T>(map: &BTreeMap<K, V>, after: Option<&K>, most: usize, item: impl Fn(&V) -> T) -> Page<T> {
    let mut behind = map.iter().filter(|(key, _)| after.is_none_or(|after| *key > after)).map(|(_, value)| value);
    let items = behind.by_ref().take(most).map(item).collect();
    Page { items, more: behind.next().is_some() }
}

const fn nothing<T>() -> Page<T> {
    Page { items: Vec::new(), more: false }
}

#[async_trait]
impl Logins for MemoryStore {
    async fn login_in_place(&self, tenant: &TenantName, id: &LoginId) -> Result<Option<LoginRecord>, StoreError> {
        self.read(tenant, |tenant| tenant.logins.get(id.place()).cloned())
    }

    async fn claim_login(&self, tenant: &TenantName, id: &LoginId) -> Result<LoginClaim, StoreError> {
        let claim = self.claim(tenant, id).await;
        let stored = self.login_in_place(tenant, id).await?;
        Ok(stored.map_or(LoginClaim::New(claim), |record| LoginClaim::Existing(Box::new(record))))
    }

    fn try_claim_login(&self, tenant: &TenantName, id: &LoginId) -> Result<Option<LoginClaim>, StoreError> {
        let Some(claim) = self.claims.claim(&claim_key(tenant, id)) else { return Ok(None) };
        let stored = self.read(tenant, |tenant| tenant.logins.get(id.place()).cloned())?;
        Ok(Some(stored.map_or(LoginClaim::New(claim), |record| LoginClaim::Existing(Box::new(record)))))
    }

    async fn logins(
        &self,
        tenant: &TenantName,
        after: Option<&LoginId>,
        most: usize,
    ) -> Result<Page<LoginRecord>, StoreError> {
        let after = after.map(|id| id.place().to_owned());
        let read = |tenant: &Tenant| Some(page(&tenant.logins, after.as_ref(), most, Clone::clone));
        Ok(self.read(tenant, read)?.unwrap_or_else(nothing))
    }

    async fn logins_of(
        &self,
        tenant: &TenantName,
        user: &UserId,
        after: Option<&(Timestamp, LoginId)>,
        most: usize,
    ) -> Result<Page<LoginRecord>, StoreError> {
        let newest_first = |began: Timestamp, id: &LoginId| (std::cmp::Reverse(began), id.clone());
        let read = |tenant: &Tenant| {
            let all = tenant.logins.values().filter(|login| login.subject.user_id == *user);
            let sorted = all.map(|login| (newest_first(login.created_at, &login.id), login)).collect();
            let after = after.map(|(began, id)| newest_first(*began, id));
            Some(page(&sorted, after.as_ref(), most, |login| LoginRecord::clone(login)))
        };
        Ok(self.read(tenant, read)?.unwrap_or_else(nothing))
    }
}

#[async_trait]
impl Sessions for MemoryStore {
    async fn session(&self, tenant: &TenantName, id: &SessionId) -> Result<Option<Arc<Session>>, StoreError> {
        self.read(tenant, |tenant| tenant.sessions.get(id).cloned())
    }

    async fn sessions(
        &self,
        tenant: &TenantName,
        after: Option<&SessionId>,
        most: usize,
    ) -> Result<Page<Session>, StoreError> {
        let read = |tenant: &Tenant| Some(page(&tenant.sessions, after, most, |session| Session::clone(session)));
        Ok(self.read(tenant, read)?.unwrap_or_else(nothing))
    }
}

#[async_trait]
impl Commits for MemoryStore {
    async fn commit(&self, commit: Commit) -> Result<CommitOutcome, StoreError> {
        let (durability, began) = (commit.durability, Instant::now());
        let outcome = self.commit_one(commit).await;
        self.observer.committed(durability, began.elapsed(), outcome.is_err());
        outcome
    }

    fn append_login(&self, login: LightLogin<'_>) -> Result<LightLoginOutcome, StoreError> {
        let began = Instant::now();
        let outcome = self.append(login);
        self.observer.committed(Durability::Batched, began.elapsed(), outcome.is_err());
        outcome
    }
}

#[async_trait]
impl Bypasses for MemoryStore {
    async fn bypasses(&self, tenant: &TenantName, user: &UserId) -> Result<Vec<Bypass>, StoreError> {
        self.read(tenant, |tenant| tenant.bypasses.get(user).cloned().unwrap_or_default())
    }

    async fn change_bypass(
        &self,
        tenant: &TenantName,
        change: BypassChange,
        now: Timestamp,
        settled: bool,
    ) -> Result<BypassOutcome, StoreError> {
        self.with(|state| {
            let all = state.tenant(tenant).bypasses.entry(change.user().clone()).or_default();
            let outcome = bypasses::change(all, change, now, settled);
            if outcome == BypassOutcome::Done {
                state.last_commit = state.last_commit.max(now);
            }
            outcome
        })
    }
}

#[async_trait]
impl Caches for MemoryStore {
    async fn cache(&self, tenant: &TenantName, action: &ActionName) -> Result<Cache, StoreError> {
        self.read(tenant, |tenant| tenant.caches.get(action).cloned().unwrap_or_default())
    }
}

#[async_trait]
impl Revisions for MemoryStore {
    async fn revision(&self, tenant: &TenantName, number: u64) -> Result<Option<String>, StoreError> {
        self.read(tenant, |tenant| tenant.revisions.get(&number).map(|revision| revision.content.clone()))
    }

    async fn put_revision(&self, tenant: &TenantName, content: &str) -> Result<u64, StoreError> {
        self.with(|state| {
            let revisions = &mut state.tenant(tenant).revisions;
            if let Some((number, _)) = revisions.iter().find(|(_, revision)| revision.content == content) {
                return *number;
            }
            // The newest is never swept, so no number is given twice.
            let number = revisions.last_key_value().map_or(0, |(number, _)| *number).saturating_add(1);
            revisions.insert(number, Revision { content: content.to_owned(), needed_until: None });
            number
        })
    }

    async fn active_revision(&self, tenant: &TenantName) -> Result<Option<ActiveRevision>, StoreError> {
        self.read(tenant, |tenant| tenant.active_revision)
    }

    async fn activate_revisions(&self, activations: Vec<Activation>) -> Result<bool, StoreError> {
        self.with(|state| {
            let holds = |state: &mut State, activation: &Activation| {
                let active = state.tenant(&activation.tenant).active_revision;
                active.map_or(0, |active| active.version) == activation.expect
            };
            if !activations.iter().all(|activation| holds(state, activation)) {
                return false;
            }
            for Activation { tenant, number, expect } in activations {
                let active = ActiveRevision { number, version: expect.saturating_add(1) };
                state.tenant(&tenant).active_revision = Some(active);
            }
            true
        })
    }

    async fn need_revision(&self, tenant: &TenantName, number: u64, until: Timestamp) -> Result<(), StoreError> {
        self.with(|state| {
            if let Some(revision) = state.tenant(tenant).revisions.get_mut(&number) {
                revision.needed_until = revision.needed_until.max(Some(until));
            }
        })
    }

    async fn sweep_revisions(&self, now: Timestamp) -> Result<Vec<(TenantName, u64)>, StoreError> {
        self.with(|state| expiry::sweep_revisions(state, now))
    }

    async fn revisions(&self) -> Result<Vec<String>, StoreError> {
        self.with(|state| {
            let all = state.tenants.values().flat_map(|tenant| tenant.revisions.values());
            let contents: BTreeSet<_> = all.map(|revision| &revision.content).collect();
            contents.into_iter().cloned().collect()
        })
    }
}

#[async_trait]
impl OrderStore for MemoryStore {
    async fn orders(&self, tenant: &TenantName) -> Result<Orders, StoreError> {
        self.read(tenant, |tenant| tenant.orders.clone())
    }

    async fn orders_since(&self, tenant: &TenantName, known: u64) -> Result<Option<Orders>, StoreError> {
        Ok(Some(self.orders(tenant).await?).filter(|orders| orders.version != known))
    }

    async fn put_orders(&self, tenant: &TenantName, orders: Orders, expect: u64) -> Result<bool, StoreError> {
        self.with(|state| {
            let stored = &mut state.tenant(tenant).orders;
            let holds = stored.version == expect;
            if holds {
                *stored = Orders { version: expect.saturating_add(1), ..orders };
            }
            holds
        })
    }
}

#[async_trait]
impl Plugins for MemoryStore {
    async fn plugin(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.with(|state| state.plugins.get(digest).cloned())
    }

    async fn put_plugin(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::from_bytes(Sha256::digest(bytes).into());
        self.with(|state| state.plugins.insert(digest, bytes.to_vec()))?;
        Ok(digest)
    }

    async fn plugins(&self) -> Result<Vec<Digest>, StoreError> {
        self.with(|state| state.plugins.keys().copied().collect())
    }

    async fn remove_plugin(&self, digest: &Digest) -> Result<(), StoreError> {
        self.with(|state| drop(state.plugins.remove(digest)))
    }
}

#[async_trait]
impl Uploads for MemoryStore {
    async fn uploads(&self, tenant: &TenantName) -> Result<Vec<Upload>, StoreError> {
        self.read(tenant, |tenant| tenant.uploads.values().cloned().collect())
    }

    async fn uploaded(&self) -> Result<HashSet<Digest>, StoreError> {
        self.with(|state| state.tenants.values().flat_map(|tenant| tenant.uploads.keys().copied()).collect())
    }

    async fn put_upload(&self, tenant: &TenantName, upload: Upload, most: usize) -> Result<bool, StoreError> {
        self.with(|state| {
            let uploads = &mut state.tenant(tenant).uploads;
            let room = uploads.contains_key(&upload.digest) || uploads.len() < most;
            if room {
                uploads.entry(upload.digest).or_insert(upload);
            }
            room
        })
    }

    async fn remove_upload(&self, tenant: &TenantName, digest: &Digest) -> Result<bool, StoreError> {
        self.with(|state| state.tenant(tenant).uploads.remove(digest).is_some())
    }
}

#[async_trait]
impl Expiry for MemoryStore {
    async fn sweep_expired(&self, now: Timestamp, most: usize) -> Result<bool, StoreError> {
        self.with(|state| expiry::sweep_expired(state, now, most, self.session_lifetime))
    }
}

#[async_trait]
impl Scrub for MemoryStore {
    async fn scrub(&self, _: usize) -> Result<bool, StoreError> {
        self.with(|_| false)
    }

    /// Nothing in memory is damaged, and no root key made it.
    fn condition(&self) -> StoreCondition {
        StoreCondition { complete: true, ..StoreCondition::default() }
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn last_commit_time(&self) -> Timestamp {
        self.with(|state| state.last_commit).unwrap_or_default()
    }

    fn latest_commit_time(&self) -> Timestamp {
        self.last_commit_time()
    }

    async fn shutdown(&self) -> Result<(), StoreError> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner).take();
        state.map(drop).ok_or_else(|| StoreError::Stopped(String::new()))
    }
}
