//! Whether the process takes spans. A span that no subscriber takes would cost every run of a plugin for nothing.

use std::sync::atomic::{AtomicBool, Ordering};

static TAKEN: AtomicBool = AtomicBool::new(false);

/// Has the host make a span for each run from now on. The program that sets up a tracing system calls it once, for the process.
pub fn enable() {
    TAKEN.store(true, Ordering::Relaxed);
}

/// Whether [`enable`] was called.
pub(crate) fn are_taken() -> bool {
    TAKEN.load(Ordering::Relaxed)
}
