//! One run: a store with its limits set, one instance, one call, and the report of what happened.

use crate::abi::Linked;
use crate::engine::{EngineKind, YIELD_FUEL};
use crate::state::RunState;
use crate::tier::Tier;
use crate::trap::trap;
use postlude_model::action::Action;
use postlude_model::decision::{Decision, Failure};
use postlude_model::json::Json;
use postlude_model::limits;
use postlude_model::names::Timestamp;
use postlude_model::run::{Ending, Report, RunInput, Trap, Usage};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout, timeout_at};
use wasmtime::{Engine, Store};

/// A component that can be run: its engine, what it was linked to, and its tier.
#[derive(Clone)]
pub struct Runnable {
    /// The engine that its code was compiled for.
    pub engine: Engine,
    /// The component with its imports and exports.
    pub linked: Linked,
    /// What a run of it may have.
    pub tier: Tier,
    /// Whether its exports may be async functions.
    pub kind: EngineKind,
}

/// Runs a plugin once. The wait for a free place in the pool counts to the wall clock.
pub async fn run(places: &Semaphore, plugin: &Runnable, input: RunInput) -> Report {
    let tier = plugin.tier.limits();
    let started = Instant::now();
    // A wall clock that no clock can reach means none; a day is as good.
    let deadline = started.checked_add(input.action.spec.budget.wall_clock).unwrap_or_else(|| started + DAY);
    let Ok(Ok(_place)) = in_time(deadline, places.acquire()).await else {
        return report(Ending::Busy, RunState::new(input, tier, deadline), 0, [started.elapsed(); 2]);
    };
    let waited = started.elapsed();
    let fuel = input.action.spec.budget.fuel;
    let mut store = Store::new(&plugin.engine, RunState::new(input, tier, deadline));
    let outcome = in_time(deadline, call(&mut store, plugin)).await;
    let spent = fuel.saturating_sub(store.get_fuel().unwrap_or(0));
    // The instance and its memory end here, whatever happened; nothing is ever called in this store again.
    let mut state = store.into_data();
    state.end_output();
    let ending = match outcome {
        Err(_elapsed) => Ending::TimedOut,
        Ok(Err(error)) => Ending::Trapped(trap(&error, &state)),
        Ok(Ok(Ok(decision))) => Ending::Decided(decision),
        Ok(Ok(Err(failure))) => Ending::Failed(failure),
    };
    report(ending, state, spent, [waited, started.elapsed()])
}

/// A future within its time. A timer is only made for one that waits: most do not, and no timer can interrupt what computes.
pub async fn in_time<F: Future>(deadline: Instant, future: F) -> Result<F::Output, Elapsed> {
    let mut future = pin!(future);
    match poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await {
        Poll::Ready(done) => Ok(done),
        Poll::Pending => timeout_at(deadline, future).await,
    }
}

const DAY: Duration = Duration::from_secs(86_400);

async fn call(store: &mut Store<RunState>, plugin: &Runnable) -> wasmtime::Result<Result<Decision, Failure>> {
    set_limits(store)?;
    let (phase, fuel) = (store.data().input.phase, store.data().input.action.spec.budget.fuel);
    let call = plugin.linked.call(phase, store);
    match plugin.kind {
        EngineKind::Sync => call.await,
        EngineKind::Async => within_yields(fuel, call).await?,
    }
}

/// How often an async function may let others go first. Guests await what the host has ready, and need none; each takes the
/// host a microsecond or more, and the guest next to no fuel.
const YIELDS: u64 = 10_000;

/// The plugin let others go first too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the plugin yields more than {YIELDS} times instead of answering")]
struct TooManyYields;

/// A call within its yields: the engine suspends it for each, and besides for fuel and for requests.
async fn within_yields<F: Future>(fuel: u64, call: F) -> Result<F::Output, TooManyYields> {
    let mut call = pin!(call);
    let mut left = YIELDS.saturating_add(fuel / YIELD_FUEL);
    poll_fn(|cx| {
        left = left.saturating_sub(1);
        match call.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending if left == 0 => Poll::Ready(Err(TooManyYields)),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Sets the limits of a run.
pub fn set_limits(store: &mut Store<RunState>) -> wasmtime::Result<()> {
    store.limiter(|run| &mut run.limiter);
    let fuel = store.data().input.action.spec.budget.fuel;
    store.set_fuel(fuel)?;
    store.fuel_async_yield_interval(Some(YIELD_FUEL))?;
    store.set_hostcall_fuel(limits::HOST_CALL_BYTES);
    let handles = store.data().tier.handles;
    store.set_max_component_handles(handles);
    Ok(())
}

/// How long a plugin may take to start when it is tried, and how long a free place is waited for. Real ones need microseconds;
/// a busy machine must not make an honest plugin look broken.
pub const START_TIME: Duration = Duration::from_secs(10);

/// What the clock shows to a plugin that is tried: 2026-01-01. Not zero: Go's runtime takes a clock at zero for a broken one, and ends.
const TRIED_AT: Timestamp = Timestamp(1_767_225_600_000);

/// Why a plugin that was tried did not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The plugin trapped, or spent its budget.
    #[error("the plugin does not start: {}", .0.message)]
    Trapped(Trap),
    /// The plugin took too long.
    #[error("the plugin does not start within {} seconds", START_TIME.as_secs())]
    TimedOut,
    /// No place to run came free: the host is busy, and nothing was tried.
    #[error("the plugin could not be tried, no place to run came free within {} seconds; try again", START_TIME.as_secs())]
    Busy,
}

/// Instantiates a plugin and calls nothing.
pub async fn start(places: &Semaphore, plugin: &Runnable, action: Arc<Action>) -> Result<Usage, StartError> {
    let Ok(Ok(_place)) = timeout(START_TIME, places.acquire()).await else { return Err(StartError::Busy) };
    let (started, fuel) = (Instant::now(), action.spec.budget.fuel);
    // A plugin that looks around while it starts finds an empty login.
    let empty = RunInput::on_login(action, Json::object(), TRIED_AT);
    let mut store = Store::new(&plugin.engine, RunState::new(empty, plugin.tier.limits(), started + START_TIME));
    let instantiate = async {
        set_limits(&mut store)?;
        plugin.linked.instantiate(&mut store).await
    };
    let outcome = timeout(START_TIME, instantiate).await;
    let spent = fuel.saturating_sub(store.get_fuel().unwrap_or(0));
    let state = store.into_data();
    match outcome {
        Err(_elapsed) => Err(StartError::TimedOut),
        Ok(Err(error)) => Err(StartError::Trapped(trap(&error, &state))),
        Ok(Ok(())) => Ok(report(Ending::Busy, state, spent, [Duration::ZERO, started.elapsed()]).usage),
    }
}

/// The report of a run that ended.
pub fn report(ending: Ending, state: RunState, fuel: u64, [waited, duration]: [Duration; 2]) -> Report {
    let memory_bytes = state.limiter.memory_peak();
    let usage = Usage { fuel, memory_bytes, host_calls: state.host_calls, waited, duration };
    Report { ending, commands: state.commands, log: state.log, http: state.http, usage }
}
