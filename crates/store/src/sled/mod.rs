//! The embedded engine: sled, in a folder of this machine, for one process.
//!
//! One thread writes ([`committer`]): it takes what is queued, applies each commit whole, makes them durable together, and
//! only then answers those that asked for it. Everything is on one tree of keys ([`keys`]), as authenticated records in parts
//! ([`records`]) and as entries of indexes; but light logins, which are many, small and never durable before their answer, are in
//! the [login log](crate::login_log).

mod bypasses;
mod cache_size;
mod changes;
mod clean_stop;
mod commit;
mod committer;
mod condition;
mod contents;
mod database;
mod engine;
mod expiry;
mod header;
mod high_water;
mod job;
mod job_queue;
mod keeper;
mod keys;
mod lost;
mod offline;
mod open;
mod opened;
mod opening;
mod operators;
mod order_versions;
mod orders_file;
mod pages;
mod read_cache;
mod reads;
mod records;
mod revisions;
mod scrub;
mod store;
mod sync_state;

pub use keeper::open;
pub use offline::{check, repair};
pub use open::SledOptions;
pub use store::SledStore;
