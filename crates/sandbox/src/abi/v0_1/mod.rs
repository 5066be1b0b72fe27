//! The contract `wit/0.1`: a file for each of its interfaces, and the table of all functions.
//!
//! The host functions read the run's input and push commands and log lines. `http` alone asks the world, and `keys` where public
//! keys are kept somewhere else.

mod bindings;
mod cache;
mod claims;
mod clock;
mod contract;
mod decisions;
mod event;
mod exports;
mod http;
mod keys;
mod log;
mod login;
mod random;
mod redirect;
mod reply;
mod secrets;
mod session;
mod types;
mod user;
mod value;
mod weight;

pub use contract::{FUNCTIONS, TYPE_INTERFACES, link};
pub use decisions::EXPORT_RESULT;
pub use exports::Exports;
