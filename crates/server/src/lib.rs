//! Postlude's HTTP server: configuration, authentication, routes, and the loop that drives a pipeline.
//!
//! The path of one login: [`routes`] reads and authenticates, `logins` claims, rules and commits, `drive` runs the
//! pipeline, [`wire`] makes the answer.

mod admin;
mod around;
mod auth;
pub mod clock;
pub mod codes;
mod compiling;
pub mod config;
mod drive;
mod earlier;
pub mod error;
mod events;
mod flight;
mod listen;
mod loading;
mod logins;
mod metrics;
mod openapi;
mod orders;
mod outside;
mod own_keys;
mod pages;
mod pipelines;
mod prompt_return;
mod reloading;
mod routes;
mod runtime;
mod serve;
mod sessions;
mod sight;
mod tenant;
mod tidying;
pub mod trace_context;
pub mod wire;

pub use compiling::{Compilation, CompileError, Compiler, WorkerLimits, worker as compile_worker};
pub use loading::{Loaded, load};
pub use openapi::document as openapi;
pub use postlude_store::EngineKind;
pub use reloading::{
    ActionChange, LastReload, Outcome, Refused, ReloadStatus, Reloaded, SETTLE_TIME, TenantChange, Trigger,
};
pub use runtime::Runtime;
pub use serve::{Listeners, Options, Reloader, ServeError, Server};
