//! Which host function a plugin calls.

/// A host function, by its place in the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostFunction {
    /// The WIT interface.
    pub interface: &'static str,
    /// The function's name in the interface.
    pub name: &'static str,
}
