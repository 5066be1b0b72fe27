//! Postlude's store: login records, sessions, revisions and plugin files, durable before the answer leaves.
//!
//! [`Store`] says what a host needs, without the ideas of any engine. [`SledStore`] is the embedded default: the only
//! place that knows sled and postcard. One thread writes: it takes what is queued, applies each commit whole, makes them
//! durable together, and only then answers those that asked for it.

mod admin;
mod api;
mod bypasses;
mod codec;
mod committer;
mod files;
mod high_water;
mod keys;
mod known;
mod lane;
mod memory;
mod open;
mod revisions;
mod shared;
mod sled_store;
mod tables;
mod values;

pub use api::{
    Begun, BypassChange, BypassOutcome, Commit, CommitOutcome, Durability, LoginWrite, Observer, OpenError, Page,
    RecordMac, SessionWrite, Store, StoreError, Upload,
};
pub use lane::Claim;
pub use open::SledOptions;
pub use sled_store::SledStore;
