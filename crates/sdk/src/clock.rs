//! The host's clock.

use crate::backend::Backend;

/// The interface `clock`.
#[derive(Clone, Copy)]
pub struct Clock<'a> {
    pub(crate) host: &'a Backend,
}

impl Clock<'_> {
    /// Milliseconds since 1970-01-01T00:00:00Z. Stands still during a run.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.host.now()
    }
}
