//! Random bytes.

use crate::backend::Backend;

/// The interface `random`.
#[derive(Clone, Copy)]
pub struct Random<'a> {
    pub(crate) host: &'a Backend,
}

impl Random<'_> {
    /// Cryptographically strong bytes, other ones at every call, the same in a retry of the same step. A run may take
    /// 65,536 in all; asking for more ends it.
    #[must_use]
    pub fn bytes(&self, n: u32) -> Vec<u8> {
        self.host.random(n)
    }
}
