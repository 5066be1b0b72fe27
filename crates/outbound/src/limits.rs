//! The limits of this crate alone; those that plugins see are in `postlude_model::limits`.

use std::time::Duration;

/// Requests of one party to one host at the same time: what a browser does, and more than one host of ours needs.
pub const CONCURRENT_PER_HOST: usize = 16;
/// Requests at the same time in all: each holds up to half a megabyte. Parties share them: one alone gets half, two that want all get
/// a third each, so that some are free for whichever comes next.
pub const CONCURRENT: usize = 256;
/// Names that are being looked up at the same time, shared likewise. Each holds up to four sockets for each of the two kinds of
/// addresses, as long as nobody answers.
pub const CONCURRENT_LOOKUPS: usize = 64;
/// How long a name server may take: within the time of a request, with some left for the connection.
pub const LOOKUP: Duration = Duration::from_millis(1500);
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
/// Hosts that are remembered of a party; each has a connection pool.
pub const HOSTS: usize = 256;
