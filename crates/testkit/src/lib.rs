//! The one door through which Postlude's tests drive everything: a real server on a free port over a temporary folder, a
//! partner that signs results, and browsers that carry them.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests stop at what surprises them"
)]

mod answered;
pub mod bombs;
mod client;
mod config_text;
mod contract;
mod event;
pub mod faults;
mod files;
pub mod guests;
mod host;
mod keys;
mod partner;
mod port;
pub mod registry;
mod running;
pub mod swap;

pub use answered::Answered;
pub use client::{Browser, Client, Returned};
pub use contract::contract_text;
pub use event::{FACTOR, event, merge};
pub use files::{plugin_file, program};
pub use host::{Builder, Postlude};
pub use keys::{IDP_KEY, OPERATOR_KEY, OTHER_KEY, OTHER_OPERATOR_KEY, READER_KEY, hash, new_root_key};
pub use partner::{Alg, Partner, claims_of, header_of};
