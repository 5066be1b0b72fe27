//! The host as the SDK sees it: the contract's imports on wasm32, any [`Host`](crate::Host) natively.

/// What the facades talk to. On wasm32 it is a type, not a trait object: a table of all functions would keep every
/// import alive, and the component would ask for capabilities that it never uses.
#[cfg(target_arch = "wasm32")]
pub type Backend = crate::imports::Imports;
/// What the facades talk to: any host.
#[cfg(not(target_arch = "wasm32"))]
pub type Backend = dyn crate::host::Host;
