//! One run: a store with its limits set, one instance, one call, and the report of what happened.
//!
//! A short run is a job, done on the thread's own stack with the others that are due. What spends its [`History::job_fuel`] there is run
//! again from the beginning on a stack of its own, as are plugins that may wait: a run is deterministic, and what it did is in its
//! store alone, so nobody can tell.

use crate::abi::Linked;
use crate::background::Background;
use crate::engine::{EngineKind, YIELD_FUEL};
use crate::history::History;
use crate::state::RunState;
use crate::tier::Tier;
use crate::trap::trap;
use postlude_model::action::Action;
use postlude_model::decision::{Decision, Failure};
use postlude_model::json::Json;
use postlude_model::limits;
use postlude_model::names::Timestamp;
use postlude_model::run::{Ending, Log, Report, RunInput, Trap, Usage, keep_secrets};
use postlude_schedule::{Admitted, Job, Lane, Late, RunClock, Scheduler, Share};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};
use wasmtime::{Engine, Store, Trap as Code};

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
    /// Whether it imports a function that may wait.
    pub waits: bool,
    /// How its runs went lately.
    pub history: Arc<History>,
}

/// What gives runs their turns, and the threads for those that wait behind others.
#[derive(Debug)]
pub struct Runner {
    pub scheduler: Arc<Scheduler<Short>>,
    pub background: Background,
}

/// A run as a job.
pub struct Short {
    plugin: Arc<Runnable>,
    // In a box: a job is handed on several times.
    input: Box<RunInput>,
    clock: Arc<RunClock>,
}

/// What a job came to.
pub enum Tried {
    /// The run ended.
    Ended(Box<Report>),
    /// It spent its slice. Nothing of it is left.
    Long(Box<RunInput>),
}

impl Job for Short {
    type Output = Tried;

    fn run(self) -> Tried {
        let Self { plugin, input, clock } = self;
        // The clock does not know yet how long the job waited for its turn.
        let (began, phase, budget) = (Instant::now(), input.phase, input.action.spec.budget.fuel);
        let slice = budget.min(plugin.history.job_fuel());
        let mut store = Store::new(&plugin.engine, RunState::new(input, plugin.tier.limits(), Arc::clone(&clock)));
        let outcome = set_limits(&mut store, slice, None).and_then(|()| plugin.linked.call_here(phase, &mut store));
        if slice < budget && outcome.as_ref().is_err_and(|error| error.downcast_ref() == Some(&Code::OutOfFuel)) {
            return Tried::Long(store.into_data().input);
        }
        let mut report = ended(store, slice, Ok(outcome), &clock);
        report.usage.duration = began.elapsed();
        Tried::Ended(Box::new(report))
    }
}

/// Runs a plugin once.
pub async fn run(runner: &Runner, share: &Share, plugin: &Arc<Runnable>, mut input: Box<RunInput>) -> Report {
    let scheduler = &runner.scheduler;
    let clock = Arc::new(RunClock::start(input.action.spec.budget.wall_clock));
    let Ok(admitted) = scheduler.admit(share) else { return not_run(&clock) };
    let history = &plugin.history;
    let lane = if history.spent_lately(&clock) { Lane::Behind } else { Lane::Usual };
    if plugin.kind == EngineKind::Sync && !plugin.waits && !history.was_long_lately(&clock) {
        let short = Short { plugin: Arc::clone(plugin), input, clock: Arc::clone(&clock) };
        match admitted.job(lane, &clock, short).await {
            Ok(Tried::Ended(mut report)) => {
                report.usage.waited = clock.waited();
                return history.noted(*report, &clock);
            }
            Ok(Tried::Long(back)) => {
                history.note_long(&clock);
                input = back;
            }
            Err(_) => return not_run(&clock),
        }
    }
    // In a box: short runs need no room for it.
    let report = if lane == Lane::Behind && runner.background.is_there() {
        let run = in_background(Arc::clone(scheduler), share.clone(), Arc::clone(plugin), input, Arc::clone(&clock));
        Box::pin(runner.background.run(run)).await.unwrap_or_else(|| not_run(&clock))
    } else {
        Box::pin(on_own_stack(&admitted, lane, plugin, input, &clock)).await
    };
    history.noted(report, &clock)
}

/// The same as [`on_own_stack`], on whatever thread it is polled; who spawns it was let in and waits for it.
async fn in_background(
    scheduler: Arc<Scheduler<Short>>,
    share: Share,
    plugin: Arc<Runnable>,
    input: Box<RunInput>,
    clock: Arc<RunClock>,
) -> Report {
    on_own_stack(&scheduler.go_on(&share), Lane::Behind, &plugin, input, &clock).await
}

