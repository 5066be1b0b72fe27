//! The embedded store: reads; writes go to the committer.

use super::clean_stop;
use super::commit::append_light;
use super::database::Database;
use super::job::Job;
use super::job_queue::{NotTaken, Weights};
use super::keys::{self, KeyKind};
use super::lost::Dispensable;
use super::open::Ground;
use super::opened::Open;
use super::opening::Opening;
use super::pages;
use super::reads::{self, Read};
use super::records::failed;
use super::scrub::ScrubState;
use crate::api::observer::report;
use crate::api::{
    Availability, BypassChange, BypassOutcome, Bypasses, Caches, ClaimGuard, Commit, CommitOutcome, Commits,
    Durability, Expiry, LightLogin, LightLoginOutcome, LoginClaim, LoginWrite, Logins, Observer, OrderStore, Page,
    Sessions, Store, StoreError,
};
use crate::disk_watch;
use crate::format::description::Description;
use crate::format::kind::RecordKind;
use crate::format::stored::Stored;
use async_trait::async_trait;
use postlude_model::cache::Cache;
use postlude_model::login::{LoginRecord, Status};
use postlude_model::names::{ActionName, LoginId, SessionId, TenantName, Timestamp, UserId};
use postlude_model::policy::bypass::Bypass;
use postlude_model::policy::orders::Orders;
use postlude_model::session::Session;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How long a light login waits for a place among those that wait for the disk: two hundred times as long as they usually do.
const PLACE_WAIT: Duration = Duration::from_secs(2);

/// How long the store waits for its threads when it closes.
const CLOSING: Duration = Duration::from_secs(10);

/// A store in a folder of this machine, for one process.
#[derive(Debug)]
pub struct SledStore {
    pub(crate) opening: Arc<Opening>,
    pub(crate) keeper: Mutex<Option<JoinHandle<Ground>>>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) epoch: u64,
    pub(crate) boot: u64,
    /// What the store said of itself when it was opened.
    pub(crate) description: Description,
    pub(crate) scrub: ScrubState,
    pub(crate) weights: Arc<Weights>,
}

impl SledStore {
    /// How often the store was opened.
    #[must_use]
    pub const fn boot(&self) -> u64 {
        self.boot
    }

    pub(crate) fn opened(&self) -> Result<Arc<Open>, StoreError> {
        self.opening.get()
    }

