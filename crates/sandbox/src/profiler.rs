//! The door to profiles: an engine of its own that compiles plugins so that every check of their fuel can be seen.

use crate::abi::{self, Linked};
use crate::engine::{EngineError, profiling};
use crate::load::check;
use crate::load::error::LoadError;
use crate::profile::{Profile, profile};
use crate::state::RunState;
use postlude_model::run::RunInput;
use std::fmt;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

/// Profiles plugins, one run at a time. It is for developers: a run under it takes orders of magnitude longer.
pub struct Profiler {
    engine: Engine,
    linker: Linker<RunState>,
}

impl Profiler {
    /// Makes a profiler.
    ///
    /// # Errors
    /// When the engine does not start.
    pub fn new() -> Result<Self, EngineError> {
        let engine = profiling()?;
        let linker = abi::linker(&engine).map_err(|e| EngineError::Link(format!("{e:#}")))?;
        Ok(Self { engine, linker })
    }

    /// Checks and compiles a component, runs it once in a fresh instance, and says where its fuel went. The run's fuel, effects
    /// and decision are those of [`crate::Sandbox::run`] with the same input; the action's wall clock does not apply. Needs
    /// a tokio runtime with time enabled, and processor time: call it where blocking is allowed.
    ///
    /// # Errors
    /// As [`crate::Sandbox::load`].
    pub async fn profile(&self, bytes: &[u8], input: RunInput) -> Result<Profile, LoadError> {
        let manifest = check(bytes)?.manifest;
        let component =
            Component::from_binary(&self.engine, bytes).map_err(|e| LoadError::Compile(format!("{e:#}")))?;
        let link = |e| LoadError::Link(format!("{e:#}"));
        let plugin = Linked::new(manifest.abi, self.linker.instantiate_pre(&component).map_err(link)?).map_err(link)?;
        Ok(profile(&self.engine, &plugin, input).await)
    }
}

impl fmt::Debug for Profiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profiler").finish_non_exhaustive()
    }
}
