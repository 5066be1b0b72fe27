//! The log's way to standard error. A line is put into a buffer, and a thread writes what is there: no login waits for a system
//! call, nor for a reader that does not read.
//!
//! `tracing-appender` has such a thread as well, but its queue is one of lines, each allocated, and does not wait for company: a system
//! call for each line is what a login would pay for.

use super::fields::Shape;
use super::moment::Moment;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a line may wait for others: unnoticed by people. Warnings do not wait.
const GATHER: Duration = Duration::from_millis(20);

/// Bytes that may wait. What comes while a reader is slower than this is lost, and counted.
const WAITING: usize = 1 << 20;

/// How long the last lines may take when the process ends.
const LAST_LINES: Duration = Duration::from_secs(1);

/// The way to standard error.
#[derive(Debug, Clone)]
pub(crate) struct LogWriter(Arc<Shared>);

/// Waits until everything is written, when it is dropped; for a second at most.
#[derive(Debug)]
pub(crate) struct Flush(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    buffer: Mutex<Buffer>,
    came: Condvar,
    written: Condvar,
}

#[derive(Debug, Default)]
struct Buffer {
    waiting: Vec<u8>,
    /// Lines that did not fit.
    lost: u64,
    /// Whether what waits should be written at once.
    urgent: bool,
    /// Whether the thread writes what it took.
    writing: bool,
}

impl LogWriter {
    /// Starts the thread that writes to standard error.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub(crate) fn start(shape: Shape) -> io::Result<(Self, Flush)> {
        Self::start_to(io::stderr(), shape)
    }

    /// Starts the thread that writes to somewhere.
    pub(super) fn start_to(out: impl Write + Send + 'static, shape: Shape) -> io::Result<(Self, Flush)> {
        let shared = Arc::new(Shared::default());
        let writing = Arc::clone(&shared);
        std::thread::Builder::new().name("postlude-log".to_owned()).spawn(move || writing.write_on(out, shape))?;
        Ok((Self(Arc::clone(&shared)), Flush(shared)))
    }

    /// Puts a line into the buffer. Never waits for the reader.
    pub(super) fn write(&self, line: &[u8], urgent: bool) {
        let mut buffer = self.0.buffer();
        if buffer.waiting.len().saturating_add(line.len()) > WAITING {
            buffer.lost = buffer.lost.saturating_add(1);
            return;
        }
        let first = buffer.waiting.is_empty();
        buffer.waiting.extend_from_slice(line);
        let wakes = first || (urgent && !buffer.urgent);
        buffer.urgent |= urgent;
        drop(buffer);
        if wakes {
            self.0.came.notify_one();
        }
    }
}

impl Shared {
    fn buffer(&self) -> MutexGuard<'_, Buffer> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what comes, for ever. A log that cannot be written must not stop the server.
    fn write_on(&self, mut out: impl Write, shape: Shape) {
        let mut taken = Vec::new();
        loop {
            let lost = self.take(&mut taken);
            let _ = out.write_all(&taken);
            if lost > 0 {
                let _ = out.write_all(lost_lines(shape, lost).as_bytes());
            }
            let _ = out.flush();
            taken.clear();
            self.buffer().writing = false;
            self.written.notify_all();
        }
    }

    /// Waits for lines, and a moment for more; returns how many were lost.
    fn take(&self, taken: &mut Vec<u8>) -> u64 {
        let poisoned = PoisonError::into_inner;
        let mut buffer =
            self.came.wait_while(self.buffer(), |buffer| buffer.waiting.is_empty()).unwrap_or_else(poisoned);
        if !buffer.urgent {
            let gathered = self.came.wait_timeout_while(buffer, GATHER, |buffer| !buffer.urgent);
            buffer = gathered.unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
        std::mem::swap(&mut buffer.waiting, taken);
        (buffer.urgent, buffer.writing) = (false, true);
        std::mem::take(&mut buffer.lost)
    }
}

/// The line about lines that are lost.
fn lost_lines(shape: Shape, lost: u64) -> String {
    let (now, target, message) = (Moment::now(), module_path!(), "lines of the log were lost, it was not read in time");
    match shape {
        Shape::Text { .. } => format!("{now}  WARN {target}: {message} lost={lost}\n"),
        Shape::Json => format!(
            "{{\"timestamp\":\"{now}\",\"level\":\"WARN\",\"message\":\"{message}\",\"lost\":{lost},\"target\":\"{target}\"}}\n"
        ),
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        let mut buffer = self.0.buffer();
        buffer.urgent = true;
        self.0.came.notify_one();
        let unwritten = |buffer: &mut Buffer| buffer.writing || !buffer.waiting.is_empty();
        // A reader that does not read must not keep the process.
        let _ = self.0.written.wait_timeout_while(buffer, LAST_LINES, unwritten);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Memory to write to.
    #[derive(Clone, Default)]
    pub(in super::super) struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Memory {
        pub(in super::super) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A reader that reads only once it is told to.
    struct Stalled(Receiver<()>, Sender<()>, Memory);

    impl Write for Stalled {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.send(()).unwrap();
            let _ = self.0.recv();
            self.2.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_are_written_in_their_order_and_the_last_before_the_end() {
        let memory = Memory::default();
        let (writer, flush) = LogWriter::start_to(memory.clone(), Shape::Json).unwrap();
        for number in 0..1000 {
            writer.write(format!("{number}\n").as_bytes(), number % 100 == 0);
        }
        drop(flush);
        assert_eq!(memory.text(), (0..1000).map(|number| format!("{number}\n")).collect::<String>());
    }

    /// A reader that does not read holds nobody up; what does not fit is lost, and counted.
    #[test]
    fn a_reader_that_does_not_read_costs_lines_and_no_time() {
        let ((read, stalled), (began, writes), memory) = (channel(), channel(), Memory::default());
        let (writer, flush) = LogWriter::start_to(Stalled(stalled, began, memory.clone()), Shape::Json).unwrap();
        writer.write(b"first\n", true);
        writes.recv().unwrap();
        let line = [b"x".repeat(1023), b"\n".to_vec()].concat();
        // As many as fit, and ten more.
        for _ in 0..WAITING / 1024 + 10 {
            writer.write(&line, false);
        }
        drop(read);
        drop(flush);
        let text = memory.text();
        assert_eq!(text.lines().filter(|line| line.starts_with('x')).count(), WAITING / 1024);
        let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        assert_eq!((&last["level"], &last["lost"]), (&"WARN".into(), &10.into()));
    }

    #[test]
    fn the_end_does_not_wait_for_a_reader_for_ever() {
        let ((_read, stalled), (began, _writes)) = (channel(), channel());
        let (writer, flush) = LogWriter::start_to(Stalled(stalled, began, Memory::default()), Shape::Json).unwrap();
        writer.write(b"never read\n", true);
        drop(flush);
    }
}