    pub(crate) async fn read<T: Stored>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        self.read_with(key, Database::get).await
    }

    /// Reads a record that counts as absent where no root key explains it.
    pub(crate) async fn read_or_lost<T: Dispensable>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        self.read_with(key, Database::get_or_lost).await
    }

    /// Reads what stands under a key, once the disk has it.
    pub(crate) async fn read_with<T: Send + 'static>(&self, key: &[u8], read: Read<T>) -> Result<T, StoreError> {
        let open = self.opened()?;
        reads::read(&open, key, read).await.inspect_err(|why| self.tell(why))
    }

    /// Reads a login, also a light one. One that was written again stands in the database, and counts.
    async fn read_login(&self, key: &[u8]) -> Result<Option<LoginRecord>, StoreError> {
        if let Some(login) = self.read(key).await? {
            return Ok(Some(login));
        }
        self.opened()?.database.light_logins.get(key).inspect_err(|why| self.tell(why))
    }

    /// Tells of a record that cannot be read; the call that needs it fails as well.
    pub(crate) fn tell(&self, why: &StoreError) {
        // What is not about a record is not told.
        let _ = report(&*self.observer, why.clone(), "the call that asked for it fails");
    }

    /// Reads much at once, where blocking is allowed.
    pub(crate) async fn read_many<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Database) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        reads::elsewhere(self.opened()?, read).await.inspect_err(|why| self.tell(why))
    }

    /// A login that begins, claimed; another call that begins the same one is waited for.
    async fn claim(&self, key: &[u8]) -> Result<ClaimGuard, StoreError> {
        let claims = Arc::clone(&self.opened()?.claims);
        Ok(claims.claim_in_turn(key).await)
    }

    /// A commit that writes a login for the first time holds its claim; without one of the caller's, from now on.
    async fn claimed(&self, mut commit: Commit) -> Result<Result<Commit, CommitOutcome>, StoreError> {
        let tenant = &commit.tenant;
        if let Some(write) = commit.login.as_mut().filter(|write| write.expect == 0) {
            let key = keys::login(tenant, &write.record.id);
            if !write.claim.as_ref().is_some_and(|claim| claim.is_of(&key)) {
                let claim = self.claim(&key).await?;
                if self.read_login(&key).await?.is_some() {
                    return Ok(Err(CommitOutcome::LoginChanged));
                }
                write.claim = Some(claim);
            }
        }
        Ok(Ok(commit))
    }

    async fn commit_one(&self, commit: Commit) -> Result<CommitOutcome, StoreError> {
        let commit = match self.claimed(commit).await? {
            Ok(commit) => commit,
            Err(outcome) => return Ok(outcome),
        };
        if is_light(&commit) {
            return self.commit_light(commit).await;
        }
        self.ask(|answer| Job::Commit(Box::new(commit), answer)).await
    }

    /// Appends a light login, once there is a place for it.
    async fn commit_light(&self, commit: Commit) -> Result<CommitOutcome, StoreError> {
        let Commit { tenant, login, check_session, orders_seen, now, .. } = commit;
        let Some(LoginWrite { mut record, claim: Some(claim), caps, .. }) = login else {
            return Ok(CommitOutcome::LoginChanged);
        };
        let began = Instant::now();
        loop {
            let check_session = check_session.as_ref().map(|(id, version)| (id, *version));
            let bytes_of_tenant = caps.bytes_of_tenant;
            let (tenant, record, claim) = (&tenant, &mut record, &claim);
            let login = LightLogin { tenant, record, claim, check_session, orders_seen, bytes_of_tenant, now };
            match self.append(login)? {
                LightLoginOutcome::Done => return Ok(CommitOutcome::Done),
                LightLoginOutcome::SessionChanged => return Ok(CommitOutcome::SessionChanged),
                LightLoginOutcome::OrdersChanged => return Ok(CommitOutcome::OrdersChanged),
                LightLoginOutcome::DiskFull => return Ok(CommitOutcome::DiskFull),
                LightLoginOutcome::NotClaimed => return Ok(CommitOutcome::LoginChanged),
                LightLoginOutcome::Full if began.elapsed() >= PLACE_WAIT => {
                    return Err(StoreError::Failed("the disk does not keep up with the logins".to_owned()));
                }
                LightLoginOutcome::Full => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
    }

    /// Appends a light login. The session is looked at now: a change that is still queued has not been answered either, so this
    /// login came before it.
    fn append(&self, login: LightLogin<'_>) -> Result<LightLoginOutcome, StoreError> {
        let open = self.opened()?;
        if !login.claim.is_of(&keys::login(login.tenant, &login.record.id)) {
            return Ok(LightLoginOutcome::NotClaimed);
        }
        let now = login.now;
        let outcome = append_light(&open.database, login)?;
        if outcome == LightLoginOutcome::Done {
            open.sync_state.committed_at(now);
        }
        Ok(outcome)
    }

    pub(crate) async fn ask<T>(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Job,
    ) -> Result<T, StoreError> {
        let open = self.opened()?;
        let (answer, answered) = oneshot::channel();
        let (mut job, sync_state) = (job(answer), Arc::clone(&open.sync_state));
        let why_stopped = || sync_state.why_stopped().unwrap_or_else(|| StoreError::Stopped(String::new()));
        let asked = async {
            // Waiting for a place must not hold a thread of the runtime.
            while let Err(refused) = open.jobs.try_send(job) {
                let NotTaken::Full(back) = refused else { return Err(why_stopped()) };
                job = *back;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            drop(open);
            answered.await.unwrap_or_else(|_| Err(why_stopped()))
        };
        // What was asked may still be done later, as where a crash takes the answer.
        let late = |_| Err(StoreError::Failed(disk_watch::hanging(disk_watch::HANGS)));
        tokio::time::timeout(disk_watch::HANGS, asked).await.unwrap_or_else(late)
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(keeper) = keeper {
            self.opening.close();
            keeper.thread().unpark();
            // It ends by itself; an error is its panic, which was reported when it happened.
            let _ = keeper.join();
        }
    }
}

#[async_trait]
impl Logins for SledStore {
    async fn login_in_place(&self, tenant: &TenantName, id: &LoginId) -> Result<Option<LoginRecord>, StoreError> {
        match self.read_login(&keys::login(tenant, id)).await {
            // Told already. A claim of it fails: run anew under the same identifier, it would take a consumed state again.
            Err(StoreError::Corrupt(kind) | StoreError::Unreadable(kind, _)) if kind == RecordKind::Login.name() => {
                Ok(None)
            }
            read => read,
        }
    }

    async fn claim_login(&self, tenant: &TenantName, id: &LoginId) -> Result<LoginClaim, StoreError> {
        let key = keys::login(tenant, id);
        // Claimed first: what was not there then cannot come before the claim is let go.
        let claim = self.claim(&key).await?;
        let stored = self.read_login(&key).await?;
        Ok(stored.map_or(LoginClaim::New(claim), |record| LoginClaim::Existing(Box::new(record))))
    }

    fn try_claim_login(&self, tenant: &TenantName, id: &LoginId) -> Result<Option<LoginClaim>, StoreError> {
        let (key, open) = (keys::login(tenant, id), self.opened()?);
        if reads::may_wait(&open) {
            return Ok(None);
        }
        let Some(claim) = open.claims.claim(&key) else { return Ok(None) };
        let read = open.sync_state.durable_now(&key, || open.database.get(&key)).inspect_err(|why| self.tell(why))?;
        let Some(read) = read else { return Ok(None) };
        let light = || open.database.light_logins.get(&key).inspect_err(|why| self.tell(why));
        let stored = read.map_or_else(light, |record| Ok(Some(record)))?;
        Ok(Some(stored.map_or(LoginClaim::New(claim), |record| LoginClaim::Existing(Box::new(record)))))
    }

    async fn logins(
        &self,
        tenant: &TenantName,
        after: Option<&LoginId>,
        most: usize,
    ) -> Result<Page<LoginRecord>, StoreError> {
        let (tenant, after) = (tenant.clone(), after.cloned());
        self.read_many(move |database| pages::logins(database, &tenant, after.as_ref(), most)).await
    }

    async fn logins_of(
        &self,
        tenant: &TenantName,
        user: &UserId,
        after: Option<&(Timestamp, LoginId)>,
        most: usize,
    ) -> Result<Page<LoginRecord>, StoreError> {
        let (tenant, user, after) = (tenant.clone(), user.clone(), after.cloned());
        self.read_many(move |database| pages::logins_of(database, &tenant, &user, after.as_ref(), most)).await
    }
}

#[async_trait]
impl Sessions for SledStore {
    async fn session(&self, tenant: &TenantName, id: &SessionId) -> Result<Option<Arc<Session>>, StoreError> {
        let (key, open) = (keys::session(tenant, id), self.opened()?);
        let cache = &open.database.records.read_cache;
        if let Some(session) = cache.session(&key) {
            return Ok(Some(session));
        }
        let version = cache.version(&key);
        let session = self.read_or_lost::<Session>(&key).await?.map(Arc::new);
        if let (Some(session), Some(version)) = (&session, version) {
            cache.keep(key, version, session);
        }
        Ok(session)
    }

    async fn sessions(
        &self,
        tenant: &TenantName,
        after: Option<&SessionId>,
        most: usize,
    ) -> Result<Page<Session>, StoreError> {
        let (tenant, after) = (tenant.clone(), after.map(|id| keys::session(tenant, id)));
        self.read_many(move |database| pages::page_of(database, KeyKind::Session, &tenant, after, most)).await
    }
}

#[async_trait]
impl Caches for SledStore {
    async fn cache(&self, tenant: &TenantName, action: &ActionName) -> Result<Cache, StoreError> {
        Ok(self.read_or_lost(&keys::cache(tenant, action)).await?.unwrap_or_default())
    }
}

#[async_trait]
impl Commits for SledStore {
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
impl Bypasses for SledStore {
    async fn bypasses(&self, tenant: &TenantName, user: &UserId) -> Result<Vec<Bypass>, StoreError> {
        let key = keys::bypasses(tenant, user);
        if !self.opened()?.database.records.read_cache.may_have_bypasses(&key) {
            return Ok(Vec::new());
        }
        Ok(self.read_or_lost(&key).await?.unwrap_or_default())
    }

    async fn change_bypass(
        &self,
        tenant: &TenantName,
        change: BypassChange,
        now: Timestamp,
        settled: bool,
    ) -> Result<BypassOutcome, StoreError> {
        self.ask(|answer| Job::Bypass(tenant.clone(), change, (now, settled), answer)).await
    }
}

#[async_trait]
impl OrderStore for SledStore {
    async fn orders(&self, tenant: &TenantName) -> Result<Orders, StoreError> {
        Ok(self.read(&keys::orders(tenant)).await?.unwrap_or_default())
    }

    async fn orders_since(&self, tenant: &TenantName, known: u64) -> Result<Option<Orders>, StoreError> {
        Ok(Some(self.orders(tenant).await?).filter(|orders| orders.version != known))
    }

    async fn put_orders(&self, tenant: &TenantName, orders: Orders, expect: u64) -> Result<bool, StoreError> {
        self.ask(|answer| Job::Orders(tenant.clone(), Box::new(orders), expect, answer)).await
    }
}

#[async_trait]
impl Expiry for SledStore {
    async fn sweep_expired(&self, now: Timestamp, most: usize) -> Result<bool, StoreError> {
        let light_logins = self.opened()?.database.light_logins.sweep(now);
        self.ask(|answer| Job::SweepExpired(now, most, light_logins, answer)).await
    }
}

#[async_trait]
impl Store for SledStore {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn last_commit_time(&self) -> Timestamp {
        self.opened().map_or(Timestamp(0), |open| open.sync_state.last_commit())
    }

    fn latest_commit_time(&self) -> Timestamp {
        self.opened().map_or(Timestamp(0), |open| open.sync_state.latest_commit())
    }

    fn weigh(&self, tenant: &TenantName, weight: u32) {
        self.weights.set(tenant, weight);
    }

    fn stored_bytes(&self, now: Timestamp) -> Vec<(TenantName, u64)> {
        self.opening.light_logins().space().all(now)
    }

    fn opened_after_crash(&self) -> Option<u64> {
        self.opened().ok().and_then(|open| open.after_crash)
    }

    fn availability(&self) -> Availability {
        self.opening.availability()
    }

    async fn shutdown(&self) -> Result<(), StoreError> {
        let Some(keeper) = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return Err(StoreError::Stopped(String::new()));
        };
        // The log first: the folder is another process's as soon as the committer has ended.
        let light_logins = Arc::clone(self.opening.light_logins());
        let closed = blocking(move || light_logins.close()).await.and_then(|closed| closed);
        let stopped = self.ask(Job::Stop).await;
        self.opening.close();
        keeper.thread().unpark();
        // The folder is free once the thread has ended.
        let joined = blocking(move || keeper.join()).await?;
        let ground = joined.map_err(|_| failed("the store's keeper panicked"))?;
        closed?;
        let (newest, dir) = (stopped?, ground.options.data_dir.clone());
        if let Err(cause) =
            blocking(move || clean_stop::note(&dir, newest).map_err(failed)).await.and_then(|noted| noted)
        {
            tracing::warn!(%cause, "the next start cannot know that the store was closed, and takes it for a crash");
        }
        ground.checkpoint().await;
        Ok(())
    }
}

/// Waits for what blocks, for as long as the store may take to close.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    match tokio::time::timeout(CLOSING, tokio::task::spawn_blocking(work)).await {
        Ok(done) => done.map_err(failed),
        Err(_) => Err(StoreError::Failed(disk_watch::hanging(CLOSING))),
    }
}

/// A login that begins and ends in one call, and changes nothing else.
fn is_light(commit: &Commit) -> bool {
    let decided = |write: &LoginWrite| {
        write.expect == 0 && write.bypasses.is_empty() && !matches!(write.record.status, Status::Suspended(_))
    };
    let alone = commit.sessions.is_empty() && commit.cache.is_empty();
    commit.durability == Durability::Batched && alone && commit.login.as_ref().is_some_and(decided)
}
