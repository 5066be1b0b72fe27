//! Load at a fixed rate, whether or not the server keeps up: each request is due at a time, and its latency counts from then, also
//! where it had to wait for its connection. A thread for each connection sleeps until its next request is due.

use crate::answer_head::{Head, near_the_beginning};
use crate::load::Load;
use crate::stats::{Round, count};
use anyhow::{Context, Result, ensure};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long one answer may take.
const ANSWERED: Duration = Duration::from_secs(30);
/// The stack of a connection's thread, in bytes.
const STACK: usize = 128 << 10;

/// Load at a fixed rate.
pub(crate) struct OpenLoop<'l> {
    pub(crate) load: &'l Load,
    /// Over how many connections, in turn.
    pub(crate) connections: usize,
    /// How many requests are due in a second, over all connections.
    pub(crate) rate: f64,
}

impl OpenLoop<'_> {
    /// Asks for a while. An answer that is not the expected one counts as refused, and so does a request that could not be sent within
    /// twice that time.
    pub(crate) fn run_for(&self, duration: Duration) -> Result<Round> {
        sleep_precisely();
        let mut open = Vec::new();
        for _ in 0..self.connections {
            open.push(connect(self.load)?);
        }
        let began = Instant::now() + Duration::from_millis(5);
        let asked = std::thread::scope(|scope| -> Result<Vec<Asked>> {
            let mut running = Vec::new();
            for (number, stream) in open.into_iter().enumerate() {
                let thread = std::thread::Builder::new().stack_size(STACK);
                running.push(thread.spawn_scoped(scope, move || self.connection(number, stream, began, duration))?);
            }
            running.into_iter().map(|thread| thread.join().ok().context("a thread of the load panicked")?).collect()
        })?;
        let took = began.elapsed();
        let refused = asked.iter().map(|asked| asked.refused).sum();
        let latencies = asked.into_iter().flat_map(|asked| asked.latencies);
        Ok(Round::new(latencies, took).with_refused(refused))
    }

    fn connection(&self, number: usize, mut stream: TcpStream, began: Instant, lasts: Duration) -> Result<Asked> {
        let mut asked = Asked::default();
        let (mut request, mut buffer) = (Vec::new(), Vec::new());
        let connections = count(self.connections);
        for turn in 0_u32.. {
            let due = Duration::from_secs_f64((f64::from(turn) * connections + count(number)) / self.rate);
            if due >= lasts {
                break;
            }
            // A server that is so far behind is not waited for: what it was not even asked counts as refused.
            if began.elapsed() > lasts * 2 {
                asked.refused += 1;
                continue;
            }
            request.clear();
            (self.load.make)(number, u64::from(turn), &mut request);
            std::thread::sleep((began + due).saturating_duration_since(Instant::now()));
            stream.write_all(&request)?;
            let Head { status, body, .. } = read(&mut stream, &mut buffer)?;
            asked.latencies.push((began + due).elapsed());
            let body = buffer.get(body..).unwrap_or_default();
            if status != 200 || !near_the_beginning(body, self.load.expect) {
                asked.refused += 1;
            }
        }
        Ok(asked)
    }
}

/// What one connection saw.
#[derive(Debug, Default)]
struct Asked {
    latencies: Vec<Duration>,
    refused: usize,
}

fn connect(load: &Load) -> Result<TcpStream> {
    let stream = TcpStream::connect(load.address).with_context(|| format!("no server listens on {}", load.address))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(ANSWERED))?;
    Ok(stream)
}

/// Reads one answer into the buffer.
fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<Head> {
    let mut piece = [0_u8; 8 << 10];
    buffer.clear();
    loop {
        let length = stream.read(&mut piece).context("no answer came in time")?;
        ensure!(length > 0, "the server closed the connection");
        buffer.extend_from_slice(piece.get(..length).unwrap_or_default());
        if let Some(head) = Head::read(buffer)?
            && buffer.len() >= head.whole
        {
            return Ok(head);
        }
    }
}

/// By default the kernel lets a thread sleep 50 us longer than asked, so that several wake together. Threads inherit this thread's
/// value. Where it cannot be set, latencies include that sleep, for every subject alike.
fn sleep_precisely() {
    let Ok(thread) = std::fs::read_link("/proc/thread-self") else { return };
    if let Some(number) = thread.file_name() {
        let _ = std::fs::write(Path::new("/proc").join(number).join("timerslack_ns"), "1");
    }
}
