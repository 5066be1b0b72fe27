//! Closed WASI: what a guest finds whose toolchain imports `wasi:*`, with everything shut.
//!
//! No files, environment, arguments or network. Standard output and error go to the run's log. Clocks and timers run in virtual
//! time: nothing ever waits for real. Random bytes come from the run's seed. So a run stays a function of its input.
//!
//! These are host functions of our own, and not those of `wasmtime-wasi`: each call is metered as a call of the contract
//! is, nothing that could open a file or a socket is linked into the program, and no clock of the machine can be read. What
//! would work on a file or a socket needs a handle that no guest can have ([`interfaces::INTERFACES`]).

mod cli;
mod clocks;
mod interfaces;
mod io;
mod random;
mod shut;

pub use interfaces::{INTERFACES, Interface, has_resource, link, offered};
