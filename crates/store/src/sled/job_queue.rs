//! What waits for the thread that writes: a queue for each tenant, taken in turn, so that one tenant's flood is its own.

use super::job::Job;
use postlude_model::names::TenantName;
use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Jobs of one tenant that may wait: four groups.
const OF_TENANT: usize = 1024;

/// How many jobs of each tenant are taken in its turn; one of a tenant that has no weight.
#[derive(Debug, Default)]
pub(crate) struct Weights(Mutex<HashMap<TenantName, u32>>);

impl Weights {
    pub(crate) fn set(&self, tenant: &TenantName, weight: u32) {
        self.weights().insert(tenant.clone(), weight.max(1));
    }

    fn of(&self, tenant: Option<&TenantName>) -> u32 {
        tenant.and_then(|tenant| self.weights().get(tenant).copied()).unwrap_or(1)
    }

    fn weights(&self) -> MutexGuard<'_, HashMap<TenantName, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end at which jobs are given in. When it goes, the other end is told.
#[derive(Debug)]
pub(crate) struct JobSender(Arc<Shared>);

/// The end of the thread that writes. When it goes, what waits is dropped, and nothing more is taken.
#[derive(Debug)]
pub(crate) struct JobReceiver(Arc<Shared>);

/// Why a job was not taken.
#[derive(Debug)]
pub(crate) enum NotTaken {
    /// Its tenant has as many as may wait.
    Full(Box<Job>),
    /// Nobody writes any more.
    Closed,
}

#[derive(Debug, Default)]
struct Shared {
    queues: Mutex<Queues>,
    came: Condvar,
    weights: Arc<Weights>,
}

#[derive(Debug, Default)]
struct Queues {
    /// None: the store's own upkeep.
    waiting: HashMap<Option<TenantName>, VecDeque<Job>>,
    /// Whose turn it is next: those that have jobs, each once.
    turns: VecDeque<Option<TenantName>>,
    /// Jobs that were taken in the turn of the first of them.
    taken: u32,
    /// To stop, once nothing else waits.
    stop: Option<Job>,
    no_senders: bool,
    no_receiver: bool,
}

/// A queue's two ends.
pub(crate) fn job_queue(weights: Arc<Weights>) -> (JobSender, JobReceiver) {
    let shared = Arc::new(Shared { weights, ..Shared::default() });
    (JobSender(Arc::clone(&shared)), JobReceiver(shared))
}

impl Shared {
    fn queues(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl JobSender {
    /// Gives a job in. Never waits.
    ///
    /// # Errors
    /// The job, where its tenant has as many as may wait.
    pub(crate) fn try_send(&self, job: Job) -> Result<(), NotTaken> {
        let mut queues = self.0.queues();
        if queues.no_receiver {
            return Err(NotTaken::Closed);
        }
        if matches!(job, Job::Stop(_)) {
            queues.stop = Some(job);
            drop(queues);
            self.0.came.notify_one();
            return Ok(());
        }
        let tenant = job.tenant().cloned();
        let waiting = queues.waiting.entry(tenant.clone()).or_default();
        if waiting.len() >= OF_TENANT {
            return Err(NotTaken::Full(Box::new(job)));
        }
        let is_first = waiting.is_empty();
        waiting.push_back(job);
        if is_first {
            queues.turns.push_back(tenant);
        }
        drop(queues);
        self.0.came.notify_one();
        Ok(())
    }
}

impl Drop for JobSender {
    fn drop(&mut self) {
        self.0.queues().no_senders = true;
        self.0.came.notify_one();
    }
}

impl JobReceiver {
    /// The job whose turn it is; where there is none it waits for one.
    pub(crate) fn recv_timeout(&self, patience: Duration) -> Result<Job, RecvTimeoutError> {
        let began = Instant::now();
        let mut queues = self.0.queues();
        loop {
            if let Some(job) = queues.next(&self.0.weights) {
                return Ok(job);
            }
            if queues.no_senders {
                return Err(RecvTimeoutError::Disconnected);
            }
            let left = patience.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Err(RecvTimeoutError::Timeout);
            }
            (queues, _) = self.0.came.wait_timeout(queues, left).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The jobs that wait, in turn, also those that come meanwhile.
    pub(crate) fn try_iter(&self) -> impl Iterator<Item = Job> + '_ {
        std::iter::from_fn(|| self.0.queues().next(&self.0.weights))
    }
}

impl Queues {
    /// The oldest job of the tenant whose turn it is: a turn has as many jobs as its tenant's weight.
    fn next(&mut self, weights: &Weights) -> Option<Job> {
        while let Some(tenant) = self.turns.pop_front() {
            let Some(waiting) = self.waiting.get_mut(&tenant) else { continue };
            let job = waiting.pop_front();
            self.taken = self.taken.saturating_add(1);
            if waiting.is_empty() {
                self.waiting.remove(&tenant);
                self.taken = 0;
            } else if self.taken < weights.of(tenant.as_ref()) {
                self.turns.push_front(tenant);
            } else {
                self.turns.push_back(tenant);
                self.taken = 0;
            }
            if job.is_some() {
                return job;
            }
        }
        self.stop.take()
    }
}

impl Drop for JobReceiver {
    fn drop(&mut self) {
        let mut queues = self.0.queues();
        queues.no_receiver = true;
        queues.turns.clear();
        let waiting = (std::mem::take(&mut queues.waiting), queues.stop.take());
        drop(queues);
        // Who asked hears that no answer comes.
        drop(waiting);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use postlude_model::names::Digest;
    use tokio::sync::oneshot;

    /// A job of a tenant, with a number.
    fn job(tenant: &str, number: u8) -> Job {
        let (answer, _) = oneshot::channel();
        Job::RemoveUpload(TenantName::new(tenant).unwrap(), Digest::from_bytes([number; 32]), answer)
    }

    fn names(receiver: &JobReceiver, most: usize) -> Vec<(String, u8)> {
        let name = |job: Job| match job {
            Job::RemoveUpload(tenant, digest, _) => (tenant.to_string(), digest.as_bytes()[0]),
            Job::Stop(_) => ("stop".to_owned(), 0),
            other => panic!("{other:?}"),
        };
        receiver.try_iter().take(most).map(name).collect()
    }

    fn of(all: &[(&str, u8)]) -> Vec<(String, u8)> {
        all.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect()
    }

    #[test]
    fn tenants_have_turns_and_each_keeps_its_order() {
        let (sender, receiver) = job_queue(Arc::default());
        for (tenant, number) in [("a", 1), ("a", 2), ("a", 3), ("b", 1), ("c", 1), ("c", 2)] {
            sender.try_send(job(tenant, number)).unwrap();
        }
        assert_eq!(names(&receiver, 4), of(&[("a", 1), ("b", 1), ("c", 1), ("a", 2)]));
        sender.try_send(job("b", 2)).unwrap();
        assert_eq!(names(&receiver, 9), of(&[("c", 2), ("a", 3), ("b", 2)]));
        assert!(matches!(receiver.recv_timeout(Duration::from_millis(1)), Err(RecvTimeoutError::Timeout)));
        assert!(receiver.0.queues().waiting.is_empty(), "a tenant that has nothing leaves nothing");
    }

    /// T04: twice the weight, twice the jobs, while both have some waiting.
    #[test]
    fn a_turn_has_as_many_jobs_as_its_tenants_weight() {
        let weights = Arc::<Weights>::default();
        let (sender, receiver) = job_queue(Arc::clone(&weights));
        weights.set(&TenantName::new("a").unwrap(), 3);
        for (tenant, number) in [("a", 1), ("a", 2), ("a", 3), ("a", 4), ("a", 5), ("b", 1), ("b", 2), ("b", 3)] {
            sender.try_send(job(tenant, number)).unwrap();
        }
        assert_eq!(names(&receiver, 5), of(&[("a", 1), ("a", 2), ("a", 3), ("b", 1), ("a", 4)]));
        // A turn that ends for want of jobs saves nothing up, and a new weight counts at once.
        assert_eq!(names(&receiver, 2), of(&[("a", 5), ("b", 2)]));
        weights.set(&TenantName::new("a").unwrap(), 1);
        weights.set(&TenantName::new("b").unwrap(), 2);
        for (tenant, number) in [("a", 6), ("a", 7), ("b", 4)] {
            sender.try_send(job(tenant, number)).unwrap();
        }
        assert_eq!(names(&receiver, 9), of(&[("b", 3), ("b", 4), ("a", 6), ("a", 7)]));
    }

    #[test]
    fn a_full_queue_is_its_tenants_alone() {
        let (sender, receiver) = job_queue(Arc::default());
        for _ in 0..OF_TENANT {
            sender.try_send(job("a", 1)).unwrap();
        }
        assert!(matches!(sender.try_send(job("a", 1)), Err(NotTaken::Full(_))));
        sender.try_send(job("b", 1)).unwrap();
        assert_eq!(names(&receiver, 2), of(&[("a", 1), ("b", 1)]));
        sender.try_send(job("a", 1)).unwrap();
    }

    /// What was asked before the end is done before the end.
    #[test]
    fn to_stop_comes_last() {
        let (sender, receiver) = job_queue(Arc::default());
        sender.try_send(job("a", 1)).unwrap();
        sender.try_send(Job::Stop(oneshot::channel().0)).unwrap();
        sender.try_send(job("a", 2)).unwrap();
        sender.try_send(job("b", 1)).unwrap();
        assert_eq!(names(&receiver, 9), of(&[("a", 1), ("b", 1), ("a", 2), ("stop", 0)]));
    }

    #[test]
    fn each_end_hears_that_the_other_one_went() {
        let (sender, receiver) = job_queue(Arc::default());
        sender.try_send(job("a", 1)).unwrap();
        drop(sender);
        assert!(receiver.recv_timeout(Duration::ZERO).is_ok(), "what was given in is done first");
        assert!(matches!(receiver.recv_timeout(Duration::from_secs(9)), Err(RecvTimeoutError::Disconnected)));

        let (sender, receiver) = job_queue(Arc::default());
        let (answer, mut answered) = oneshot::channel();
        sender.try_send(Job::Stop(answer)).unwrap();
        drop(receiver);
        assert!(answered.try_recv().is_err_and(|why| why == oneshot::error::TryRecvError::Closed));
        assert!(matches!(sender.try_send(job("a", 1)), Err(NotTaken::Closed)));
    }
}
