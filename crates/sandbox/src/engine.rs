//! The one wasmtime engine: which features exist, and how large its pool is.

use crate::tier::Tier;
use postlude_schedule::Limits;
use std::num::NonZeroUsize;
use std::time::Duration;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OperatorCost, PoolingAllocationConfig, WasmBacktraceDetails,
};

/// Bytes of wasm stack; wasmtime's own default, and far more than any guest that returns at all needs.
pub const WASM_STACK_BYTES: usize = 512 << 10;
/// Bytes of the stack on which guest and host functions run: what a guest leaves over must be enough for the host's frames.
const ASYNC_STACK_BYTES: usize = WASM_STACK_BYTES + (3 << 19);
/// Bytes that one linear memory may ever have. Reserved address space, not memory: budgets say what a run really gets.
pub const MEMORY_CEILING: usize = 256 << 20;
/// Bytes of a memory that stay resident and are zeroed by hand between runs, which is faster than giving them back.
const WARM_BYTES: usize = 2 << 20;
/// Fuel between two yields to others, of a plugin that nothing is known of: the slowest loops burn a quarter of a unit in a nanosecond,
/// so 200 microseconds at most, and 3 of the densest code.
pub const YIELD_FUEL: u64 = 50_000;
/// Slots of the pool that keep what they had of an earlier run while nobody uses them: as many as plugins that are much used.
const WARM_SLOTS: u32 = 64;
/// Fuel for one page of `memory.grow`, the most that wasmtime takes; growing costs a system call and zeroed pages.
const GROW_FUEL: u8 = u8::MAX;

/// Frames of a stack that a profile sees: more than fit into [`WASM_STACK_BYTES`] in practice, interpreters included.
const FRAMES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1023);

/// What an operator may choose about a sandbox.
#[derive(Debug, Clone, Copy)]
pub struct SandboxConfig {
    /// Cores that guests compute on, each with a queue of its own.
    pub cores: usize,
    /// What runs may have. A place, 1 to 10,000 of them, reserves 16 GiB of address space, as much again once a plugin with async
    /// exports is loaded, and may keep 2 MiB resident between runs.
    pub runs: Limits,
    /// Backtraces name source lines, where a plugin has debug information. Compiling reads that then, and code that was compiled
    /// without cannot be loaded. For a developer's tools, not for a server.
    pub source_lines: bool,
}

/// What runs may have unless somebody says otherwise.
///
/// 256 places: one tenant alone gets half of them, 128 logins that wait on a slow partner at a time; idle, they cost 4 TiB of address
/// space and nothing else. A plugin gets a quarter. Two seconds: an IdP waits for a few, and repeats its call. A thousand runs of a
/// tenant: what comes on top would not get its turn within two seconds anyway.
pub const DEFAULT_RUNS: Limits =
    Limits { places: 256, plugin_places: 64, max_wait: Duration::from_secs(2), max_runs: 1000 };

impl Default for SandboxConfig {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self { cores, runs: DEFAULT_RUNS, source_lines: false }
    }
}

impl SandboxConfig {
    /// One run at a time: for a tool.
    #[must_use]
    pub fn single() -> Self {
        Self { cores: 1, ..Self::default().with_places(1) }
    }

    /// With so many places.
    #[must_use]
    pub const fn with_places(self, places: usize) -> Self {
        Self { runs: Limits { places, ..self.runs }, ..self }
    }
}

/// Why a sandbox cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The engine refuses its configuration, or cannot reserve its address space.
    #[error("the engine does not start: {0}")]
    Engine(String),
    /// The contract cannot be linked.
    #[error("the host functions do not link: {0}")]
    Link(String),
    /// No run could ever have a place.
    #[error("there are {0} places for runs, there must be 1 to 10000")]
    Places(usize),
}

impl EngineError {
    /// The contract or WASI cannot be linked.
    pub(crate) fn link(error: wasmtime::Error) -> Self {
        Self::Link(format!("{error:#}"))
    }
}

/// Which of the two engines compiles and runs a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineKind {
    /// For components whose exports are plain functions.
    Sync,
    /// For components that use the component model's async functions. Its support costs every run, and it is the youngest part
    /// of the engine: who does not ask for it does not meet it.
    Async,
}

