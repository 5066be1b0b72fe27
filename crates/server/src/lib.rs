//! Postlude's HTTP server: an adapter between HTTP and a [`postlude_host::Host`]. Every route is in `router.rs`; a route's handler is found
//! from its URL below `routes/`; the layers around all of them are in `middleware/`; the errors of a host become answers in `error.rs`.

mod app;
mod auth;
mod body;
mod codes;
mod cores;
mod error;
mod listen;
mod metrics;
mod middleware;
mod openapi;
mod pages;
mod public_routes;
mod router;
mod routes;
mod serve;
mod wire;

pub use codes::ErrorCode;
pub use middleware::trace_context;
pub use openapi::document as openapi;
pub use serve::{Listeners, ServeError, Server};
