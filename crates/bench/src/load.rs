//! The load: connections that are kept open, each with one request under way, on one thread, the same for every subject.

use crate::answer_head::{Head, near_the_beginning};
use crate::stats::Round;
use anyhow::{Context, Result, bail, ensure};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Writes a request into an empty buffer: of which connection, and its how manieth.
pub(crate) type Make = Arc<dyn Fn(usize, u64, &mut Vec<u8>) + Send + Sync>;

/// A load: which server is asked, and for what.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) make: Make,
    /// What every answer must have near its beginning.
    pub(crate) expect: &'static str,
}

/// An answer's status, its head and its body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Load {
    /// Asks for a while; the next request of a connection follows the answer of the one before.
    pub(crate) fn run_for(&self, connections: usize, duration: Duration) -> Result<Round> {
        self.run(connections, Some(duration), u64::MAX)
    }

    /// Asks a number of times, over all connections.
    pub(crate) fn run_times(&self, connections: usize, times: usize) -> Result<Round> {
        let each = u64::try_from(times / connections)?;
        self.run(connections, None, each)
    }

    fn run(&self, connections: usize, duration: Option<Duration>, times: u64) -> Result<Round> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut open = Vec::new();
            for _ in 0..connections {
                open.push(Connection::open(self.address).await?);
            }
            let began = Instant::now();
            let until = duration.map(|duration| began + duration);
            let mut tasks = tokio::task::JoinSet::new();
            for (number, connection) in open.into_iter().enumerate() {
                tasks.spawn(self.clone().ask(number, connection, until, times));
            }
            let mut latencies = Vec::new();
            while let Some(done) = tasks.join_next().await {
                latencies.extend(done??);
            }
            Ok(Round::new(latencies, began.elapsed()))
        })
    }

    async fn ask(
        self,
        number: usize,
        mut connection: Connection,
        until: Option<Instant>,
        times: u64,
    ) -> Result<Vec<Duration>> {
        let mut latencies = Vec::with_capacity(1 << 14);
        let mut request = Vec::with_capacity(4 << 10);
        for count in 0..times {
            request.clear();
            (self.make)(number, count, &mut request);
            let began = Instant::now();
            if until.is_some_and(|until| began >= until) {
                break;
            }
            let (status, body) = connection.ask(&request).await?;
            latencies.push(began.elapsed());
            let as_expected = status == 200 && near_the_beginning(body, self.expect);
            ensure!(as_expected, "answer {status}, not `{}`: {}", self.expect, String::from_utf8_lossy(body));
        }
        Ok(latencies)
    }
}

/// One connection, and what it read.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("no server listens on {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 << 10) })
    }

    /// A request and its answer.
    pub(crate) async fn answer(&mut self, request: &[u8]) -> Result<Answer> {
        let (status, body) = self.ask(request).await?;
        let (body, length) = (String::from_utf8_lossy(body).into_owned(), body.len());
        let head = self.buffer.get(..self.buffer.len() - length).unwrap_or_default();
        Ok(Answer { status, head: String::from_utf8_lossy(head).into_owned(), body })
    }

    async fn ask(&mut self, request: &[u8]) -> Result<(u16, &[u8])> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let mut head = None;
        while head.is_none_or(|Head { whole, .. }| self.buffer.len() < whole) {
            ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the server closed the connection");
            head = match head {
                None => Head::read(&self.buffer)?,
                known => known,
            };
        }
        let Some(Head { status, body, .. }) = head else { bail!("an answer without a head") };
        Ok((status, self.buffer.get(body..).unwrap_or_default()))
    }
}
