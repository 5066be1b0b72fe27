//! The one thread that writes: group commit.
//!
//! The committer takes everything that is queued, plans one commit after the other, each on top of those before it, applies them together
//! as one atomic batch, flushes and syncs once, and only then answers those that must be durable. Nothing else writes, so what a plan
//! read is still true when it is applied.

use super::changes::Changes;
use super::database::Database;
use super::high_water::{self, HighWater};
use super::job::{Answer, Job};
use super::job_queue::JobReceiver;
use super::orders_file::OrdersFile;
use super::records::failed;
use super::sync_state::{StopAtEnd, SyncState};
use super::{bypasses, commit, expiry, keys, operators, revisions, scrub};
use crate::api::{BypassOutcome, ClaimGuard, CommitOutcome, Durability, Observer, StoreError};
use crate::format::header::Header;
use postlude_model::limits;
use postlude_model::names::Timestamp;
use std::fs::File;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

/// How long a batched commit may wait for the disk.
const FLUSH_EVERY: Duration = Duration::from_millis(900);

/// Jobs that share one sync at most: enough for every connection, few enough that none waits long.
const GROUP: usize = 256;

/// The thread's own things.
#[derive(Debug)]
pub(crate) struct Committer {
    pub(crate) database: Database,
    pub(crate) header: Header,
    /// Our own handle of the database file: the engine's flush does not reach through the drive's cache.
    pub(crate) file: File,
    pub(crate) high_water: HighWater,
    pub(crate) orders_file: OrdersFile,
    pub(crate) sync_state: Arc<SyncState>,
    pub(crate) observer: Arc<dyn Observer>,
    /// Since when something applied waits for the disk.
    pub(crate) dirty_since: Option<Instant>,
}

/// An answer that waits for the disk.
type Waiting = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// What is answered once the changes of a group are where they must be.
#[derive(Default)]
struct Answers {
    /// When they are applied, so that whoever is answered also reads them.
    applied: Vec<Waiting>,
    /// When the disk has them.
    synced: Vec<Waiting>,
    /// Logins that begin: others may look for them once they are applied.
    claims: Vec<ClaimGuard>,
}

impl Committer {
    /// Makes the header of this opening durable before anything else happens, together with what else changes.
    pub(crate) fn begin(&mut self, mut changes: Changes) -> Result<(), StoreError> {
        self.database.put(&mut changes, keys::header(), &self.header)?;
        self.database.records.apply(changes)?;
        self.database.records.flush()?;
        self.file.sync_data().map_err(failed)
    }

