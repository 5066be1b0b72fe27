//! The two engines of a sandbox, each with the host functions of both tiers. What no loaded plugin needs is not made.

use crate::abi::{self, Linked};
use crate::engine::{EngineError, EngineKind, SandboxConfig, engine};
use crate::load::error::LoadError;
use crate::state::RunState;
use crate::tier::Tier;
use crate::wasi;
use postlude_model::abi::AbiVersion;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

/// The engines.
pub struct Engines {
    config: SandboxConfig,
    /// Instances beside those in places.
    queues: usize,
    sync: Arc<Linkers>,
    awaiting: Mutex<Option<Arc<Linkers>>>,
}

/// An engine and its host functions.
pub struct Linkers {
    /// The engine.
    pub engine: Engine,
    zero_wasi: Linker<RunState>,
    closed_wasi: OnceLock<Linker<RunState>>,
}

impl Engines {
    /// Makes the engine for synchronous components, with the contract's functions.
    pub fn new(config: SandboxConfig, queues: usize) -> Result<Self, EngineError> {
        let sync = Arc::new(Linkers::new(engine(EngineKind::Sync, &config, queues)?)?);
        Ok(Self { config, queues, sync, awaiting: Mutex::default() })
    }

    /// The engine for components of a kind. The one for asynchronous components is made at the first call for one, and reserves
    /// as much address space as the other.
    pub fn of(&self, kind: EngineKind) -> Result<Arc<Linkers>, EngineError> {
        if kind == EngineKind::Sync {
            return Ok(Arc::clone(&self.sync));
        }
        let mut awaiting = self.awaiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(linkers) = awaiting.as_ref() {
            return Ok(Arc::clone(linkers));
        }
        let linkers = Arc::new(Linkers::new(engine(kind, &self.config, self.queues)?)?);
        *awaiting = Some(Arc::clone(&linkers));
        Ok(linkers)
    }
}

impl Linkers {
    /// Makes the contract's host functions for an engine.
    pub fn new(engine: Engine) -> Result<Self, EngineError> {
        let zero_wasi = abi::linker(&engine).map_err(EngineError::link)?;
        Ok(Self { engine, zero_wasi, closed_wasi: OnceLock::new() })
    }

    /// Links a component to the host functions of its tier.
    pub fn link(&self, component: &Component, tier: Tier, version: AbiVersion) -> Result<Linked, LoadError> {
        let link = |e| LoadError::Link(format!("{e:#}"));
        let linker = self.linker(tier).map_err(LoadError::engine)?;
        Linked::new(version, linker.instantiate_pre(component).map_err(link)?).map_err(link)
    }

    /// The host functions of a tier. Those of WASI are made at the first call for them.
    fn linker(&self, tier: Tier) -> Result<&Linker<RunState>, EngineError> {
        match (tier, self.closed_wasi.get()) {
            (Tier::ZeroWasi | Tier::Unknown, _) => Ok(&self.zero_wasi),
            (Tier::ClosedWasi, Some(linker)) => Ok(linker),
            (Tier::ClosedWasi, None) => {
                let mut linker = self.zero_wasi.clone();
                wasi::link(&mut linker).map_err(EngineError::link)?;
                Ok(self.closed_wasi.get_or_init(|| linker))
            }
        }
    }
}
