//! Revisions of pipelines: loaded from the configuration, restored from the store, kept ready, and collected when no login needs them.

mod cache;
mod collection;
mod load;
mod revisions;

pub(crate) use collection::{COLLECT_EVERY, collect_garbage, needed_until};
pub use load::{Loaded, load};
pub(crate) use load::{Start, finish, finish_and_keep, load_and_keep, read, start_of};
pub(crate) use revisions::Revisions;
