//! The claim in memory: of many equal calls at the same time one runs, the others join its answer.

use crate::error::ApiError;
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

type Landing<T> = Option<Result<T, ApiError>>;

/// Calls under way, by what makes them equal.
#[derive(Debug)]
pub(crate) struct Flights<T> {
    under_way: Arc<Mutex<HashMap<String, watch::Receiver<Landing<T>>>>>,
    tasks: TaskTracker,
}

impl<T: Clone + Send + Sync + 'static> Flights<T> {
    pub(crate) fn new(tasks: TaskTracker) -> Self {
        Self { under_way: Arc::default(), tasks }
    }

    /// Runs `call`, or joins an equal one. It runs to its end even when its caller goes away: a login is never left half
    /// done because a connection broke.
    pub(crate) async fn join<F>(&self, key: String, call: impl FnOnce() -> F) -> Result<T, ApiError>
    where
        F: Future<Output = Result<T, ApiError>> + Send + 'static,
    {
        let mut landing = self.board(key, call);
        let landed = landing.wait_for(Option::is_some).await;
        match landed {
            Ok(result) => result.clone().unwrap_or_else(|| Err(ApiError::internal("a call landed without a result"))),
            Err(_) => Err(ApiError::internal("a call ended without a result; its task panicked")),
        }
    }

    fn board<F>(&self, key: String, call: impl FnOnce() -> F) -> watch::Receiver<Landing<T>>
    where
        F: Future<Output = Result<T, ApiError>> + Send + 'static,
    {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(landing) = under_way.get(&key) {
            return landing.clone();
        }
        let (sender, landing) = watch::channel(None);
        under_way.insert(key.clone(), landing.clone());
        let guard = Departed { under_way: Arc::clone(&self.under_way), key };
        let call = tracing::Instrument::in_current_span(call());
        self.tasks.spawn(async move {
            let guard = guard;
            let result = call.await;
            // Out of the list first: who comes now reads what was committed.
            drop(guard);
            sender.send_replace(Some(result));
        });
        landing
    }
}

/// Takes a call off the list, also when its task panics.
struct Departed<T> {
    under_way: Arc<Mutex<HashMap<String, watch::Receiver<Landing<T>>>>>,
    key: String,
}

impl<T> Drop for Departed<T> {
    fn drop(&mut self) {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// P51: a panic fails its own call and those that joined it, and nothing else.
    #[tokio::test]
    async fn a_call_that_panics_fails_alone() {
        let flights = Flights::<u32>::new(TaskTracker::new());
        let broken = async || -> Result<u32, ApiError> { panic!("a defect") };
        let (one, two) = tokio::join!(flights.join("k".to_owned(), broken), flights.join("k".to_owned(), broken));
        assert_eq!(one.unwrap_err().code(), "internal");
        assert_eq!(two.unwrap_err().code(), "internal");
        assert_eq!(flights.join("k".to_owned(), async || Ok(7)).await.unwrap(), 7, "the key is free again");
    }

    #[tokio::test]
    async fn a_call_runs_to_its_end_when_its_caller_goes_away() {
        static DONE: AtomicU32 = AtomicU32::new(0);
        let tasks = TaskTracker::new();
        let flights = Flights::<u32>::new(tasks.clone());
        let slow = async || {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            DONE.fetch_add(1, Ordering::SeqCst);
            Ok(1)
        };
        let gone = tokio::time::timeout(std::time::Duration::from_millis(1), flights.join("k".to_owned(), slow)).await;
        assert!(gone.is_err());
        tasks.close();
        tasks.wait().await;
        assert_eq!(DONE.load(Ordering::SeqCst), 1);
    }
}
