//! The embedded store: reads; writes go to the committer.

use crate::api::{
    Begun, BypassChange, BypassOutcome, Commit, CommitOutcome, Durability, LoginWrite, Observer, OpenError, Page,
    Store, StoreError, Upload,
};
use crate::committer::Job;
use crate::files::Files;
use crate::keys::{self, Kind};
use crate::lane::{Claim, Lane};
use crate::open::{self, SledOptions};
use crate::shared::Shared;
use crate::tables::Tables;
use crate::values::failed;
use async_trait::async_trait;
use postlude_model::cache::Cache;
use postlude_model::login::{LoginRecord, Status};
use postlude_model::names::{ActionName, Digest, LoginId, SessionId, TenantName, Timestamp, UserId};
use postlude_model::policy::bypass::Bypass;
use postlude_model::policy::orders::Orders;
use postlude_model::session::Session;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeSet, HashSet};
use std::io;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// A store in a folder of this machine, for one process.
#[derive(Debug)]
pub struct SledStore {
    pub(crate) open: Mutex<Option<Arc<Open>>>,
    pub(crate) committer: Mutex<Option<JoinHandle<()>>>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) epoch: u64,
    pub(crate) boot: u64,
}

/// What an open store holds; let go of at shutdown.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) tables: Tables,
    pub(crate) jobs: SyncSender<Job>,
    pub(crate) lane: Arc<Lane>,
    pub(crate) plugins: Files,
    pub(crate) revisions: Files,
}

impl SledStore {
    /// Opens or makes a store, verifies its records, and settles its epoch.
    ///
    /// # Errors
    /// When another process has the folder, something in it is damaged or newer, or the disk fails.
    pub fn open(options: SledOptions) -> Result<Self, OpenError> {
        open::open(options)
    }

    fn opened(&self) -> Result<Arc<Open>, StoreError> {
        if let Some(why) = self.shared.why_stopped() {
            return Err(why);
        }
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.clone().ok_or_else(|| StoreError::Stopped(String::new()))
    }

