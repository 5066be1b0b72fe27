//! Postlude's HTTP server: configuration, authentication, routes, and the loop that drives a pipeline.
//!
//! The path of one login: [`routes`] reads and authenticates, `logins` claims, rules and commits, `drive` runs the
//! pipeline, [`wire`] makes the answer.

mod admin;
mod auth;
pub mod clock;
pub mod codes;
mod compiling;
pub mod config;
mod drive;
pub mod error;
mod flight;
mod listen;
mod loading;
mod logins;
mod openapi;
mod orders;
mod outside;
mod own_keys;
mod pages;
mod pipelines;
mod prompt_return;
mod reload_handle;
mod routes;
mod runtime;
mod serve;
mod sessions;
mod tenant;
pub mod wire;

pub use compiling::{Compilation, CompileError, Compiler, WorkerLimits, worker as compile_worker};
pub use loading::{Loaded, load};
pub use openapi::document as openapi;
pub use runtime::Runtime;
pub use serve::{Listeners, Options, ServeError, Server};
