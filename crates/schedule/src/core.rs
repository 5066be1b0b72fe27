//! Which core a thread serves.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

thread_local! {
    static HERE: Cell<Option<Thread>> = const { Cell::new(None) };
}

static OTHERS: AtomicUsize = AtomicUsize::new(0);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thread {
    /// The thread of a core.
    Core(usize),
    /// Another thread: a tool's, a test's, or the server's own.
    Other(usize),
}

/// Makes this thread the one of a core: its runs queue there, and no other thread's do. All of them must be tasks of one runtime,
/// which runs until the last of them has ended.
pub fn enter_core(core: usize) {
    HERE.set(Some(Thread::Core(core)));
}

/// The thread's place among its kind.
pub(crate) fn here() -> Thread {
    HERE.get().unwrap_or_else(|| {
        let thread = Thread::Other(OTHERS.fetch_add(1, Ordering::Relaxed));
        HERE.set(Some(thread));
        thread
    })
}
