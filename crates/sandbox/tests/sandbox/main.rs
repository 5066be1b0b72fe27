//! The sandbox's tests: one binary. A test that proves a threat names it in its comment.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests stop at what surprises them")]

#[path = "../../../testkit/src/guests.rs"]
mod guests;
mod support;
mod wasi_guests;

mod awaiting;
mod background;
mod bad_values;
mod basics;
mod code;
mod determinism;
mod edges;
mod functions;
mod handles_and_memory;
mod hostile;
mod http_keys_cache;
mod prices;
mod profile;
mod proof;
mod refusals;
mod secrets;
mod starts;
mod wasi;
mod wasi_hostile;
