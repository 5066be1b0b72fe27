//! The claim in memory: of many equal calls at the same time one runs, the others join its answer.

use crate::error::ApiError;
use futures_util::FutureExt as _;
use postlude_model::names::{LoginId, TenantName};
use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::{Instrument as _, Span};

/// Those who wait for a call's answer.
type Joined<T> = Vec<oneshot::Sender<Result<T, ApiError>>>;

/// What makes calls equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Flight {
    pub(crate) tenant: TenantName,
    pub(crate) login_id: LoginId,
    pub(crate) call: Call,
}

/// Which call about a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Call {
    /// It begins, with a body of this hash: another one is answered on its own.
    Start([u8; 32]),
    /// It goes on from this step.
    Resume(u32),
}

/// Calls under way, by what makes them equal.
type UnderWay<T> = Mutex<HashMap<Flight, Joined<T>>>;

/// Calls under way.
#[derive(Debug)]
pub(crate) struct Flights<T> {
    under_way: Arc<UnderWay<T>>,
    tasks: TaskTracker,
}

impl<T: Clone + Send + Sync + 'static> Flights<T> {
    pub(crate) fn new(tasks: TaskTracker) -> Self {
        Self { under_way: Arc::default(), tasks }
    }

    /// Runs `call`, or joins an equal one. It runs to its end even when its caller goes away: a login is never left half
    /// done because a connection broke.
    pub(crate) async fn join<F>(&self, key: Flight, call: impl FnOnce() -> F) -> Result<T, ApiError>
    where
        F: Future<Output = Result<T, ApiError>> + Send + 'static,
    {
        if let Some(landing) = self.board(&key) {
            let landed = landing.await;
            return landed.unwrap_or_else(|_| Err(panicked()));
        }
        let departed = Departed { under_way: Arc::clone(&self.under_way), key: Some(key) };
        let call = call();
        let flight = async move {
            let result = AssertUnwindSafe(call).catch_unwind().await;
            // Out of the list first: who comes now reads what was committed.
            let joined = departed.land();
            let result = result.unwrap_or_else(|_| Err(panicked()));
            joined.into_iter().for_each(|waiting| {
                // Who waited may be gone.
                let _ = waiting.send(result.clone());
            });
            result
        };
        // In the caller's own task: a task of its own would cost every login two switches between threads.
        InPlace {
            flight: Some(Box::pin(flight)),
            span: Span::current(),
            tasks: self.tasks.clone(),
            _under_way: self.tasks.token(),
        }
        .await
    }

    /// The answer of an equal call that is under way; none where the caller is the first.
    fn board(&self, key: &Flight) -> Option<oneshot::Receiver<Result<T, ApiError>>> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(joined) = under_way.get_mut(key) {
            let (sender, landing) = oneshot::channel();
            joined.push(sender);
            return Some(landing);
        }
        under_way.insert(key.clone(), Vec::new());
        None
    }
}

fn panicked() -> ApiError {
    ApiError::internal("a call ended without a result; it panicked")
}

/// Takes a call off the list, also when it is never run.
struct Departed<T> {
    under_way: Arc<UnderWay<T>>,
    /// None once it is off: from then on the key may be another call's.
    key: Option<Flight>,
}

impl<T> Departed<T> {
    fn land(mut self) -> Joined<T> {
        self.take()
    }

    fn take(&mut self) -> Joined<T> {
        let Some(key) = self.key.take() else { return Vec::new() };
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&key).unwrap_or_default()
    }
}

impl<T> Drop for Departed<T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

/// A call that runs in its caller's task, and goes on in one of its own when the caller is dropped.
struct InPlace<F: Future + Send + 'static>
where
    F::Output: Send,
{
    flight: Option<Pin<Box<F>>>,
    span: Span,
    tasks: TaskTracker,
    /// The server stops only once no call is under way.
    _under_way: TaskTrackerToken,
}

impl<F: Future + Send + 'static> Future for InPlace<F>
where
    F::Output: Send,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(flight) = &mut self.flight else { return Poll::Pending };
        let polled = flight.as_mut().poll(context);
        if polled.is_ready() {
            self.flight = None;
        }
        polled
    }
}

impl<F: Future + Send + 'static> Drop for InPlace<F>
where
    F::Output: Send,
{
    fn drop(&mut self) {
        // Without a runtime nothing can go on: the process ends.
        if let (Some(flight), Ok(runtime)) = (self.flight.take(), tokio::runtime::Handle::try_current()) {
            self.tasks.spawn_on(flight.instrument(self.span.clone()), &runtime);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn flight() -> Flight {
        let (tenant, login_id) = (TenantName::new("acme").unwrap(), LoginId::new("lgn_1").unwrap());
        Flight { tenant, login_id, call: Call::Resume(1) }
    }

    /// P51: a panic fails its own call and those that joined it, and nothing else.
    #[tokio::test]
    async fn a_call_that_panics_fails_alone() {
        let flights = Flights::<u32>::new(TaskTracker::new());
        let broken = async || -> Result<u32, ApiError> { panic!("a defect") };
        let (one, two) = tokio::join!(flights.join(flight(), broken), flights.join(flight(), broken));
        assert_eq!(one.unwrap_err().code(), "internal");
        assert_eq!(two.unwrap_err().code(), "internal");
        assert_eq!(flights.join(flight(), async || Ok(7)).await.unwrap(), 7, "the key is free again");
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
        let gone = tokio::time::timeout(std::time::Duration::from_millis(1), flights.join(flight(), slow)).await;
        assert!(gone.is_err());
        tasks.close();
        tasks.wait().await;
        assert_eq!(DONE.load(Ordering::SeqCst), 1);
    }
}
