//! Single flight: of many equal calls at the same time one runs, and the others get its result.

use crate::log_context::About;
use futures_util::FutureExt as _;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// The call ended without a result: it panicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a call ended without a result; it panicked")]
pub(crate) struct Panicked;

/// The callers that wait for the result of a call.
type Waiting<T> = Vec<oneshot::Sender<Result<T, Panicked>>>;

/// The calls that run, by their key.
type Running<K, T> = Mutex<HashMap<K, Waiting<T>>>;

/// Runs one call for a key at a time. A call that began runs to its end even when its caller goes away.
pub(crate) struct SingleFlight<K, T> {
    running: Arc<Running<K, T>>,
    tasks: TaskTracker,
}

impl<K: Clone + Eq + Hash + Send + 'static, T: Clone + Send + Sync + 'static> SingleFlight<K, T> {
    /// No call runs yet. `tasks` takes the calls whose callers went away.
    pub(crate) fn new(tasks: TaskTracker) -> Self {
        Self { running: Arc::default(), tasks }
    }

    /// Runs `call`, or joins a call of the same key that runs already.
    pub(crate) async fn run<F>(&self, key: K, call: impl FnOnce() -> F) -> Result<T, Panicked>
    where
        F: Future<Output = T> + Send + 'static,
    {
        if let Some(receiver) = self.join(&key) {
            return receiver.await.unwrap_or(Err(Panicked));
        }
        let entry = Entry { running: Arc::clone(&self.running), key: Some(key) };
        let call = call();
        let call = async move {
            let result = AssertUnwindSafe(call).catch_unwind().await.map_err(|_| Panicked);
            // The entry goes first: a caller that comes now reads what was committed.
            for waiting in entry.remove() {
                // The caller that waited may be gone.
                let _ = waiting.send(result.clone());
            }
            result
        };
        // In the caller's own task: a task of its own would cost every login two switches between threads.
        InCallersTask {
            call: Some(Box::pin(call)),
            about: About::current(),
            tasks: self.tasks.clone(),
            _running: self.tasks.token(),
        }
        .await
    }

    /// The result of a call of this key that runs already; none where the caller is the first.
    fn join(&self, key: &K) -> Option<oneshot::Receiver<Result<T, Panicked>>> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = running.get_mut(key) {
            let (sender, receiver) = oneshot::channel();
            waiting.push(sender);
            return Some(receiver);
        }
        running.insert(key.clone(), Vec::new());
        None
    }
}

impl<K, T> fmt::Debug for SingleFlight<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).len();
        f.debug_struct("SingleFlight").field("running", &running).finish_non_exhaustive()
    }
}

/// The entry of a call that runs. It goes also when the call is dropped before it ends.
struct Entry<K: Eq + Hash, T> {
    running: Arc<Running<K, T>>,
    /// None once the entry is removed: from then on the key may be another call's.
    key: Option<K>,
}

impl<K: Eq + Hash, T> Entry<K, T> {
    fn remove(mut self) -> Waiting<T> {
        self.take()
    }

    fn take(&mut self) -> Waiting<T> {
        let Some(key) = self.key.take() else { return Vec::new() };
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&key).unwrap_or_default()
    }
}

impl<K: Eq + Hash, T> Drop for Entry<K, T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

/// A call that runs in its caller's task, and goes on in a task of its own when the caller is dropped.
struct InCallersTask<F: Future + Send + 'static>
where
    F::Output: Send,
{
    call: Option<Pin<Box<F>>>,
    about: About,
    tasks: TaskTracker,
    /// The host stops only once no call runs.
    _running: TaskTrackerToken,
}

impl<F: Future + Send + 'static> Future for InCallersTask<F>
where
    F::Output: Send,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(call) = &mut self.call else { return Poll::Pending };
        let polled = call.as_mut().poll(context);
        if polled.is_ready() {
            self.call = None;
        }
        polled
    }
}

impl<F: Future + Send + 'static> Drop for InCallersTask<F>
where
    F::Output: Send,
{
    fn drop(&mut self) {
        // Without a runtime nothing can go on: the process ends.
        if let (Some(call), Ok(runtime)) = (self.call.take(), tokio::runtime::Handle::try_current()) {
            self.tasks.spawn_on(self.about.clone().cover(call), &runtime);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    /// P51: a panic fails its own call and those that joined it, and nothing else.
    #[tokio::test]
    async fn a_call_that_panics_fails_alone() {
        let single_flight = SingleFlight::<u8, u32>::new(TaskTracker::new());
        let broken = async || -> u32 { panic!("a defect") };
        let (one, two) = tokio::join!(single_flight.run(1, broken), single_flight.run(1, broken));
        assert_eq!((one, two), (Err(Panicked), Err(Panicked)));
        assert_eq!(single_flight.run(1, async || 7).await, Ok(7), "the key is free again");
    }

    #[tokio::test]
    async fn equal_calls_share_one_run_and_others_have_their_own() {
        static RAN: AtomicU32 = AtomicU32::new(0);
        let single_flight = SingleFlight::<u8, u32>::new(TaskTracker::new());
        let call = async || {
            tokio::task::yield_now().await;
            RAN.fetch_add(1, Ordering::SeqCst)
        };
        let (one, two, other) =
            tokio::join!(single_flight.run(1, call), single_flight.run(1, call), single_flight.run(2, call));
        assert_eq!(one, two);
        assert_ne!(one, other);
        assert_eq!(RAN.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_call_runs_to_its_end_when_its_caller_goes_away() {
        static DONE: AtomicU32 = AtomicU32::new(0);
        let tasks = TaskTracker::new();
        let single_flight = SingleFlight::<u8, u32>::new(tasks.clone());
        let slow = async || {
            tokio::time::sleep(Duration::from_millis(20)).await;
            DONE.fetch_add(1, Ordering::SeqCst)
        };
        let gone = tokio::time::timeout(Duration::from_millis(1), single_flight.run(1, slow)).await;
        assert!(gone.is_err());
        tasks.close();
        tasks.wait().await;
        assert_eq!(DONE.load(Ordering::SeqCst), 1);
    }
}
