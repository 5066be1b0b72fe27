//! Runs untrusted plugins: compiles a component once, then calls it in a fresh instance per run, within a budget.
//!
//! ```text
//! bytes --Sandbox::load--> Plugin        checked, then compiled
//! bytes --precompile--> code --Sandbox::load_code--> Plugin    the same in two steps, the first in another process
//! RunInput --Sandbox::run--> Report      one store, one instance, one call; nothing of it is left afterwards
//! ```
//!
//! Embedding: one [`Sandbox`] per process, `load` where blocking is allowed (milliseconds to seconds, and it compiles in
//! this process: load what you trust to be compiled), `run` from any number of tasks. `examples/embed` is a whole program.
//!
//! This is the only crate that knows wasmtime. Everything that a guest observes comes from its [`RunInput`], so the same
//! input gives the same [`Report`], the duration apart.
//!
//! [`RunInput`]: postlude_model::run::RunInput
//! [`Report`]: postlude_model::run::Report

mod abi;
mod background;
mod code;
#[cfg(test)]
mod component_model;
mod digest;
mod engine;
mod engines;
mod escape;
mod frames;
mod guest_panic;
mod history;
mod host_function;
mod inspect;
mod limit_exceeded;
mod limiter;
mod load;
mod price;
mod profile;
mod profiler;
mod run;
mod sandbox;
mod state;
mod tier;
mod trap;
mod wasi;

pub use abi::function::{Function, Needs};
pub use abi::functions;
pub use background::BackgroundWork;
pub use code::{CodeError, EngineId, Vouched, precompile};
pub use engine::{DEFAULT_RUNS, EngineError, SandboxConfig};
pub use frames::{is_runtime_frame, own_frames};
pub use inspect::{Inspection, inspect, tier_of};
pub use load::error::LoadError;
pub use load::form::component as check_form;
pub use load::manifest::manifest_section;
pub use postlude_schedule::{Limits as RunLimits, Share, ShareUse, enter_background, enter_core};
pub use price::{Price, Work, call as call_fuel};
pub use profile::{FunctionCost, Profile, Stack, functions as function_costs};
pub use profiler::Profiler;
pub use run::{START_TIME, StartError};
pub use sandbox::{Plugin, Sandbox, WeakPlugin};
pub use state::event_view::granted_event;
pub use tier::Tier;
pub use wasi::{INTERFACES as WASI_INTERFACES, Interface as WasiInterface};
