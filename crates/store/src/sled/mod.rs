//! The embedded engine: sled, in a folder of this machine, for one process.
//!
//! One thread writes ([`committer`]): it takes what is queued, applies each commit whole, makes them durable together, and
//! only then answers those that asked for it. Everything is on one tree of keys ([`keys`]), as authenticated records in parts
//! ([`records`]) and as entries of indexes.

mod bypasses;
mod cache_size;
mod commit;
mod committer;
mod contents;
mod database;
mod expiry;
mod high_water;
mod keys;
mod open;
mod operators;
mod pages;
mod read_cache;
mod records;
mod revisions;
mod store;
mod sync_state;
mod write_behind;

pub use open::{SledOptions, open};
pub use store::SledStore;
