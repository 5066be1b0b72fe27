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
    /// A thread that computes when no core wants the processor.
    Background(usize),
    /// Another thread: a tool's, a test's, or the server's own.
    Other(usize),
}

/// Makes this thread the one of a core: its runs queue there, and no other thread's do. All of them must be tasks of one runtime,
/// which runs until the last of them has ended.
pub fn enter_core(core: usize) {
    HERE.set(Some(Thread::Core(core)));
}

/// Makes this thread one that computes in the background, for [`Lane::Behind`](crate::Lane::Behind): the program around it gives it the
/// processor only when nothing else wants it. For its tasks the same holds as for those of a core.
pub fn enter_background(number: usize) {
    HERE.set(Some(Thread::Background(number)));
}

/// The thread's place among its kind.
pub(crate) fn here() -> Thread {
    HERE.get().unwrap_or_else(|| {
        let thread = Thread::Other(OTHERS.fetch_add(1, Ordering::Relaxed));
        HERE.set(Some(thread));
        thread
    })
}
