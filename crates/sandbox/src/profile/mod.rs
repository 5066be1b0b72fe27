//! An exact profile of one run: which function of the plugin, and which host function, spent the fuel.
//!
//! A sampling profiler guesses. Here every point at which the engine checks fuel calls the [`Recorder`]: the entry of every
//! function and the head of every loop. A run is deterministic and its fuel does not depend on how it is observed, so one run
//! is enough, its fuel is that of an unobserved run, and the same input gives the same profile.
//!
//! What is spent between two checks counts to the function of the first one: to a function without loops counts, besides its
//! own code, what its caller does between that call and the next check. Totals of a caller are not changed by this.

mod observe;
pub mod recorder;
mod table;

use crate::engine::YIELD_FUEL;
use crate::run::{self, Runnable};
use crate::state::RunState;
use crate::trap::trap;
pub use observe::observe;
use postlude_model::run::{Ending, Report, RunInput};
use postlude_schedule::RunClock;
use recorder::Recorder;
use std::sync::Arc;
use std::time::Duration;
pub use table::{FunctionCost, Stack, functions};
use tokio::time::timeout_at;
use wasmtime::{Store, UpdateDeadline};

/// Wall clock of a profiled run, in place of the action's: each check costs some microseconds.
const WALL_CLOCK: Duration = Duration::from_secs(600);

/// What a profiled run spent, and where.
#[derive(Debug, Clone)]
pub struct Profile {
    /// What came out of the run. Its duration is that of the profiler.
    pub report: Report,
    /// Every call stack that spent fuel, with what it spent itself. Their fuel together is the report's.
    pub stacks: Vec<Stack>,
    /// How often the engine checked fuel.
    pub checks: u64,
}

/// Runs a plugin once on an engine of [`crate::engine::profiling`], and records every check.
pub async fn profile(plugin: &Runnable, mut input: RunInput) -> Profile {
    Arc::make_mut(&mut input.action).spec.budget.wall_clock = WALL_CLOCK;
    let fuel = input.action.spec.budget.fuel;
    let phase = input.phase;
    let clock = Arc::new(RunClock::start(WALL_CLOCK));
    let mut state = RunState::new(Box::new(input), plugin.tier.limits(), Arc::clone(&clock));
    state.recorder = Some(Box::new(Recorder::new(fuel)));
    let mut store = Store::new(&plugin.engine, state);
    let outcome = timeout_at(clock.deadline(), async {
        run::set_limits(&mut store, fuel, Some(YIELD_FUEL))?;
        observe_checks(&mut store)?;
        plugin.linked.call(phase, &mut store).await
    })
    .await;
    let left = store.get_fuel().unwrap_or(0);
    let mut state = store.into_data();
    state.end_output();
    let recorder = state.recorder.take().map_or_else(Recorder::default, |recorder| *recorder);
    let ending = match outcome {
        Err(_elapsed) => Ending::TimedOut,
        Ok(Err(error)) => Ending::Trapped(trap(&error, &state)),
        Ok(Ok(Ok(decision))) => Ending::Decided(decision),
        Ok(Ok(Err(failure))) => Ending::Failed(failure),
    };
    let (stacks, checks) = recorder.finish(left, phase.as_str());
    let report = run::report(ending, state, fuel.saturating_sub(left), &clock);
    Profile { report, stacks, checks }
}

/// Has every check of the engine call the recorder.
fn observe_checks(store: &mut Store<RunState>) -> wasmtime::Result<()> {
    // With a yield after every unit the generated code writes its counter back at each check, so that what is read is exact.
    store.fuel_async_yield_interval(Some(1))?;
    // A deadline that has come is asked about at each check, which is right after that of the fuel.
    store.set_epoch_deadline(0);
    store.epoch_deadline_callback(|mut store| {
        observe(&mut store)?;
        Ok(UpdateDeadline::Continue(0))
    });
    Ok(())
}
