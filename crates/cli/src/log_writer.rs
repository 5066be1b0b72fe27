//! The log's way to standard error: lines are gathered for a moment and written together, so that no login waits for a
//! system call of its own. Warnings and errors are written at once, with all that came before them.
//!
//! `tracing-appender` has such a thread as well, but its writer cannot be flushed: a warning would wait in its queue, and be lost
//! with a process that is killed, or overtake the lines before it on a way of its own.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long a line may wait for others: unnoticed by people, and all that a killed process can lose.
const GATHER: Duration = Duration::from_millis(20);

/// Bytes that may wait; a reader that is slower than this holds up the threads that log.
const WAITING: usize = 1 << 20;

/// Standard error behind a buffer.
#[derive(Debug, Clone)]
pub(crate) struct LogWriter {
    shared: Arc<Shared>,
    /// Without a thread that writes, every line is written at once.
    direct: bool,
}

/// Writes what still waits, when it is dropped.
#[derive(Debug)]
pub(crate) struct Flush(Arc<Shared>);

/// One line on its way.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    shared: &'a Shared,
    at_once: bool,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Vec<u8>>,
    came: Condvar,
}

impl LogWriter {
    /// Starts the thread that writes.
    pub(crate) fn start() -> (Self, Flush) {
        let shared = Arc::new(Shared::default());
        let writing = Arc::clone(&shared);
        let started = std::thread::Builder::new().name("postlude-log".to_owned()).spawn(move || writing.write_on());
        (Self { shared: Arc::clone(&shared), direct: started.is_err() }, Flush(shared))
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Vec<u8>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_on(&self) {
        loop {
            let mut waiting = self.waiting();
            while waiting.is_empty() {
                waiting = self.came.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            }
            drop(waiting);
            std::thread::sleep(GATHER);
            flush(&mut self.waiting());
        }
    }
}

/// Writes what waits, in order. A log that cannot be written must not stop the server.
fn flush(waiting: &mut Vec<u8>) {
    let _ = io::stderr().write_all(waiting);
    waiting.clear();
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { shared: &self.shared, at_once: self.direct }
    }

    fn make_writer_for(&'a self, about: &Metadata<'_>) -> Line<'a> {
        let urgent = matches!(*about.level(), Level::ERROR | Level::WARN);
        Line { shared: &self.shared, at_once: self.direct || urgent }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let mut waiting = self.shared.waiting();
        let first = waiting.is_empty();
        waiting.extend_from_slice(text);
        if self.at_once || waiting.len() > WAITING {
            flush(&mut waiting);
        } else if first {
            self.shared.came.notify_one();
        }
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        flush(&mut self.shared.waiting());
        Ok(())
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        flush(&mut self.0.waiting());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_wait_and_urgent_ones_take_them_along() {
        let shared = Shared::default();
        let mut line = Line { shared: &shared, at_once: false };
        line.write_all(b"").unwrap();
        line.write_all(b"\n").unwrap();
        assert_eq!(*shared.waiting(), b"\n");
        Line { shared: &shared, at_once: true }.write_all(b"\n").unwrap();
        assert!(shared.waiting().is_empty());
    }
}
