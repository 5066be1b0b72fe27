//! The door to profiles: engines of its own that compile plugins so that every check of their fuel can be seen.

use crate::engine::{EngineError, EngineKind, profiling};
use crate::engines::Linkers;
use crate::load::error::LoadError;
use crate::load::{Checked, check};
use crate::profile::{Profile, profile};
use crate::run::Runnable;
use postlude_model::run::RunInput;
use std::fmt;
use std::sync::Arc;
use wasmtime::component::Component;

/// Profiles plugins, one run at a time. It is for developers: a run under it takes orders of magnitude longer.
pub struct Profiler {
    sync: Linkers,
    awaiting: Linkers,
}

impl Profiler {
    /// Makes a profiler.
    ///
    /// # Errors
    /// When the engine does not start.
    pub fn new() -> Result<Self, EngineError> {
        let linkers = |kind| Linkers::new(profiling(kind)?);
        Ok(Self { sync: linkers(EngineKind::Sync)?, awaiting: linkers(EngineKind::Async)? })
    }

    /// Checks and compiles a component, runs it once in a fresh instance, and says where its fuel went. The run's fuel, effects
    /// and decision are those of [`crate::Sandbox::run`] with the same input; the action's wall clock does not apply. Needs
    /// a tokio runtime with time enabled, and processor time: call it where blocking is allowed.
    ///
    /// # Errors
    /// As [`crate::Sandbox::load`].
    pub async fn profile(&self, bytes: &[u8], input: RunInput) -> Result<Profile, LoadError> {
        let Checked { manifest, tier, engine, .. } = check(bytes)?;
        let linkers = match engine {
            EngineKind::Sync => &self.sync,
            EngineKind::Async => &self.awaiting,
        };
        let component =
            Component::from_binary(&linkers.engine, bytes).map_err(|e| LoadError::Compile(format!("{e:#}")))?;
        let linked = linkers.link(&component, tier, manifest.abi)?;
        let (engine, kind) = (linkers.engine.clone(), engine);
        Ok(profile(&Runnable { engine, linked, tier, kind, waits: true, history: Arc::default() }, input).await)
    }
}

impl fmt::Debug for Profiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profiler").finish_non_exhaustive()
    }
}
