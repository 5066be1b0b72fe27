//! The factor is recorded after a whole flow with the account of this login, and never otherwise.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at what surprises them")]

mod flow;
mod id_token;
mod support;
