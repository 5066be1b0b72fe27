//! One run: a store with its limits set, one instance, one call, and the report of what happened.

use crate::abi::{self, PostLoginPre, decisions};
use crate::engine::YIELD_FUEL;
use crate::state::Run;
use crate::trap::trap;
use postlude_model::limits;
use postlude_model::run::{Ending, Phase, Report, RunInput, Usage};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use wasmtime::{Engine, Store};

/// Handles of a run. The contract has no resources, so only a guest's own can count.
pub const HANDLES: usize = 64;

type Outcome = wasmtime::Result<Result<decisions::Decision, decisions::Failure>>;

/// Runs a plugin once. The wait for a free place in the pool counts to the wall clock.
pub async fn run(engine: &Engine, places: &Semaphore, plugin: &PostLoginPre<Run>, input: RunInput) -> Report {
    let started = Instant::now();
    // A wall clock that no clock can reach means none; a day is as good.
    let deadline = started.checked_add(input.action.spec.budget.wall_clock).unwrap_or_else(|| started + DAY);
    let Ok(Ok(_place)) = timeout_at(deadline, places.acquire()).await else {
        return report(Ending::Busy, Run::new(input, deadline), 0, started.elapsed());
    };
    let fuel = input.action.spec.budget.fuel;
    let mut store = Store::new(engine, Run::new(input, deadline));
    let outcome = timeout_at(deadline, call(&mut store, plugin)).await;
    let spent = fuel.saturating_sub(store.get_fuel().unwrap_or(0));
    // The instance and its memory end here, whatever happened; nothing is ever called in this store again.
    let state = store.into_data();
    let ending = match outcome {
        Err(_elapsed) => Ending::TimedOut,
        Ok(Err(error)) => Ending::Trapped(trap(&error, &state)),
        Ok(Ok(Ok(decision))) => Ending::Decided(abi::decision(decision)),
        Ok(Ok(Err(failure))) => Ending::Failed(abi::failure(failure)),
    };
    report(ending, state, spent, started.elapsed())
}

const DAY: Duration = Duration::from_secs(86_400);

async fn call(store: &mut Store<Run>, plugin: &PostLoginPre<Run>) -> Outcome {
    store.limiter(|run| &mut run.limiter);
    let fuel = store.data().input.action.spec.budget.fuel;
    store.set_fuel(fuel)?;
    store.fuel_async_yield_interval(Some(YIELD_FUEL))?;
    store.set_hostcall_fuel(limits::HOST_CALL_BYTES);
    store.set_max_component_handles(HANDLES);
    let phase = store.data().input.phase;
    let instance = plugin.instantiate_async(&mut *store).await?;
    match phase {
        Phase::Login => instance.call_on_login(&mut *store).await,
        Phase::Continue => instance.call_on_continue(&mut *store).await,
    }
}

fn report(ending: Ending, state: Run, fuel: u64, duration: Duration) -> Report {
    let usage = Usage { fuel, memory_bytes: state.limiter.memory_peak(), host_calls: state.host_calls, duration };
    Report { ending, commands: state.commands, log: state.log, http: state.http, usage }
}
