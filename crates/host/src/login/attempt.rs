//! One attempt at a login, shared by starting and resuming: drive the pipeline, commit what came of it, publish it, answer.

use super::answer::LoginAnswer;
use super::drive::{DriveError, drive};
use super::event::LoginEvent;
use super::parts::{LoginParts, answer_for_idp};
use super::run_context::RunContext;
use crate::error::HostError;
use crate::pipeline::Pipeline;
use crate::tenant::Tenant;
use postlude_model::limits;
use postlude_model::login::{LoginRecord, Status};
use postlude_model::names::Timestamp;
use postlude_model::pipeline::{Finished, Login};
use postlude_model::policy::orders::CurrentOrders;
use postlude_store::{
    Caps, ClaimGuard, Commit, CommitOutcome, Durability, LightLogin, LightLoginOutcome, LoginWrite, SessionWrite,
    StoreError,
};
use std::sync::Arc;
use std::time::Instant;

/// How often a login is run anew because its session changed meanwhile. After that it is load.
pub(super) const RERUNS: usize = 1;

/// One call of an IdP about a login, over all attempts at it.
pub(super) struct Attempt<'a> {
    parts: &'a LoginParts,
    tenant: &'a Tenant,
    context: RunContext,
    /// The version of the orders that were in force when the call began.
    orders_seen: u64,
    began: Instant,
}

/// What the record of a login replaces.
#[derive(Debug, Clone, Default)]
pub(super) struct Replaces {
    /// The version that must be stored now; zero: none.
    pub(super) version: u64,
    /// The claim of a login that is written for the first time.
    pub(super) claim: Option<ClaimGuard>,
    /// How many entries its trace had before.
    pub(super) trace_entries: usize,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(parts: &'a LoginParts, tenant: &'a Tenant) -> Self {
        // Before the clock is read: what is recorded in the knowledge of an order is not dated before it.
        let orders_seen = tenant.orders.orders().version;
        let context = RunContext::new(&parts.services, &tenant.name);
        Self { parts, tenant, context, orders_seen, began: Instant::now() }
    }

    /// The orders that the call knew, and the host's clock: one reading for all attempts, so that a request of a plugin that carries it
    /// is the same in each.
    pub(super) const fn began(&self) -> (u64, Timestamp) {
        (self.orders_seen, self.context.now)
    }

    /// Runs a login as far as it goes without its browser, and commits it. None where another writer was faster: nothing was
    /// written, and the login may be run anew.
    pub(super) async fn run(
        &mut self,
        pipeline: &Arc<Pipeline>,
        login: Login<'_>,
        replaces: Replaces,
    ) -> Result<Option<LoginAnswer>, DriveError> {
        let finished =
            drive(&self.parts.services.sandbox, &self.tenant.share, pipeline, login, &mut self.context).await?;
        let begins = replaces.claim.is_some();
        let suspended_until = finished.record.suspension().map(|_| finished.record.deadline);
        let answer = self.commit(finished, replaces).await?;
        if let (true, Some(_), Some(deadline)) = (begins, &answer, suspended_until) {
            self.parts.revisions.login_suspended(&self.tenant.name, pipeline, deadline);
        }
        Ok(answer)
    }

    /// Commits a login that came to a new answer, and publishes its event. None where another writer was faster.
    ///
    /// # Errors
    /// [`HostError::LoginEnded`] where the record that was committed says so.
    pub(super) async fn commit(
        &self,
        finished: Box<Finished>,
        replaces: Replaces,
    ) -> Result<Option<LoginAnswer>, HostError> {
        let services = &self.parts.services;
        let event = LoginEvent::new(services, &finished.record, replaces.trace_entries, self.began);
        let Some(record) = self.write(finished, replaces).await? else { return Ok(None) };
        event.publish(services, self.tenant);
        answer_for_idp(self.tenant, record).map(Some)
    }

    /// One transaction: the login record, the session, and that the session is still what the runs saw. The record that was
    /// written; none where another writer was faster, and nothing was.
    pub(super) async fn write(
        &self,
        mut finished: Box<Finished>,
        replaces: Replaces,
    ) -> Result<Option<LoginRecord>, HostError> {
        if let Some(written) = self.append(&mut finished, &replaces)? {
            return Ok(written.then_some(finished.record));
        }
        // Rare, and large: the futures of light logins need no room for it.
        Box::pin(self.commit_all(*finished, replaces)).await
    }

