//! Postlude's store: login records, sessions, revisions and plugin files, durable before the answer leaves.
//!
//! [`Store`] says what a host needs, without the ideas of any engine. [`SledStore`] is the embedded default: the only
//! place that knows sled and postcard. One thread writes: it takes what is queued, applies each commit whole, makes them
//! durable together, and only then answers those that asked for it.

mod api;
mod codec;
mod committer;
mod files;
mod high_water;
mod keys;
mod lane;
mod open;
mod shared;
mod sled_store;
mod tables;
mod values;

pub use api::{Commit, CommitOutcome, Durability, LoginWrite, OpenError, RecordMac, SessionWrite, Store, StoreError};
pub use open::SledOptions;
pub use sled_store::SledStore;
