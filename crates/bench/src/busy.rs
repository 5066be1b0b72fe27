//! The load of a tenant that keeps the server busy, beside the load that is measured.

use crate::answer_head::near_the_beginning;
use crate::event;
use crate::load::Connection;
use crate::logins_load::Template;
use crate::report::progress;
use crate::stats::{Round, count};
use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long a client waits after it was refused.
const REFUSED: Duration = Duration::from_millis(100);

/// A tenant that keeps the server busy: clients that begin another login as soon as one is answered.
pub(crate) struct Busy {
    stop: Arc<AtomicBool>,
    refused: Arc<AtomicUsize>,
    answered: Arc<AtomicUsize>,
    began: Instant,
    thread: std::thread::JoinHandle<Result<()>>,
}

impl Busy {
    /// `expect` is what the answer to such a login has near its beginning.
    pub(crate) fn begin(address: SocketAddr, key: &str, clients: usize, expect: &'static str) -> Result<Self> {
        let (stop, refused, answered) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default(), Arc::default());
        let client = BusyClient {
            address,
            expect,
            request: Template::login(key, &event::login("busy", None)),
            stop: Arc::clone(&stop),
            refused: Arc::clone(&refused),
            answered: Arc::clone(&answered),
        };
        let thread = std::thread::Builder::new().name("bench-busy".to_owned()).spawn(move || {
            tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
                let mut tasks = tokio::task::JoinSet::new();
                (0..clients).for_each(|_| drop(tasks.spawn(client.clone().run())));
                while let Some(done) = tasks.join_next().await {
                    done??;
                }
                Ok(())
            })
        })?;
        Ok(Self { stop, refused, answered, began: Instant::now(), thread })
    }

    /// Waits until the last login is answered.
    pub(crate) fn end(self) -> Result<Round> {
        let (took, answered) = (self.began.elapsed(), self.answered.load(Ordering::Relaxed));
        let refused = self.refused.load(Ordering::Relaxed);
        self.stop.store(true, Ordering::Relaxed);
        if let Err(why) = self.thread.join().ok().context("a thread of the load panicked")? {
            // The server may close the connections of a tenant that asks too much: that is no failure of the measurement.
            progress(&format!("the busy tenant's load ended early: {why:#}"));
        }
        Ok(Round::of_rate(count(answered) / took.as_secs_f64()).with_refused(refused))
    }
}

#[derive(Clone)]
struct BusyClient {
    address: SocketAddr,
    expect: &'static str,
    request: Template,
    stop: Arc<AtomicBool>,
    refused: Arc<AtomicUsize>,
    answered: Arc<AtomicUsize>,
}

impl BusyClient {
    async fn run(self) -> Result<()> {
        let mut connection = Connection::open(self.address).await?;
        let mut request = Vec::new();
        while !self.stop.load(Ordering::Relaxed) {
            request.clear();
            self.request.write(&mut request);
            let answer = connection.answer(&request).await?;
            if answer.status == 200 && near_the_beginning(answer.body.as_bytes(), self.expect) {
                self.answered.fetch_add(1, Ordering::Relaxed);
            } else {
                self.refused.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(REFUSED).await;
            }
        }
        Ok(())
    }
}
