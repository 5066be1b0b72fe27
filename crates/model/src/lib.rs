//! Postlude's domain, pure: no I/O, no async, no clock. Time is an argument and JSON values are opaque canonical text.
//!
//! With `postlude-sandbox` it is also a library for a Rust IdP that runs plugins without Postlude's server. The short way
//! is [`action::Action::granting_all`] and [`run::RunInput::on_login`], one run at a time (`examples/embed`). The whole
//! way is [`pipeline::Login`]: a login over all its actions, suspended and resumed, as values. It never waits and never
//! stores: the host asks it for the next run, feeds it the report, and keeps the [`login::LoginRecord`].
//!
//! ```text
//! Login::begin(context, record, session, event)        a login begins
//!   while let Some(input) = login.next_run()         what is due
//!     login.feed(sandbox.run(plugin, *input).await)  its report; effects are folded
//!   login.finish()                                   the record to store: suspended, or with its outcome
//! Login::resume(context, record, session, event, reply)   the browser is back
//! ```

mod named;

pub mod abi;
pub mod action;
pub mod cache;
pub mod claims;
pub mod handle;
pub mod http;
pub mod json;
pub mod keys;
pub mod limits;
pub mod login;
pub mod manifest;
pub mod names;
pub mod pipeline;
pub mod policy;
pub mod recording;
pub mod run;
pub mod session;
pub mod token;
pub mod trigger;

pub use run::decision;