    /// Works until it is told to stop, or the disk fails.
    pub(crate) fn run(mut self, jobs: &JobReceiver) {
        let _stop_at_end = StopAtEnd(Arc::clone(&self.sync_state));
        loop {
            let first = match jobs.recv_timeout(self.patience()) {
                Ok(job) => Some(job),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let (mut answers, mut stop) = (Answers::default(), None);
            for job in first.into_iter().chain(jobs.try_iter().take(GROUP)) {
                match job {
                    Job::Stop(answer) => stop = Some(answer),
                    job => {
                        let sync_state = Arc::clone(&self.sync_state);
                        sync_state.disk.call(|| self.apply(job, &mut answers));
                    }
                }
            }
            let sync_state = Arc::clone(&self.sync_state);
            if !sync_state.disk.call(|| self.sync_and_answer(answers, stop.is_some())) {
                return;
            }
            if let Some(answer) = stop {
                let commit = self.header.commit;
                let closed = sync_state.disk.call(|| self.high_water.write(commit)).map(|()| commit).map_err(failed);
                self.sync_state.stop(StoreError::Stopped(String::new()));
                drop(self);
                let _ = answer.send(closed);
                return;
            }
        }
        let closed = self.sync().and_then(|()| self.high_water.write(self.header.commit).map_err(failed));
        if let Err(cause) = closed {
            tracing::error!(%cause, "the last commits may not be on the disk");
        }
    }

    /// How long the thread may sleep when nobody asks for anything.
    fn patience(&self) -> Duration {
        match self.dirty_since {
            Some(since) => FLUSH_EVERY.saturating_sub(since.elapsed()),
            // Else a backup of the last second could be restored after a quiet night, and nobody would notice.
            None if self.high_water.lags(self.header.commit) => high_water::EVERY,
            None => Duration::from_secs(3600),
        }
    }

    fn next_header(&self, now: Timestamp) -> Header {
        let Header { epoch, boot, commit, at, latest } = self.header;
        // Of calls at the same time one may be a little earlier. Much earlier is a clock that was set right.
        let at = if at.since(now) > limits::CLOCK_SKEW { now } else { at.max(now) };
        Header { epoch, boot, commit: commit.saturating_add(1), at, latest: latest.max(at) }
    }

    /// A batch with this header was applied.
    fn applied(&mut self, header: Header) {
        self.sync_state.committed_at(header.at);
        self.header = header;
        self.dirty_since.get_or_insert_with(Instant::now);
    }

    /// Makes durable what must be now, and answers; false once the disk failed, and with it the store.
    fn sync_and_answer(&mut self, answers: Answers, stopping: bool) -> bool {
        let Answers { applied, synced: waiting, claims } = answers;
        if self.sync_state.why_stopped().is_none() {
            let _ = self.database.records.settle().inspect_err(|why| self.sync_state.fail(why));
        }
        drop(claims);
        let overdue = self.dirty_since.is_some_and(|since| since.elapsed() >= FLUSH_EVERY);
        let mut outcome = self.sync_state.why_stopped().map_or(Ok(()), Err);
        applied.into_iter().for_each(|answer| answer(outcome.clone()));
        if outcome.is_ok() {
            outcome = if !waiting.is_empty() || overdue || (stopping && self.dirty_since.is_some()) {
                let began = Instant::now();
                let synced = self.sync();
                self.observer.synced(waiting.len(), began.elapsed(), synced.is_err());
                synced
            } else if self.dirty_since.is_none() {
                self.high_water.raise(self.header.commit).map_err(failed)
            } else {
                return true;
            };
        }
        match &outcome {
            Ok(()) => self.sync_state.synced(),
            Err(why) => self.sync_state.fail(why),
        }
        let ok = outcome.is_ok();
        waiting.into_iter().for_each(|answer| answer(outcome.clone()));
        ok
    }

    fn apply(&mut self, job: Job, answers: &mut Answers) {
        if let Some(why) = self.sync_state.why_stopped() {
            return refuse(job, why);
        }
        match job {
            Job::Commit(commit, answer) => {
                let (synced, now) = (commit.durability == Durability::Synced, commit.now);
                answers.claims.extend(commit.login.as_ref().and_then(|write| write.claim.clone()));
                let done = commit::plan(&self.database, *commit).and_then(|plan| {
                    if plan.outcome == CommitOutcome::Done {
                        self.write(plan.changes, now, synced)?;
                    }
                    Ok(plan.outcome)
                });
                let wait = synced && matches!(done, Ok(CommitOutcome::Done));
                answer_when(done, answer, wait, answers);
            }
            Job::Revision(tenant, hash, answer) => {
                let (planned, at) = (revisions::plan_revision(&self.database, &tenant, &hash), self.header.at);
                let done = planned.and_then(|(changes, number)| self.write(changes, at, true).map(|()| number));
                let wait = done.is_ok();
                answer_when(done, answer, wait, answers);
            }
            Job::Bypass(tenant, change, (now, settled), answer) => {
                let done = bypasses::plan_change(&self.database, &tenant, change, now, settled).and_then(
                    |(changes, outcome)| {
                        if outcome == BypassOutcome::Done {
                            self.write(changes, now, true)?;
                        }
                        Ok(outcome)
                    },
                );
                let wait = matches!(done, Ok(BypassOutcome::Done));
                answer_when(done, answer, wait, answers);
            }
            Job::Orders(tenant, orders, expect, answer) => {
                let planned = operators::plan_orders(&self.database, &mut self.orders_file, &tenant, *orders, expect);
                if matches!(planned, Ok(Some(_))) {
                    // In the file already: what is committed from now on must know of them.
                    self.database.orders.changed(&tenant, expect.saturating_add(1));
                }
                self.write_planned(planned, answer, answers);
            }
            Job::Upload(tenant, upload, most, answer) => {
                let planned = operators::plan_upload(&self.database, &tenant, &upload, most);
                self.write_planned(planned, answer, answers);
            }
            Job::RemoveUpload(tenant, digest, answer) => {
                let planned = operators::plan_removal(&self.database, &tenant, &digest);
                self.write_planned(planned, answer, answers);
            }
            Job::Activate(activations, answer) => {
                let planned = revisions::plan_activations(&self.database, &activations);
                self.write_planned(planned, answer, answers);
            }
            Job::NeedRevision(tenant, number, until, answer) => {
                let (planned, at) = (revisions::plan_need(&self.database, &tenant, number, until), self.header.at);
                let done = planned.and_then(|changes| self.write(changes, at, true));
                let wait = done.is_ok();
                answer_when(done, answer, wait, answers);
            }
            upkeep => self.apply_upkeep(upkeep, answers),
        }
    }

    /// Applies a job that no call waits for.
    fn apply_upkeep(&mut self, job: Job, answers: &mut Answers) {
        match job {
            Job::SweepRevisions(now, answer) => {
                let planned = revisions::plan_sweep(&self.database, now);
                let done = planned.and_then(|(changes, gone)| self.write(changes, now, true).map(|()| gone));
                let wait = done.is_ok();
                answer_when(done, answer, wait, answers);
            }
            Job::SweepExpired(now, most, light_logins, answer) => {
                let done = expiry::plan(&self.database, now, most).and_then(|sweep| {
                    // The header keeps the clock of commits, which the light logins that go kept until now.
                    if sweep.seen > 0 || light_logins > 0 {
                        self.write(sweep.changes, now, false)?;
                    }
                    Ok(sweep.more)
                });
                answer_when(done, answer, false, answers);
            }
            Job::TagAgain(keys, answer) => {
                let (at, synced) = (self.header.at, keys.is_empty());
                let done = scrub::plan(&self.database, &keys).and_then(|(changes, count)| {
                    if count > 0 || synced {
                        self.write(changes, at, synced)?;
                    }
                    Ok(count)
                });
                let wait = synced && done.is_ok();
                answer_when(done, answer, wait, answers);
            }
            _ => {}
        }
    }

    /// Writes what was planned, durably; nothing was where an expectation did not hold.
    fn write_planned(
        &mut self,
        planned: Result<Option<Changes>, StoreError>,
        answer: Answer<bool>,
        answers: &mut Answers,
    ) {
        let at = self.header.at;
        let done = planned.and_then(|changes| match changes {
            Some(changes) => self.write(changes, at, true).map(|()| true),
            None => Ok(false),
        });
        let wait = matches!(done, Ok(true));
        answer_when(done, answer, wait, answers);
    }

    /// Changes that are one with the store's header, and with each other.
    fn write(&mut self, mut changes: Changes, now: Timestamp, synced: bool) -> Result<(), StoreError> {
        let header = self.next_header(now);
        self.database.put(&mut changes, keys::header(), &header)?;
        if synced {
            self.sync_state.pend(changes.keys());
        }
        self.database.records.stage(changes).inspect_err(|why| self.sync_state.fail(why))?;
        self.applied(header);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.database.records.settle()?;
        self.database.records.flush()?;
        self.file.sync_data().map_err(failed)?;
        self.dirty_since = None;
        self.high_water.raise(self.header.commit).map_err(failed)
    }
}

/// Answers once it is applied, or once the disk has it. Who asked may be gone; what was written stays.
fn answer_when<T: Send + 'static>(done: Result<T, StoreError>, answer: Answer<T>, wait: bool, answers: &mut Answers) {
    let queue = if wait { &mut answers.synced } else { &mut answers.applied };
    queue.push(Box::new(move |there| {
        let _ = answer.send(there.and(done));
    }));
}

