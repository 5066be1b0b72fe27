//! Postlude's HTTP server: configuration, authentication, routes, and the loop that drives a pipeline.
//!
//! The path of one login: [`routes`] reads and authenticates, `logins` claims, rules and commits, `drive` runs the
//! pipeline, [`wire`] makes the answer.

mod admin;
mod auth;
pub mod clock;
pub mod config;
mod drive;
pub mod error;
mod events;
mod flight;
mod listen;
mod loading;
mod logins;
mod metrics;
mod pages;
mod pipelines;
mod prompt_return;
mod routes;
mod runtime;
mod serve;
mod sessions;
mod sight;
mod tenant;
pub mod trace_context;
pub mod wire;

pub use loading::{Loaded, load};
pub use runtime::Runtime;
pub use serve::{Listeners, Options, ServeError, Server};
