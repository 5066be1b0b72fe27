//! Fills a server's folder before the server starts: sessions and login records are written through the store, as a host writes them.

use crate::prepared::{FACTOR, MAX_AGE};
use crate::report::progress;
use crate::server::root_keys;
use crate::story::UserSession;
use anyhow::{Context, Result, ensure};
use postlude_crypto::mac::RecordMac;
use postlude_model::action::Mode;
use postlude_model::limits;
use postlude_model::login::{FactorStanding, LoginRecord, Settled, Status, Subject, Suspension, Trace, TraceDecision};
use postlude_model::names::{
    ActionName, ClientId, Digest, FactorName, LoginId, SessionId, TenantName, Timestamp, UserId,
};
use postlude_model::run::Phase;
use postlude_model::session::{FactorRecord, Session};
use postlude_store::{
    Caps, Commit, CommitOutcome, DISK_PATIENCE, Durability, EngineKind, LoginWrite, SessionWrite, Store, StoreOptions,
};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Commits that are under way at once: enough that each sync carries many.
const WRITERS: usize = 256;
/// After so many records the progress is told; of fewer nothing is.
const TELL: usize = 100_000;

/// A store of a server that does not run, being filled.
pub(crate) struct Filling {
    store: Arc<dyn Store>,
    runtime: tokio::runtime::Runtime,
    values: Arc<Values>,
}

/// What the written records are made of.
struct Values {
    tenant: TenantName,
    digest: Digest,
    action: ActionName,
    factor: FactorName,
    client: ClientId,
    epoch: u64,
    now: Timestamp,
}

impl Filling {
    /// Opens the store of the server in this folder, for records of a tenant and of the plugin in this file.
    pub(crate) fn open(dir: &Path, tenant: &str, plugin: &Path) -> Result<Self> {
        let store = postlude_store::open(StoreOptions {
            engine: EngineKind::default(),
            data_dir: dir.join("data"),
            high_water_file: dir.join("data.high-water"),
            mac: Arc::new(Mac(RecordMac::new(root_keys(dir)?))),
            session_lifetime: limits::SESSION_LIFETIME,
            observer: Arc::new(()),
            disk_patience: DISK_PATIENCE,
        })?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_millis();
        let values = Values {
            tenant: TenantName::new(tenant)?,
            digest: postlude_crypto::mac::digest(&std::fs::read(plugin)?),
            action: ActionName::new("face")?,
            factor: FactorName::new(FACTOR)?,
            client: ClientId::new("app")?,
            epoch: store.epoch(),
            now: Timestamp(u64::try_from(now)?),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        Ok(Self { store, runtime, values: Arc::new(values) })
    }

    /// Writes sessions, each with a fresh factor.
    pub(crate) fn sessions(&self, prefix: &'static str, count: usize) -> Result<()> {
        self.each(&format!("sessions of `{prefix}`"), count, move |values, number| {
            let session = values.session(&UserSession::new(prefix, number))?;
            let sessions = vec![SessionWrite { session, expect: 0 }];
            Ok(Commit { sessions, ..values.commit() })
        })
    }

    /// Writes records of logins that continued, of users among so many.
    pub(crate) fn logins(&self, prefix: &'static str, count: usize, users: usize) -> Result<()> {
        self.each("login records", count, move |values, number| {
            let user_session = UserSession::new(prefix, number % users.max(1));
            Ok(Commit { login: Some(write(values.continued(number, &user_session)?)), ..values.commit() })
        })
    }

    /// Writes records of logins whose browser is at the prompt, each of another user.
    pub(crate) fn suspended(&self, prefix: &'static str, count: usize) -> Result<()> {
        self.each("suspended logins", count, move |values, number| {
            let user_session = UserSession::new(prefix, number);
            Ok(Commit { login: Some(write(values.suspended(number, &user_session)?)), ..values.commit() })
        })
    }

    /// Makes everything durable and lets go of the folder.
    pub(crate) fn close(self) -> Result<()> {
        Ok(self.runtime.block_on(self.store.shutdown())?)
    }

    fn each(
        &self,
        what: &str,
        count: usize,
        make: impl Fn(&Values, usize) -> Result<Commit> + Copy + Send + 'static,
    ) -> Result<()> {
        for first in (0..count).step_by(TELL) {
            let last = count.min(first + TELL);
            self.runtime.block_on(self.range(first..last, make)).with_context(|| format!("cannot write {what}"))?;
            if count >= TELL {
                progress(&format!("wrote {last} of {count} {what}"));
            }
        }
        Ok(())
    }

    async fn range(
        &self,
        range: Range<usize>,
        make: impl Fn(&Values, usize) -> Result<Commit> + Copy + Send + 'static,
    ) -> Result<()> {
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..WRITERS {
            let (store, values) = (Arc::clone(&self.store), Arc::clone(&self.values));
            let numbers = range.clone().skip(writer).step_by(WRITERS);
            writers.spawn(async move {
                for number in numbers {
                    let outcome = store.commit(make(&values, number)?).await?;
                    ensure!(outcome == CommitOutcome::Done, "a record was there already: {outcome:?}");
                }
                Ok(())
            });
        }
        while let Some(done) = writers.join_next().await {
            done??;
        }
        Ok(())
    }
}

fn write(record: LoginRecord) -> LoginWrite {
    LoginWrite {
        record,
        expect: 0,
        claim: None,
        max_open: limits::OPEN_LOGINS,
        caps: Caps { records_of_user: usize::MAX, open_of_tenant: usize::MAX, bytes_of_tenant: u64::MAX },
        bypasses: Vec::new(),
    }
}

impl Values {
    /// A commit that writes nothing yet. What is written here need not survive a crash before the store is closed.
    fn commit(&self) -> Commit {
        Commit {
            tenant: self.tenant.clone(),
            login: None,
            sessions: Vec::new(),
            check_session: None,
            orders_seen: None,
            cache: Vec::new(),
            now: self.now,
            settled: true,
            durability: Durability::Batched,
        }
    }