fn refuse(job: Job, why: StoreError) {
    // Who asked may be gone.
    let _ = match job {
        Job::Commit(_, answer) => answer.send(Err(why)).is_ok(),
        Job::Revision(_, _, answer) => answer.send(Err(why)).is_ok(),
        Job::Bypass(_, _, _, answer) => answer.send(Err(why)).is_ok(),
        Job::Orders(.., answer) | Job::Upload(.., answer) | Job::RemoveUpload(.., answer) => {
            answer.send(Err(why)).is_ok()
        }
        Job::NeedRevision(_, _, _, answer) => answer.send(Err(why)).is_ok(),
        Job::SweepExpired(.., answer) | Job::Activate(_, answer) => answer.send(Err(why)).is_ok(),
        Job::SweepRevisions(_, answer) => answer.send(Err(why)).is_ok(),
        Job::TagAgain(_, answer) => answer.send(Err(why)).is_ok(),
        Job::Stop(answer) => answer.send(Err(why)).is_ok(),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Commit, RecordMac, SessionWrite};
    use crate::format::codec::Codec;
    use crate::login_log::LoginLog;
    use crate::sled::records::Records;
    use postlude_model::names::{SessionId, TenantName};
    use postlude_model::session::Session;
    use tokio::sync::oneshot;

    #[derive(Debug)]
    struct NoMac;

    impl RecordMac for NoMac {
        fn tag(&self, _: &[u8]) -> [u8; 16] {
            [0; 16]
        }
        fn verify(&self, _: &[u8], _: &[u8; 16]) -> bool {
            true
        }
    }

    fn committer(folder: &std::path::Path) -> Committer {
        let db = sled::Config::new().path(folder.join("db")).flush_every_ms(None).open().unwrap();
        let codec = Codec::new(Arc::new(NoMac));
        let records = Records::new(db.open_tree("records").unwrap(), codec.clone()).for_writer();
        let light_logins = LoginLog::open(folder.join("logins"), codec, Arc::new(())).unwrap();
        let light_logins = Arc::new(light_logins);
        Committer {
            database: Database::new(records, Duration::from_secs(1), Arc::new(()), light_logins),
            header: Header { epoch: 1, boot: 1, commit: 0, at: Timestamp(0), latest: Timestamp(0) },
            file: File::open(folder.join("db/db")).unwrap(),
            high_water: HighWater::open(folder.join("high-water"), Arc::new(NoMac)).unwrap(),
            orders_file: OrdersFile::read(&folder.join("high-water"), Arc::new(NoMac)).unwrap(),
            sync_state: Arc::default(),
            observer: Arc::new(()),
            dirty_since: None,
        }
    }

    fn commit(durability: Durability) -> Box<Commit> {
        let (tenant, now) = (TenantName::new("acme").unwrap(), Timestamp(5));
        let session = Session::new(SessionId::new("s").unwrap(), now);
        let sessions = vec![SessionWrite { session, expect: 0 }];
        Box::new(Commit {
            tenant,
            login: None,
            sessions,
            check_session: None,
            orders_seen: None,
            cache: Vec::new(),
            now,
            settled: true,
            durability,
        })
    }

    /// Neither the answer nor another reader is faster than the disk.
    #[tokio::test]
    async fn a_synced_commit_is_answered_and_shown_after_the_sync() {
        let folder = tempfile::tempdir().unwrap();
        let mut committer = committer(folder.path());
        let (answer, mut answered) = oneshot::channel();
        let mut answers = Answers::default();
        committer.apply(Job::Commit(commit(Durability::Synced), answer), &mut answers);
        assert!(answered.try_recv().is_err());
        let (sync_state, database) = (Arc::clone(&committer.sync_state), committer.database.clone());
        let key = keys::session(&TenantName::new("acme").unwrap(), &SessionId::new("s").unwrap());
        let mut reader = tokio::spawn(async move { sync_state.durable(&key, || database.get::<Session>(&key)).await });
        assert!(tokio::time::timeout(Duration::from_millis(50), &mut reader).await.is_err());
        assert!(committer.sync_and_answer(answers, false));
        assert_eq!(answered.await.unwrap(), Ok(CommitOutcome::Done));
        assert_eq!(reader.await.unwrap().unwrap().unwrap().version, 1);
    }

    #[tokio::test]
    async fn a_batched_commit_is_answered_at_once_and_synced_within_a_second() {
        let folder = tempfile::tempdir().unwrap();
        let mut committer = committer(folder.path());
        let (answer, answered) = oneshot::channel();
        let mut answers = Answers::default();
        committer.apply(Job::Commit(commit(Durability::Batched), answer), &mut answers);
        assert!(answers.synced.is_empty() && committer.patience() < Duration::from_secs(1));
        assert!(committer.sync_and_answer(answers, false) && committer.dirty_since.is_some());
        assert_eq!(answered.await.unwrap(), Ok(CommitOutcome::Done));
        committer.dirty_since = Instant::now().checked_sub(Duration::from_secs(1));
        assert_eq!(committer.patience(), Duration::ZERO);
        assert!(committer.sync_and_answer(Answers::default(), false) && committer.dirty_since.is_none());
    }

    /// A commit of a group sees those before it, though none is applied yet; they become durable together.
    #[tokio::test]
    async fn commits_of_a_group_build_on_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let mut committer = committer(folder.path());
        let (mut answers, mut answered) = (Answers::default(), Vec::new());
        for expect in [0, 1, 1, 2] {
            let mut commit = commit(Durability::Synced);
            commit.sessions[0].expect = expect;
            let (answer, receiver) = oneshot::channel();
            committer.apply(Job::Commit(commit, answer), &mut answers);
            answered.push(receiver);
        }
        let key = keys::session(&TenantName::new("acme").unwrap(), &SessionId::new("s").unwrap());
        assert_eq!(committer.database.records.in_tree(&key), None);
        assert!(committer.sync_and_answer(answers, false));
        let mut outcomes = Vec::new();
        for receiver in answered {
            outcomes.push(receiver.await.unwrap().unwrap());
        }
        use CommitOutcome::{Done, SessionChanged};
        assert_eq!(outcomes, [Done, Done, SessionChanged, Done]);
        assert!(committer.database.records.in_tree(&key).is_some());
        assert_eq!(committer.database.get::<Session>(&key).unwrap().unwrap().version, 3);
    }

    /// A read of a range applies what is staged. Where that fails, the commits before it are lost, and nobody is told that they are done.
    #[tokio::test]
    async fn what_was_staged_and_lost_is_not_acknowledged() {
        let folder = tempfile::tempdir().unwrap();
        let mut committer = committer(folder.path());
        let (answer, answered) = oneshot::channel();
        let mut answers = Answers::default();
        committer.apply(Job::Commit(commit(Durability::Synced), answer), &mut answers);
        committer.database.records.lose_staged(StoreError::Failed("no space".to_owned()));
        assert!(!committer.sync_and_answer(answers, false));
        let why = StoreError::Stopped(": the store failed: no space".to_owned());
        assert_eq!(answered.await.unwrap(), Err(why));
    }

    /// After a failure nothing is applied any more, and everyone hears why.
    #[tokio::test]
    async fn a_stopped_store_refuses_whatever_is_queued() {
        let folder = tempfile::tempdir().unwrap();
        let mut committer = committer(folder.path());
        committer.sync_state.fail(&StoreError::Failed("no space".to_owned()));
        let (answer, answered) = oneshot::channel();
        committer.apply(Job::Commit(commit(Durability::Synced), answer), &mut Answers::default());
        let why = StoreError::Stopped(": the store failed: no space".to_owned());
        assert_eq!(answered.await.unwrap(), Err(why));
        assert!(!committer.sync_and_answer(Answers::default(), false));
        assert_eq!(committer.database.records.keys(b"").unwrap().len(), 0);
    }
}
