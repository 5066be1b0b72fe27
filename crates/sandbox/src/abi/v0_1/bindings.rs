//! The contract's types as wasmtime makes them of `wit/0.1`. Of the imports only the types are used: host functions are linked
//! one by one from the contract's table, so that each call is counted and pays for its bytes.

wasmtime::component::bindgen!({ path: "../../wit/0.1", world: "post-login", exports: { default: async } });

pub use postlude::action::{cache, claims, decisions, event, http, keys, log, secrets, session, types};

/// The contract's `pairs`.
pub type Pairs = Vec<(String, String)>;
