//! The one door through which Postlude's tests drive everything: a real server on a free port over a temporary folder, a
//! partner that signs results, and browsers that carry them.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests stop at what surprises them"
)]

pub mod bombs;
mod contract;
pub mod guests;
mod host;
mod partner;
mod port;
mod story;
pub mod swap;

pub use contract::contract_text;
pub use host::{
    Answered, Builder, IDP_KEY, OPERATOR_KEY, OTHER_KEY, OTHER_OPERATOR_KEY, Postlude, READER_KEY, hash, plugin_file,
    program,
};
pub use partner::{Alg, Partner, claims_of, header_of};
pub use story::{Browser, FACTOR, Returned, event, merge};
