//! How long each step of a run takes in wasmtime.

use anyhow::{Result, anyhow};
use std::time::{Duration, Instant};

/// How long each step of a run took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Steps(pub(crate) [Duration; 4]);

/// Their names.
pub(crate) const STEPS: [&str; 4] = ["make the store", "instantiate", "call", "drop the store"];

impl Steps {
    /// Does a run step by step.
    pub(crate) fn of<S, I, O>(
        store: impl FnOnce() -> wasmtime::Result<S>,
        instantiate: impl FnOnce(&mut S) -> wasmtime::Result<I>,
        call: impl FnOnce(&I, &mut S) -> wasmtime::Result<O>,
    ) -> Result<(Self, O)> {
        let failed = |why: wasmtime::Error| anyhow!("the bare run: {why:#}");
        let began = Instant::now();
        let mut store = store().map_err(failed)?;
        let made = Instant::now();
        let instance = instantiate(&mut store).map_err(failed)?;
        let instantiated = Instant::now();
        let output = call(&instance, &mut store).map_err(failed)?;
        let called = Instant::now();
        drop(store);
        let dropped = Instant::now();
        let steps = [made - began, instantiated - made, called - instantiated, dropped - called];
        Ok((Self(steps), output))
    }
}
