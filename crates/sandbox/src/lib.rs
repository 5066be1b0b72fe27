//! Runs untrusted plugins: compiles a component once, then calls it in a fresh instance per run, within a budget.
//!
//! ```text
//! bytes --Sandbox::load--> Plugin        checked, then compiled
//! RunInput --Sandbox::run--> Report      one store, one instance, one call; nothing of it is left afterwards
//! ```
//!
//! This is the only crate that knows wasmtime. Everything that a guest observes comes from its [`RunInput`], so the same
//! input gives the same [`Report`], the duration apart.
//!
//! [`RunInput`]: postlude_model::run::RunInput
//! [`Report`]: postlude_model::run::Report

mod abi;
mod engine;
mod host;
mod limiter;
mod load;
mod run;
mod sandbox;
mod state;
mod trap;

pub use engine::{EngineError, SandboxConfig};
pub use load::error::LoadError;
pub use load::manifest::manifest_section;
pub use run::{START_TIME, StartError};
pub use sandbox::{Plugin, Sandbox, WeakPlugin};