    /// Appends a light login, which waits for nothing. None where the login is not a light one, or is to wait after all.
    fn append(&self, finished: &mut Finished, replaces: &Replaces) -> Result<Option<bool>, HostError> {
        let Finished { record, session: None, session_seen, orders_seen, cache, bypasses, synced: false } = finished
        else {
            return Ok(None);
        };
        let settled = !matches!(record.status, Status::Running | Status::Suspended(_));
        let (Some(claim), true, true, true) = (&replaces.claim, settled, cache.is_empty(), bypasses.is_empty()) else {
            return Ok(None);
        };
        let services = &self.parts.services;
        let session = record.subject.session_id.clone().zip(*session_seen);
        let light = LightLogin {
            tenant: &self.tenant.name,
            record,
            claim,
            check_session: session.as_ref().map(|(id, version)| (id, *version)),
            orders_seen: *orders_seen,
            bytes_of_tenant: self.tenant.disk_for_records(),
            now: services.clock.now(),
        };
        match services.store.append_login(light).map_err(refused)? {
            LightLoginOutcome::Done => Ok(Some(true)),
            LightLoginOutcome::SessionChanged => Ok(Some(false)),
            LightLoginOutcome::DiskFull => Err(HostError::Busy(DISK_FULL)),
            LightLoginOutcome::NotClaimed => Err(HostError::internal("the claim of a login is another login's")),
            LightLoginOutcome::Full | LightLoginOutcome::OrdersChanged => Ok(None),
        }
    }

    async fn commit_all(&self, finished: Finished, replaces: Replaces) -> Result<Option<LoginRecord>, HostError> {
        let Replaces { version: expect, claim, .. } = replaces;
        let services = &self.parts.services;
        let Finished { record, session, session_seen, orders_seen, cache, bypasses, synced } = finished;
        let sessions = session.map(|session| SessionWrite { expect: session_seen.unwrap_or(0), session });
        let mut used = record.policy_state.bypasses.clone();
        used.retain(|bypass| bypasses.contains(&bypass.id));
        // As long as logins are suspended on a revision, its code stays in memory.
        let ended = (expect > 0 && record.suspension().is_none()).then_some(record.revision);
        let written = record.clone();
        let commit = Commit {
            tenant: self.tenant.name.clone(),
            sessions: sessions.into_iter().collect(),
            check_session: record.subject.session_id.clone().zip(session_seen),
            orders_seen,
            login: Some(LoginWrite {
                record,
                expect,
                claim,
                max_open: limits::OPEN_LOGINS,
                caps: Caps {
                    open_of_tenant: self.tenant.max_suspended(),
                    bytes_of_tenant: self.tenant.disk_for_records(),
                    ..Caps::default()
                },
                bypasses,
            }),
            cache,
            now: services.clock.now(),
            settled: services.clock.is_settled(),
            durability: if synced { Durability::Synced } else { Durability::Batched },
        };
        match services.store.commit(commit).await.map_err(refused)? {
            CommitOutcome::Done => {}
            CommitOutcome::UserFull => return Err(HostError::Busy(USER_FULL)),
            CommitOutcome::DiskFull => return Err(HostError::Busy(DISK_FULL)),
            CommitOutcome::TenantFull => return Err(HostError::Busy(TENANT_FULL)),
            CommitOutcome::OrdersChanged => {
                self.tenant.orders.after(orders_seen.unwrap_or_default()).await;
                return Ok(None);
            }
            CommitOutcome::LoginChanged | CommitOutcome::SessionChanged | CommitOutcome::BypassChanged => {
                return Ok(None);
            }
        }
        for bypass in used {
            tracing::info!(target: "postlude::audit", bypass = %bypass.id, issued_by = bypass.issued_by, "bypass used");
        }
        if let Some(revision) = ended {
            self.parts.revisions.login_ended(&self.tenant.name, revision);
        }
        Ok(Some(written))
    }
}

/// What a login is told that its user or its tenant has no room for.
const USER_FULL: &str =
    "this user has as many records of logins as one may have; deny, and look for what logs in again and again";
const DISK_FULL: &str = "this tenant's records take as much of the disk as they may (`max_disk`); deny new logins until old records expire, or raise it";

const TENANT_FULL: &str =
    "this tenant has as many suspended logins as it may have; deny, and look for what begins prompts and leaves them";

fn refused(why: StoreError) -> HostError {
    match why {
        // A retry would meet the same.
        StoreError::Encoding(..) => HostError::internal(why),
        why => HostError::unavailable(why),
    }
}