/// Makes an engine for runs in places, and beside them one for each queue.
pub fn engine(kind: EngineKind, config: &SandboxConfig, queues: usize) -> Result<Engine, EngineError> {
    let places = config.runs.places;
    if !(1..=10_000).contains(&places) {
        return Err(EngineError::Places(places));
    }
    // Beside the runs in places, each queue does one short run at a time.
    let runs = u32::try_from(places.saturating_add(queues)).map_err(|_| EngineError::Places(places))?;
    let mut engine = settings(kind, config.source_lines);
    engine.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(runs)));
    start(&engine)
}

/// Makes an engine that only compiles: what it makes runs on [`engine`], but it reserves no address space and starts no
/// thread, so that it fits into a small process.
pub fn compiler(kind: EngineKind, source_lines: bool) -> Result<Engine, EngineError> {
    let mut engine = settings(kind, source_lines);
    engine.allocation_strategy(InstanceAllocationStrategy::OnDemand).parallel_compilation(false);
    start(&engine)
}

/// Makes an engine whose code asks the host at every check of the fuel, for [`crate::profile`]. What it compiles spends the same
/// fuel, and runs on no other engine.
pub fn profiling(kind: EngineKind) -> Result<Engine, EngineError> {
    let mut engine = settings(kind, false);
    engine
        .allocation_strategy(InstanceAllocationStrategy::OnDemand)
        .epoch_interruption(true)
        // Frames are told apart by their functions alone.
        .generate_address_map(false)
        .wasm_backtrace_max_frames(Some(FRAMES));
    start(&engine)
}

fn start(engine: &Config) -> Result<Engine, EngineError> {
    Engine::new(engine).map_err(|e| EngineError::Engine(format!("{e:#}")))
}

/// Everything that machine code depends on.
fn settings(kind: EngineKind, source_lines: bool) -> Config {
    let details = if source_lines { WasmBacktraceDetails::Enable } else { WasmBacktraceDetails::Disable };
    let mut engine = Config::new();
    features(kind, &mut engine);
    engine
        .consume_fuel(true)
        .operator_cost(costs())
        .cranelift_nan_canonicalization(true)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(ASYNC_STACK_BYTES)
        .native_unwind_info(false)
        .wasm_backtrace_details(details);
    engine
}

/// What no guest of ours needs is off; `load::features` refuses the same by name. Threads, garbage collection, exceptions and
/// stack switching are not even compiled in.
fn features(kind: EngineKind, engine: &mut Config) {
    let awaits = kind == EngineKind::Async;
    engine
        .concurrency_support(awaits)
        .wasm_component_model_async(awaits)
        // Guests may not use it, but the engine itself does where nested components call each other: it panics without.
        .wasm_multi_memory(true)
        .wasm_memory64(false)
        .wasm_relaxed_simd(false)
        .relaxed_simd_deterministic(true)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
        .shared_memory(false);
}

fn costs() -> OperatorCost {
    let mut costs = OperatorCost::new();
    costs.MemoryGrow = GROW_FUEL;
    costs.variable.memory_grow_per_page = GROW_FUEL;
    costs
}

fn pool(runs: u32) -> PoolingAllocationConfig {
    // Either tier's components run in it, and the closed one's need at least as much of everything.
    let most = Tier::ClosedWasi.limits();
    let per_run = |count: usize| runs.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX));
    let of_component = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let scan = swap_is_off();
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(runs)
        .total_stacks(runs)
        .total_core_instances(per_run(most.instances))
        .total_memories(per_run(most.memories))
        .total_tables(per_run(most.tables))
        .max_core_instances_per_component(of_component(most.instances))
        .max_memories_per_component(of_component(most.memories))
        .max_tables_per_component(of_component(most.tables))
        .max_tables_per_module(of_component(most.tables))
        .max_memories_per_module(1)
        .table_elements(most.table_elements)
        .max_memory_size(MEMORY_CEILING)
        .max_unused_warm_slots(WARM_SLOTS)
        .linear_memory_keep_resident(if scan { WARM_BYTES } else { 0 })
        .table_keep_resident(64 << 10)
        .async_stack_keep_resident(32 << 10)
        // An open report says that dirty pages which were swapped out can reach the next instance through the scan.
        .pagemap_scan(if scan { Enabled::Auto } else { Enabled::No });
    pool
}

/// Whether the host has no swap at this moment, by `/proc/swaps`: a heading, and a line per area.
fn swap_is_off() -> bool {
    std::fs::read_to_string("/proc/swaps").is_ok_and(|swaps| swaps.lines().count() <= 1)
}