    async fn read<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        let open = self.opened()?;
        if let Some(bytes) = open.lane.get(key) {
            return open.tables.values.decode(key, &bytes).map(Some);
        }
        self.shared.durable(key, || open.tables.get(key)).await
    }

    /// Reads much at once, where blocking is allowed.
    async fn look<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Tables) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let open = self.opened()?;
        tokio::task::spawn_blocking(move || read(&open.tables)).await.map_err(failed)?
    }

    /// A login that begins, claimed; another call that begins the same one is waited for.
    async fn claim(&self, key: &[u8]) -> Result<Claim, StoreError> {
        let lane = Arc::clone(&self.opened()?.lane);
        loop {
            if let Some(claim) = lane.claim(key) {
                return Ok(claim);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// A commit that writes a login for the first time holds its claim; without one of the caller's, from now on.
    async fn claimed(&self, mut commit: Commit) -> Result<Result<Commit, CommitOutcome>, StoreError> {
        let tenant = &commit.tenant;
        if let Some(write) = commit.login.as_mut().filter(|write| write.expect == 0) {
            let key = keys::login(tenant, &write.record.id);
            if !write.claim.as_ref().is_some_and(|claim| claim.is_of(&key)) {
                let claim = self.claim(&key).await?;
                if self.read::<LoginRecord>(&key).await?.is_some() {
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

    /// Answers a light commit; the committer will apply it. The session was looked at now: a change that is still queued has
    /// not been answered either, so this login came before it.
    async fn commit_light(&self, commit: Commit) -> Result<CommitOutcome, StoreError> {
        let open = self.opened()?;
        // Until readers find the record in the lane.
        let _claim = commit.login.as_ref().and_then(|write| write.claim.clone());
        while open.lane.is_full() {
            tokio::time::sleep(Duration::from_millis(1)).await;
            self.opened()?;
        }
        match open.tables.light(commit)? {
            Err(outcome) => Ok(outcome),
            Ok(light) => {
                // A committer whose queue is full is awake.
                if open.lane.push(light)
                    && matches!(open.jobs.try_send(Job::Gather), Err(TrySendError::Disconnected(_)))
                {
                    return Err(self.why_stopped());
                }
                Ok(CommitOutcome::Done)
            }
        }
    }

    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Job) -> Result<T, StoreError> {
        let open = self.opened()?;
        let (answer, answered) = oneshot::channel();
        let mut job = job(answer);
        // Waiting for a place must not hold a thread of the runtime.
        while let Err(refused) = open.jobs.try_send(job) {
            let TrySendError::Full(back) = refused else { return Err(self.why_stopped()) };
            job = back;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(open);
        answered.await.unwrap_or_else(|_| Err(self.why_stopped()))
    }

    fn why_stopped(&self) -> StoreError {
        self.shared.why_stopped().unwrap_or_else(|| StoreError::Stopped(String::new()))
    }

    /// Lets go of the engine; the committer ends once nobody can ask it any more.
    fn close(&self) -> Option<JoinHandle<()>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.committer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        if let Some(committer) = self.close() {
            // It ends by itself; an error is its panic, which was reported when it happened.
            let _ = committer.join();
        }
    }
}

#[async_trait]
impl Store for SledStore {
    async fn login(&self, tenant: &TenantName, id: &LoginId) -> Result<Option<LoginRecord>, StoreError> {
        self.read(&keys::login(tenant, id)).await
    }

    async fn begin_login(&self, tenant: &TenantName, id: &LoginId) -> Result<Begun, StoreError> {
        let key = keys::login(tenant, id);
        // Claimed first: what was not there then cannot come before the claim is let go.
        let claim = self.claim(&key).await?;
        Ok(self.read(&key).await?.map_or(Begun::New(claim), |record| Begun::Before(Box::new(record))))
    }

    async fn session(&self, tenant: &TenantName, id: &SessionId) -> Result<Option<Arc<Session>>, StoreError> {
        let (key, open) = (keys::session(tenant, id), self.opened()?);
        let known = &open.tables.values.known;
        if let Some(session) = known.session(&key) {
            return Ok(Some(session));
        }
        let moment = known.moment(&key);
        let session = self.read::<Session>(&key).await?.map(Arc::new);
        if let (Some(session), Some(moment)) = (&session, moment) {
            known.keep(key, moment, session);
        }
        Ok(session)
    }

    async fn cache(&self, tenant: &TenantName, action: &ActionName) -> Result<Cache, StoreError> {
        Ok(self.read(&keys::cache(tenant, action)).await?.unwrap_or_default())
    }

    async fn commit(&self, commit: Commit) -> Result<CommitOutcome, StoreError> {
        let (durability, began) = (commit.durability, Instant::now());
        let outcome = self.commit_one(commit).await;
        self.observer.committed(durability, began.elapsed(), outcome.is_err());
        outcome
    }

    async fn bypasses(&self, tenant: &TenantName, user: &UserId) -> Result<Vec<Bypass>, StoreError> {
        let key = keys::bypasses(tenant, user);
        if !self.opened()?.tables.values.known.may_have_bypasses(&key) {
            return Ok(Vec::new());
        }
        Ok(self.read(&key).await?.unwrap_or_default())
    }

    async fn change_bypass(
        &self,
        tenant: &TenantName,
        change: BypassChange,
        now: Timestamp,
    ) -> Result<BypassOutcome, StoreError> {
        self.ask(|answer| Job::Bypass(tenant.clone(), change, now, answer)).await
    }

    async fn revision(&self, tenant: &TenantName, number: u64) -> Result<Option<String>, StoreError> {
        let Some(hash) = self.read::<[u8; 32]>(&keys::revision(tenant, number)).await? else { return Ok(None) };
        let bytes = checked(&self.opened()?.revisions, &hash, "revision").await?;
        bytes.map(|bytes| String::from_utf8(bytes).map_err(|_| StoreError::Corrupt("revision"))).transpose()
    }

    async fn put_revision(&self, tenant: &TenantName, content: &str) -> Result<u64, StoreError> {
        let hash: [u8; 32] = Sha256::digest(content.as_bytes()).into();
        write(self.opened()?.revisions.clone(), Digest::from_bytes(hash), content.as_bytes().to_vec()).await?;
        self.ask(|answer| Job::Revision(tenant.clone(), hash, answer)).await
    }

    async fn need_revision(&self, tenant: &TenantName, number: u64, until: Timestamp) -> Result<(), StoreError> {
        self.ask(|answer| Job::NeedRevision(tenant.clone(), number, until, answer)).await
    }

    async fn sweep_revisions(&self, now: Timestamp) -> Result<Vec<(TenantName, u64)>, StoreError> {
        let gone = self.ask(|answer| Job::SweepRevisions(now, answer)).await?;
        let open = self.opened()?;
        // Also what a crash left between the two steps. Two revisions may have one content.
        let sweep = move || -> io::Result<Result<(), StoreError>> {
            let needed: HashSet<_> = match open.tables.revision_hashes() {
                Ok(hashes) => hashes.into_iter().collect(),
                Err(why) => return Ok(Err(why)),
            };
            let mut unneeded = open.revisions.list()?.into_iter().filter(|hash| !needed.contains(hash));
            unneeded.try_for_each(|hash| open.revisions.remove(&Digest::from_bytes(hash).hex()))?;
            Ok(Ok(()))
        };
        blocking(sweep).await??;
        Ok(gone)
    }

    async fn revisions(&self) -> Result<Vec<String>, StoreError> {
        let open = self.opened()?;
        let hashes: BTreeSet<_> = open.tables.revision_hashes()?.into_iter().collect();
        let mut contents = Vec::new();
        for hash in hashes {
            let bytes = checked(&open.revisions, &hash, "revision").await?;
            let text = bytes.map(|bytes| String::from_utf8(bytes).map_err(|_| StoreError::Corrupt("revision")));
            contents.extend(text.transpose()?);
        }
        Ok(contents)
    }

    async fn plugins(&self) -> Result<Vec<Digest>, StoreError> {
        let plugins = self.opened()?.plugins.clone();
        let hashes = blocking(move || plugins.list()).await?;
        Ok(hashes.into_iter().map(Digest::from_bytes).collect())
    }

    async fn remove_plugin(&self, digest: &Digest) -> Result<(), StoreError> {
        let (plugins, hash) = (self.opened()?.plugins.clone(), digest.hex());
        blocking(move || plugins.remove(&hash)).await
    }

    async fn plugin(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        checked(&self.opened()?.plugins, digest.as_bytes(), "plugin file").await
    }

    async fn put_plugin(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::from_bytes(Sha256::digest(bytes).into());
        write(self.opened()?.plugins.clone(), digest, bytes.to_vec()).await?;
        Ok(digest)
    }

    async fn orders(&self, tenant: &TenantName) -> Result<Orders, StoreError> {
        Ok(self.read(&keys::orders(tenant)).await?.unwrap_or_default())
    }

    async fn put_orders(&self, tenant: &TenantName, orders: Orders, expect: u64) -> Result<bool, StoreError> {
        self.ask(|answer| Job::Orders(tenant.clone(), Box::new(orders), expect, answer)).await
    }

    async fn uploads(&self, tenant: &TenantName) -> Result<Vec<Upload>, StoreError> {
        let tenant = tenant.clone();
        self.look(move |tables| tables.uploads(&tenant)).await
    }

    async fn uploaded(&self) -> Result<HashSet<Digest>, StoreError> {
        self.look(Tables::uploaded).await
    }

    async fn put_upload(&self, tenant: &TenantName, upload: Upload, most: usize) -> Result<bool, StoreError> {
        self.ask(|answer| Job::Upload(tenant.clone(), Box::new(upload), most, answer)).await
    }

    async fn sessions(
        &self,
        tenant: &TenantName,
        after: Option<&SessionId>,
        most: usize,
    ) -> Result<Page<Session>, StoreError> {
        let (tenant, after) = (tenant.clone(), after.map(|id| keys::session(tenant, id)));
        self.look(move |tables| tables.page_of(Kind::Session, &tenant, after, most)).await
    }

    async fn logins(
        &self,
        tenant: &TenantName,
        after: Option<&LoginId>,
        most: usize,
    ) -> Result<Page<LoginRecord>, StoreError> {
        let (tenant, after) = (tenant.clone(), after.map(|id| keys::login(tenant, id)));
        self.look(move |tables| tables.page_of(Kind::Login, &tenant, after, most)).await
    }

    async fn logins_of(
        &self,
        tenant: &TenantName,
        user: &UserId,
        after: Option<&(Timestamp, LoginId)>,
        most: usize,
    ) -> Result<Page<LoginRecord>, StoreError> {
        let (tenant, user, after) = (tenant.clone(), user.clone(), after.cloned());
        self.look(move |tables| tables.logins_of(&tenant, &user, after.as_ref(), most)).await
    }

    async fn sweep(&self, now: Timestamp, batch: usize) -> Result<usize, StoreError> {
        self.ask(|answer| Job::Sweep(now, batch, answer)).await
    }

    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn boot(&self) -> u64 {
        self.boot
    }

    fn last_commit_time(&self) -> Timestamp {
        self.shared.last_commit()
    }

    async fn shutdown(&self) -> Result<(), StoreError> {
        let stopped = self.ask(Job::Stop).await;
        if let Some(committer) = self.close() {
            // The folder is free once the thread has ended.
            let ended = tokio::task::spawn_blocking(move || committer.join().is_ok()).await.map_err(failed)?;
            if !ended {
                return Err(StoreError::Failed("the committer panicked".to_owned()));
            }
        }
        stopped
    }
}

/// A login that begins and ends in one call, and changes nothing else.
fn is_light(commit: &Commit) -> bool {
    let settled = |write: &LoginWrite| {
        write.expect == 0 && write.bypasses.is_empty() && !matches!(write.record.status, Status::Suspended(_))
    };
    let alone = commit.sessions.is_empty() && commit.cache.is_empty();
    commit.durability == Durability::Batched && alone && commit.login.as_ref().is_some_and(settled)
}

/// A file whose content has the hash that it is named by.
async fn checked(files: &Files, hash: &[u8; 32], what: &'static str) -> Result<Option<Vec<u8>>, StoreError> {
    let (files, hash) = (files.clone(), *hash);
    let read = move || -> io::Result<Option<Vec<u8>>> { files.read(&Digest::from_bytes(hash).hex()) };
    let Some(bytes) = blocking(read).await? else { return Ok(None) };
    let found: [u8; 32] = Sha256::digest(&bytes).into();
    if found == hash { Ok(Some(bytes)) } else { Err(StoreError::Corrupt(what)) }
}

async fn write(files: Files, digest: Digest, bytes: Vec<u8>) -> Result<(), StoreError> {
    blocking(move || files.write(&digest.hex(), &bytes)).await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(failed)?.map_err(failed)
}
