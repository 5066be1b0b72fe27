//! The way out for plugins: HTTPS to granted hosts only, to pinned public addresses.
//!
//! The only crate that makes requests for plugins. A request passes, in this order:
//!
//! 1. [`target`]: the URL, read by the `url` crate alone, names a host and port that the operator granted. Never an address.
//! 2. [`headers`]: what belongs to the connection is the host's own and refused.
//! 3. [`breaker`]: a host that failed several times in a row rests for a while, for the party that it failed.
//! 4. [`resolve`]: the name is resolved once for a connection, every address must be a public one, and the connection goes
//!    to one of exactly these.
//! 5. TLS with the name checked; no proxy, no redirect, no cookie, no decoding.
//! 6. [`limits`]: one deadline for all of it, sizes both ways, and a share of each party of requests and lookups at once.
//!
//! Not here: which plugin is granted what, how many requests a run may make, and what a recorded answer is.

pub mod address;
pub mod breaker;
mod client;
mod exchange;
pub mod headers;
pub mod limits;
mod name_servers;
mod party;
pub mod resolve;
mod roots;
pub mod target;

pub use client::{Outbound, OutboundConfig, OutboundError};
pub use name_servers::NameServers;
pub use resolve::{Resolve, Resolving};
pub use roots::{RootsError, read_roots};
