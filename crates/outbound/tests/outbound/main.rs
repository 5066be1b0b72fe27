//! The way out against servers on loopback: what goes out, what does not, and what comes back.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at what surprises them")]

mod addresses;
mod fair;
mod headers;
mod limits;
mod name_server;
mod support;
mod tls;