    /// An hour ago: when the factors were completed.
    fn completed(&self) -> Timestamp {
        Timestamp(self.now.0.saturating_sub(MAX_AGE / 24))
    }

    fn session(&self, user_session: &UserSession) -> Result<Session> {
        let mut session = Session::new(SessionId::new(&user_session.session)?, self.completed());
        session.user = Some(UserId::new(&user_session.user)?);
        session.last_used_at = self.now;
        session.factors.push(FactorRecord {
            name: self.factor.clone(),
            completed_at: self.completed(),
            digest: self.digest,
            action: self.action.clone(),
            login_id: LoginId::derived("lgn_", &format!("factor-{}", user_session.session)),
            client_id: self.client.clone(),
            uses: 0,
            last_used_at: self.completed(),
            epoch: self.epoch,
            orders_seen: Some(0),
            evidence: None,
        });
        Ok(session)
    }

    fn continued(&self, number: usize, user_session: &UserSession) -> Result<LoginRecord> {
        let (name, completed_at) = (self.factor.clone(), self.completed());
        let expires_at = completed_at.plus(Duration::from_millis(MAX_AGE));
        let settled = Settled {
            amr: vec!["pwd".to_owned(), "mfa".to_owned()],
            factors: vec![FactorStanding { name, completed_at, expires_at }],
        };
        self.record("continued", number, user_session, Status::Continued(settled), TraceDecision::Skipped)
    }

    fn suspended(&self, number: usize, user_session: &UserSession) -> Result<LoginRecord> {
        let suspension = Suspension {
            action: self.action.clone(),
            step: 0,
            expires_at: self.now.plus(limits::STATE_LIFETIME),
            location: format!("http://localhost:4000/prompt?request={}&state={}", "r".repeat(600), "s".repeat(240)),
            factor: Some(self.factor.clone()),
            stash: None,
            timed_out: 0,
        };
        let status = Status::Suspended(suspension);
        let record = self.record("suspended", number, user_session, status, TraceDecision::Redirect)?;
        Ok(LoginRecord { suspensions: 1, ..record })
    }

    fn record(
        &self,
        kind: &str,
        number: usize,
        user_session: &UserSession,
        status: Status,
        decision: TraceDecision,
    ) -> Result<LoginRecord> {
        let id = postlude_crypto::mac::sha256(format!("{kind}-{number}").as_bytes());
        let id = Digest::from_bytes(id).hex();
        let subject = Subject {
            user_id: UserId::new(&user_session.user)?,
            client_id: self.client.clone(),
            session_id: Some(SessionId::new(&user_session.session)?),
            minted: false,
            generation: 0,
            foreign: false,
        };
        Ok(LoginRecord {
            // As long, and as scattered, as the identifiers that a host derives.
            id: LoginId::derived("lgn_", id.get(..27).unwrap_or(&id)),
            body_hash: [7; 32],
            version: 0,
            subject,
            mode: Mode::Interactive,
            return_url: Some("http://localhost:3000/interaction/1".to_owned()),
            revision: 1,
            created_at: self.now,
            orders_seen: None,
            changed_at: self.now,
            deadline: self.now.plus(limits::LOGIN_LIFETIME),
            expires_at: self.now.plus(limits::RECORD_LIFETIME),
            position: 0,
            step: 1,
            suspensions: 0,
            status,
            metadata: Default::default(),
            effects: Default::default(),
            recorded: Vec::new(),
            held_metadata: Default::default(),
            policy_state: Default::default(),
            trace: vec![self.trace(decision)],
        })
    }

    fn trace(&self, decision: TraceDecision) -> Trace {
        Trace {
            action: self.action.clone(),
            version: "0.1.0".to_owned(),
            digest: self.digest,
            step: 0,
            phase: Phase::Login,
            decision,
            report_only: false,
            why: "record 1h old, policy 24h: no prompt".to_owned(),
            at: self.now,
            limit: None,
            origin: Some("http://localhost:4000".to_owned()),
            fuel: 14_000,
            memory_bytes: 1_310_720,
            host_calls: 1,
            duration_us: 20,
            waited_us: 0,
            log: Vec::new(),
            log_left_out: 0,
        }
    }
}

/// The MAC of stored records, by the root key of the folder.
#[derive(Debug)]
struct Mac(RecordMac);

impl postlude_store::RecordMac for Mac {
    fn tag(&self, bytes: &[u8]) -> [u8; 16] {
        self.0.tag(bytes)
    }

    fn verify(&self, bytes: &[u8], tag: &[u8; 16]) -> bool {
        self.0.verify(bytes, tag)
    }
}