/// Runs a plugin on a stack of its own, slice by slice, in a place.
async fn on_own_stack(
    admitted: &Admitted<'_, Short>,
    lane: Lane,
    plugin: &Runnable,
    input: Box<RunInput>,
    clock: &Arc<RunClock>,
) -> Report {
    let Ok(_place) = admitted.place(plugin.history.number(), clock).await else {
        return not_run(clock);
    };
    let fuel = input.action.spec.budget.fuel;
    let mut store = Store::new(&plugin.engine, RunState::new(input, plugin.tier.limits(), Arc::clone(clock)));
    let outcome = admitted.slices(lane, clock, call(&mut store, plugin)).await;
    ended(store, fuel, outcome, clock)
}

/// The report of a run that got no turn in time.
fn not_run(clock: &RunClock) -> Report {
    let usage = Usage { waited: clock.waited(), ..Usage::default() };
    Report { ending: Ending::Busy, commands: Vec::new(), log: Log::default(), http: Vec::new(), usage }
}

type Outcome = wasmtime::Result<Result<Decision, Failure>>;

/// The report of a run that began with so much fuel.
fn ended(store: Store<RunState>, fuel: u64, outcome: Result<Outcome, Late>, clock: &RunClock) -> Report {
    let spent = fuel.saturating_sub(store.get_fuel().unwrap_or(0));
    // The instance and its memory end here, whatever happened; nothing is ever called in this store again.
    let mut state = store.into_data();
    state.end_output();
    let ending = match outcome {
        Err(Late::TimedOut) => Ending::TimedOut,
        Err(Late::Full | Late::Waited) => Ending::Busy,
        Ok(Err(error)) => Ending::Trapped(trap(&error, &state)),
        Ok(Ok(Ok(decision))) => Ending::Decided(decision),
        Ok(Ok(Err(failure))) => Ending::Failed(failure),
    };
    report(ending, state, spent, clock)
}

async fn call(store: &mut Store<RunState>, plugin: &Runnable) -> Outcome {
    let (phase, fuel) = (store.data().input.phase, store.data().input.action.spec.budget.fuel);
    set_limits(store, fuel, Some(plugin.history.slice_fuel()))?;
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

/// Sets the limits of a run: with this much fuel, and a yield to others after so much of it, where it can yield.
pub fn set_limits(store: &mut Store<RunState>, fuel: u64, yield_fuel: Option<u64>) -> wasmtime::Result<()> {
    store.limiter(|run| &mut run.limiter);
    store.set_fuel(fuel)?;
    if yield_fuel.is_some() {
        store.fuel_async_yield_interval(yield_fuel)?;
    }
    store.set_hostcall_fuel(limits::HOST_CALL_BYTES);
    let handles = store.data().tier.handles;
    store.set_max_component_handles(handles);
    Ok(())
}

/// How long a plugin may take to start when it is tried, and how long its turns are waited for. Real ones need microseconds;
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
    /// The plugin got no turn: the host is busy, and nothing was tried.
    #[error("the plugin could not be tried, the host had no time for it within {} seconds; try again", START_TIME.as_secs())]
    Busy,
}

/// Instantiates a plugin and calls nothing.
pub async fn start(
    scheduler: &Scheduler<Short>,
    share: &Share,
    plugin: &Runnable,
    action: Arc<Action>,
) -> Result<Usage, StartError> {
    let clock = Arc::new(RunClock::start(START_TIME));
    let admitted = scheduler.admit(share).map_err(|_| StartError::Busy)?;
    let _place = admitted.place(plugin.history.number(), &clock).await.map_err(|_| StartError::Busy)?;
    let fuel = action.spec.budget.fuel;
    // A plugin that looks around while it starts finds an empty login.
    let empty = Box::new(RunInput::on_login(action, Json::object(), TRIED_AT));
    let mut store = Store::new(&plugin.engine, RunState::new(empty, plugin.tier.limits(), Arc::clone(&clock)));
    let instantiate = async {
        set_limits(&mut store, fuel, Some(YIELD_FUEL))?;
        plugin.linked.instantiate(&mut store).await
    };
    let outcome = admitted.slices(Lane::Usual, &clock, instantiate).await;
    let spent = fuel.saturating_sub(store.get_fuel().unwrap_or(0));
    let state = store.into_data();
    match outcome {
        Err(Late::TimedOut) => Err(StartError::TimedOut),
        Err(Late::Full | Late::Waited) => Err(StartError::Busy),
        Ok(Err(error)) => Err(StartError::Trapped(trap(&error, &state))),
        Ok(Ok(())) => Ok(report(Ending::Busy, state, spent, &clock).usage),
    }
}

/// The report of a run that ended, without the secrets of its action.
pub fn report(ending: Ending, state: RunState, fuel: u64, clock: &RunClock) -> Report {
    let memory_bytes = state.limiter.memory_peak();
    let (waited, duration) = (clock.waited(), clock.took());
    let usage = Usage { fuel, memory_bytes, host_calls: state.host_calls, waited, duration };
    let mut report = Report { ending, commands: state.commands, log: state.log, http: state.http, usage };
    keep_secrets(&mut report, &state.input.action);
    report
}
