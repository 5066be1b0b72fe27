//! wasmtime itself on the same component, with the sandbox's engine configuration: nothing around it, or with a limiter alone.

use crate::prepared::SETTINGS;
use crate::steps::Steps;
use anyhow::{Result, anyhow, ensure};
use postlude_model::abi::AbiVersion;
use wasmtime::component::{Component, Linker};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OperatorCost, PoolingAllocationConfig, ResourceLimiter, Store,
};

mod on_fibers {
    wasmtime::component::bindgen!({ path: "../../wit/0.1", world: "post-login", exports: { default: async } });
}

mod in_caller {
    wasmtime::component::bindgen!({ path: "../../wit/0.1", world: "post-login" });
}

/// Fuel of a run, as the sandbox gives.
const FUEL: u64 = 50_000_000;
/// Memory of a limited run in bytes, and what its host calls may hand over, as the sandbox gives.
const MEMORY: usize = 16 << 20;
const HOST_CALL_BYTES: usize = 1 << 20;

/// An engine with one component.
pub(crate) struct Bare {
    engine: Engine,
    on_fibers: on_fibers::PostLoginPre<Memory>,
    in_caller: in_caller::PostLoginPre<Memory>,
}

/// Counts the memory of one run.
#[derive(Debug, Default)]
pub(crate) struct Memory(usize);

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.0 = self.0.saturating_add(desired.saturating_sub(current));
        Ok(self.0 <= MEMORY)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= 20_000)
    }
}

impl Bare {
    /// Compiles a component that calls nothing but `login.settings` in its `on-login`.
    pub(crate) fn new(component: &[u8]) -> Result<Self> {
        Self::compiled(component).map_err(|why| anyhow!("the bare engine: {why:#}"))
    }

    fn compiled(component: &[u8]) -> wasmtime::Result<Self> {
        let engine = engine()?;
        let component = Component::from_binary(&engine, component)?;
        let mut linker = Linker::<Memory>::new(&engine);
        linker
            .instance(&AbiVersion::V0_1.import("login"))?
            .func_wrap("settings", |_, ()| Ok((SETTINGS.to_owned(),)))?;
        linker.define_unknown_imports_as_traps(&component)?;
        let on_fibers = on_fibers::PostLoginPre::new(linker.instantiate_pre(&component)?)?;
        let in_caller = in_caller::PostLoginPre::new(linker.instantiate_pre(&component)?)?;
        Ok(Self { engine, on_fibers, in_caller })
    }

    /// One run in a fresh instance, on a fiber.
    pub(crate) async fn run(&self) -> Result<()> {
        redirected(self.on_a_fiber().await)
    }

    /// One run in a fresh instance with its limiter, on the stack of the caller, which it holds up until the end.
    pub(crate) fn run_limited(&self) -> Result<()> {
        redirected(self.in_its_caller())
    }

    async fn on_a_fiber(&self) -> wasmtime::Result<bool> {
        use on_fibers::postlude::action::decisions::Decision;
        let mut store = Store::new(&self.engine, Memory::default());
        store.set_fuel(FUEL)?;
        store.fuel_async_yield_interval(Some(1_000_000))?;
        let instance = self.on_fibers.instantiate_async(&mut store).await?;
        let decision = instance.call_on_login(&mut store).await?;
        Ok(matches!(decision, Ok(Decision::Redirect(_))))
    }

    /// How long each step of such a run takes.
    pub(crate) fn steps(&self) -> Result<Steps> {
        let (steps, ran) = Steps::of(
            || limited(&self.engine),
            |store| self.in_caller.instantiate(store),
            |instance, store| instance.call_on_login(store),
        )?;
        ensure!(ran.is_ok(), "the plugin failed: {ran:?}");
        Ok(steps)
    }

    fn in_its_caller(&self) -> wasmtime::Result<bool> {
        use in_caller::postlude::action::decisions::Decision;
        let mut store = limited(&self.engine)?;
        let instance = self.in_caller.instantiate(&mut store)?;
        let decision = instance.call_on_login(&mut store)?;
        Ok(matches!(decision, Ok(Decision::Redirect(_))))
    }
}

/// A store with the limits of a run.
pub(crate) fn limited(engine: &Engine) -> wasmtime::Result<Store<Memory>> {
    let mut store = Store::new(engine, Memory::default());
    store.set_fuel(FUEL)?;
    store.set_hostcall_fuel(HOST_CALL_BYTES);
    store.limiter(|memory| memory);
    Ok(store)
}

fn redirected(ran: wasmtime::Result<bool>) -> Result<()> {
    let redirected = ran.map_err(|why| anyhow!("the bare run: {why:#}"))?;
    ensure!(redirected, "the plugin answered something else");
    Ok(())
}

/// What `crates/sandbox/src/engine.rs` sets that a run feels: fuel, the pool and what of it stays warm.
pub(crate) fn engine() -> wasmtime::Result<Engine> {
    let mut costs = OperatorCost::new();
    costs.MemoryGrow = u8::MAX;
    costs.variable.memory_grow_per_page = u8::MAX;
    let swap_is_off = std::fs::read_to_string("/proc/swaps").is_ok_and(|swaps| swaps.lines().count() <= 1);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(64)
        .total_stacks(64)
        .total_core_instances(64 * 20)
        .total_memories(64 * 4)
        .total_tables(64 * 8)
        .max_memory_size(256 << 20)
        .table_elements(20_000)
        .linear_memory_keep_resident(if swap_is_off { 2 << 20 } else { 0 })
        .table_keep_resident(64 << 10)
        .async_stack_keep_resident(32 << 10)
        .pagemap_scan(if swap_is_off { Enabled::Auto } else { Enabled::No });
    let mut config = Config::new();
    config
        .concurrency_support(false)
        .wasm_component_model_async(false)
        .consume_fuel(true)
        .operator_cost(costs)
        .cranelift_nan_canonicalization(true)
        .max_wasm_stack(512 << 10)
        .async_stack_size((512 << 10) + (3 << 19))
        .native_unwind_info(false)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config)
}
