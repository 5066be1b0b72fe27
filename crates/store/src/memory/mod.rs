//! The in-memory engine: the same promises without a disk, for tests and for trying things out. Nothing outlives it.
//!
//! One lock holds everything, so each call is one step. It stores the domain's own values: no format, no MAC.

mod commit;
mod expiry;
mod state;
mod store;

pub use store::MemoryStore;
