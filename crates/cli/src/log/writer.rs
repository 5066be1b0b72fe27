//! The log's way to standard error. A line is put into a buffer, and a thread writes what is there: no login waits for a system
//! call, nor for a reader that does not read.
//!
//! `tracing-appender` has such a thread as well, but its queue is one of lines, each allocated, and does not wait for company: a system
//! call for each line is what a login would pay for.

use super::fields::{Fields, Shape};
use super::moment::Moment;
use super::shares::{Owner, Shares};
use postlude_host::LostLines;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a line may wait for others: unnoticed by people. Warnings do not wait.
const GATHER: Duration = Duration::from_millis(20);

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
    /// Whose they are, and whose did not fit.
    shares: Shares,
    /// Whether what waits should be written at once.
    urgent: bool,
    /// Whether the thread writes what it took.
    writing: bool,
}

impl LogWriter {
    /// Starts the thread that writes to standard error. Lines that do not reach it are counted to `lost`.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub(crate) fn start(shape: Shape, lost: LostLines) -> io::Result<(Self, Flush)> {
        Self::start_to(io::stderr(), shape, lost)
    }

    /// Starts the thread that writes to somewhere.
    pub(super) fn start_to(
        out: impl Write + Send + 'static,
        shape: Shape,
        lost: LostLines,
    ) -> io::Result<(Self, Flush)> {
        let shared = Arc::new(Shared::default());
        let writing = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("postlude-log".to_owned())
            .spawn(move || writing.write_on(out, shape, &lost))?;
        Ok((Self(Arc::clone(&shared)), Flush(shared)))
    }

    /// Puts a line into the buffer. Never waits for the reader.
    pub(super) fn write(&self, owner: Owner<'_>, line: &[u8], urgent: bool) {
        let mut buffer = self.0.buffer();
        let waiting = buffer.waiting.len();
        if !buffer.shares.admit(owner, waiting, line.len()) {
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
    fn write_on(&self, mut out: impl Write, shape: Shape, counter: &LostLines) {
        let mut taken = Vec::new();
        loop {
            let lost = self.take(&mut taken);
            let _ = out.write_all(&taken);
            for (tenant, lost) in lost {
                counter.count(&tenant, lost);
                let _ = out.write_all(lost_lines(shape, &tenant, lost).as_bytes());
            }
            let _ = out.flush();
            taken.clear();
            self.buffer().writing = false;
            self.written.notify_all();
        }
    }

    /// Waits for lines, and a moment for more; returns how many were lost, by tenant.
    fn take(&self, taken: &mut Vec<u8>) -> Vec<(Box<str>, u64)> {
        let poisoned = PoisonError::into_inner;
        let mut buffer =
            self.came.wait_while(self.buffer(), |buffer| buffer.waiting.is_empty()).unwrap_or_else(poisoned);
        if !buffer.urgent {
            let gathered = self.came.wait_timeout_while(buffer, GATHER, |buffer| !buffer.urgent);
            buffer = gathered.unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
        std::mem::swap(&mut buffer.waiting, taken);
        (buffer.urgent, buffer.writing) = (false, true);
        buffer.shares.take()
    }
}

/// The line about lost lines of a tenant, or of none.
fn lost_lines(shape: Shape, tenant: &str, lost: u64) -> String {
    let (now, target, message) = (Moment::now(), module_path!(), "lines of the log were lost, it was not read in time");
    let mut whose = String::new();
    if !tenant.is_empty() {
        Fields { shape, line: &mut whose }.text("tenant", tenant);
    }
    match shape {
        Shape::Text { .. } => format!("{now}  WARN {target}: {message}{whose} lost={lost}\n"),
        Shape::Json => format!(
            "{{\"timestamp\":\"{now}\",\"level\":\"WARN\",\"message\":\"{message}\"{whose},\"lost\":{lost},\"target\":\"{target}\"}}\n"
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
    use super::super::shares::WAITING;
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
        let (writer, flush) = LogWriter::start_to(memory.clone(), Shape::Json, LostLines::default()).unwrap();
        for number in 0..1000 {
            writer.write(Owner::Process, format!("{number}\n").as_bytes(), number % 100 == 0);
        }
        drop(flush);
        assert_eq!(memory.text(), (0..1000).map(|number| format!("{number}\n")).collect::<String>());
    }

    /// A reader that does not read holds nobody up; what does not fit is lost, and counted.
    #[test]
    fn a_reader_that_does_not_read_costs_lines_and_no_time() {
        let ((read, stalled), (began, writes), memory) = (channel(), channel(), Memory::default());
        let stalled = Stalled(stalled, began, memory.clone());
        let (writer, flush) = LogWriter::start_to(stalled, Shape::Json, LostLines::default()).unwrap();
        writer.write(Owner::Process, b"first\n", true);
        writes.recv().unwrap();
        let line = [b"x".repeat(1023), b"\n".to_vec()].concat();
        // As many as fit, and ten more.
        for _ in 0..WAITING / 1024 + 10 {
            writer.write(Owner::Process, &line, false);
        }
        drop(read);
        drop(flush);
        let text = memory.text();
        assert_eq!(text.lines().filter(|line| line.starts_with('x')).count(), WAITING / 1024);
        let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        assert_eq!((&last["level"], &last["lost"]), (&"WARN".into(), &10.into()));
    }

    /// P15: while the log is not read, a tenant that floods it loses its own lines, and says so; the others' are there.
    #[test]
    fn a_flood_costs_its_own_tenant_alone() {
        let ((read, stalled), (began, writes), memory) = (channel(), channel(), Memory::default());
        let stalled = Stalled(stalled, began, memory.clone());
        let (writer, flush) = LogWriter::start_to(stalled, Shape::Json, LostLines::default()).unwrap();
        writer.write(Owner::Process, b"first\n", true);
        writes.recv().unwrap();
        let line = [b"x".repeat(1023), b"\n".to_vec()].concat();
        for _ in 0..3 * WAITING / 1024 {
            writer.write(Owner::Request("loud"), &line, false);
        }
        for _ in 0..100 {
            writer.write(Owner::Request("quiet"), b"y\n", false);
        }
        writer.write(Owner::Process, b"z\n", true);
        drop((read, writer, flush));
        let text = memory.text();
        let of = |start: char| text.lines().filter(|line| line.starts_with(start)).count();
        assert_eq!((of('y'), of('z')), (100, 1), "what others say is there");
        let taken = of('x');
        assert!(taken > WAITING / 1024 / 2, "{taken}");
        let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        let lost = 3 * WAITING / 1024 - taken;
        assert_eq!((&last["tenant"], &last["lost"]), (&"loud".into(), &lost.into()));
    }

    #[test]
    fn the_end_does_not_wait_for_a_reader_for_ever() {
        let ((_read, stalled), (began, _writes)) = (channel(), channel());
        let stalled = Stalled(stalled, began, Memory::default());
        let (writer, flush) = LogWriter::start_to(stalled, Shape::Json, LostLines::default()).unwrap();
        writer.write(Owner::Process, b"never read\n", true);
        drop(flush);
    }
}
