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
