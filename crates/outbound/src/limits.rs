//! The limits of this crate alone; those that plugins see are in `postlude_model::limits`.

use std::time::Duration;

/// Requests of one party to one host at the same time: what a browser does, and more than one host of ours needs.
pub const CONCURRENT_PER_HOST: usize = 16;
/// Requests at the same time in all: each holds up to half a megabyte.
pub const CONCURRENT: usize = 256;
/// Names that are being resolved at the same time: the system's resolver holds a thread for each, also when no request waits
/// for it any more.
pub const CONCURRENT_LOOKUPS: usize = 32;
/// Addresses of one name that are tried at most.
pub const ADDRESSES: usize = 16;
/// Failures in a row after which a host rests.
pub const FAILURES: u32 = 5;
/// How long such a host rests; then one request tries again.
pub const REST: Duration = Duration::from_secs(10);
/// How long an idle connection is kept: longer than a user takes from one step of a login to the next.
pub const IDLE: Duration = Duration::from_secs(30);
/// Idle connections of one party to one host.
pub const IDLE_CONNECTIONS: usize = 4;
/// Hosts that are remembered, over all parties; each has a connection pool.
pub const HOSTS: usize = 1024;
